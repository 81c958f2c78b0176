"""Texts that a spreadsheet must show and never calculate: the one rule for every file that a person opens in
one.

What programs read (the backend's CSV, NDJSON, Arrow, Parquet) stays exactly as it is; see docs/security.md.
"""

import re

_FORMULA = re.compile("[\\s\u200b\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""Also behind spaces, which some programs drop, and in the full-width signs, which some read as the
others."""


def shown(text: str) -> str:
    """``text``, behind an apostrophe when a spreadsheet would take it for a formula. Numbers are never
    texts."""
    return f"'{text}" if _FORMULA.match(text) else text

"""Text of others inside a prompt: on one line, or between marks that it cannot write itself."""

import re

_MARK = re.compile(r"<(?=\s*/?\s*data\b)", re.IGNORECASE)
_BREAKS = re.compile(r"\s+|[\x00-\x1f\x7f-\x9f]+")
_LONGEST_LINE = 400


def one_line(text: str) -> str:
    """A name or a comment: it makes no line of its own, and it ends."""
    plain = _BREAKS.sub(" ", text).strip()
    return plain if len(plain) <= _LONGEST_LINE else f"{plain[:_LONGEST_LINE]}…"


def fenced(name: str, text: str) -> str:
    """``text`` between ``<data>`` marks; one inside it is taken apart."""
    return f'<data name="{name}">\n{_MARK.sub("‹", text)}\n</data>'

"""Connect codes and the links that carry them: made, and read from what somebody pasted.

A code is short enough to be read out, and stands for a key that is handed over once. Whose key it is stays on
the backend; nothing in a link opens anything by itself.
"""

import re
import secrets
from urllib.parse import parse_qs, quote, urlsplit

import msgspec

from shared.errors import SettingsInvalid

SCHEME = "vmart"
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without those that are taken for one another: 12 of them are 59 random bits."""
_GROUPS, _LENGTH = 3, 4
_SHAPE = re.compile(rf"[{_LETTERS}]{{{_GROUPS * _LENGTH}}}")
_LONGEST_LINK = 1_000

_UNREADABLE = "This link cannot be read. Copy it again, whole, or ask your administrator for a new one."


class Link(msgspec.Struct, frozen=True):
    """Where to connect, and the code that says who; ``url`` as it stands in the link, unchecked."""

    url: str
    code: str


def fresh_code() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_GROUPS * _LENGTH))
    return written(letters)


def find_code(text: str) -> str | None:
    """The code that ``text`` is, however it was typed: with small letters, with or without dashes."""
    letters = re.sub(r"[\s\u2010-\u2015-]", "", text).upper()
    return written(letters) if len(text) <= 100 and _SHAPE.fullmatch(letters) else None


def written(letters: str) -> str:
    return "-".join(letters[at : at + _LENGTH] for at in range(0, len(letters), _LENGTH))


def link_to(url: str, code: str) -> str:
    """What the agent opens: ``vmart://connect?url=…&code=…``."""
    return f"{SCHEME}://connect?url={quote(url, safe='')}&code={code}"


def is_link(text: str) -> bool:
    return text.strip().lower().startswith(f"{SCHEME}:")


def parse_link(text: str) -> Link:
    """Raises SettingsInvalid with a sentence. Some systems add a slash before the question mark."""
    text = text.strip()
    if len(text) > _LONGEST_LINK or not text.isprintable():
        raise SettingsInvalid(_UNREADABLE)
    try:
        parts = urlsplit(text)
        asked = parse_qs(parts.query, strict_parsing=True, max_num_fields=10)
    except ValueError as error:
        raise SettingsInvalid(_UNREADABLE) from error
    urls, codes = asked.get("url", []), asked.get("code", [])
    where = parts.netloc + parts.path.strip("/")
    if parts.scheme != SCHEME or where != "connect" or len(urls) != 1 or len(codes) != 1:
        raise SettingsInvalid(_UNREADABLE)
    code = find_code(codes[0])
    if code is None:
        raise SettingsInvalid("The code in this link is not whole. Copy the link again.")
    return Link(urls[0], code)

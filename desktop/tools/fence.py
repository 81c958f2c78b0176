"""Text of others inside a prompt: on one line, or between marks that it cannot write itself."""

import re

# What no screen shows and a model reads all the same: marks of direction, of no width, and Unicode's tags.
_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_MARK = re.compile(r"<(?=[\s\x00-\x1f]*/?[\s\x00-\x1f]*data\b)", re.IGNORECASE)
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_LONGEST_LINE = 400


def seen(text: str) -> str:
    """``text`` as a person would see it, without what hides in it."""
    return _UNSEEN.sub("", text)


def one_line(text: str) -> str:
    """A name or a comment: it makes no line of its own, and it ends."""
    plain = _BREAKS.sub(" ", seen(text)).strip()
    return plain if len(plain) <= _LONGEST_LINE else f"{plain[:_LONGEST_LINE]}…"


def fenced(name: str, text: str) -> str:
    """``text`` between ``<data>`` marks; one inside it is taken apart."""
    return f'<data name="{name}">\n{_MARK.sub("‹", seen(text))}\n</data>'

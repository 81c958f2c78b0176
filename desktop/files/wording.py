"""What a sentence wants of the person's files, read by its words alone; None when it wants nothing of
them. Pure.

It never guesses: a sentence that these forms do not fit whole belongs to somebody else.
"""

import re
from typing import Literal

import msgspec

from desktop.files import kinds

_FILES = r"(?:files?|documents?|docs?|pdfs?|spreadsheets?)"
_MINE = r"(?:(?:all|any|of|in|the|my|our|these|granted)\s+)*"
_QUOTED = "\"'“”‘’`"
_FIND = [
    rf"(?:which|what)\s+{_MINE}{_FILES}\s+(?:has|have|contains?|mentions?|includes?|says?|talks?\s+about|are\s+about|"
    r"is\s+about|with|about)\s+(?:the\s+words?\s+)?(?P<words>.+)",
    rf"(?:find|search|look|show)\s+(?:me\s+)?(?:for\s+)?{_MINE}{_FILES}\s+(?:with|about|containing|contain|"
    r"mentioning|called|named|that\s+(?:have|has|mention|mentions|contain|contains))\s+(?P<words>.+)",
    rf"search\s+(?:in\s+)?{_MINE}{_FILES}\s+for\s+(?P<words>.+)",
    rf"(?:find|search|look)\s+(?:for\s+)?(?P<words>.+?)\s+in\s+(?:all\s+)?(?:my|our|the|granted)\s+(?:granted\s+)?"
    rf"{_FILES}",
]
_LIST = [
    rf"(?:list|show)\s+(?:me\s+)?{_MINE}{_FILES}(?:\s+in\s+(?P<path>.+))?",
    rf"(?:which|what)\s+{_FILES}\s+(?:do|can)\s+(?:you|i|we)\s+(?:see|have|read)(?:\s+in\s+(?P<path>.+))?",
    rf"(?:which|what)\s+{_FILES}\s+are\s+(?:there|in\s+(?P<path>.+))",
]
_READ = [
    rf"(?:please\s+)?(?:open|read|show|preview|summari[sz]e|sum\s+up)\s+(?:me\s+)?(?:the\s+|my\s+)?(?:{_FILES}\s+)?"
    r"(?P<path>.+)",
    rf"what(?:'s|’s|\s+is)\s+in\s+(?:the\s+|my\s+)?(?:{_FILES}\s+)?(?P<path>.+)",
    rf"what\s+(?:does|is)\s+(?:the\s+|my\s+)?(?:{_FILES}\s+)?(?P<path>.+?)\s+(?:say|says|contain|about)",
    r"(?:what\s+is\s+in\s+this\s+file|summari[sz]e\s+(?:this|it))\s+in\s+(?P<path>.+)",
]
_TABLES = ("csv", "workbook")


class Wish(msgspec.Struct, frozen=True):
    """``text`` is what to look for, or the path that was named; empty for all that is granted."""

    kind: Literal["find", "list", "read"]
    text: str = ""


def read(sentence: str) -> Wish | None:
    plain = " ".join(sentence.split()).rstrip(" ?.!")
    for form in _FIND:
        if found := _fits(form, plain):
            return Wish("find", _bare(found["words"]))
    for form in _READ[::-1]:
        if (found := _fits(form, plain)) and _is_read(_bare(found["path"]), plain):
            return Wish("read", _bare(found["path"]))
    for form in _LIST:
        if found := _fits(form, plain):
            return Wish("list", _bare(found["path"] or ""))
    return None


def _fits(form: str, sentence: str) -> re.Match[str] | None:
    return re.fullmatch(form, sentence, re.IGNORECASE)


def _is_read(path: str, sentence: str) -> bool:
    """A file by its name with an ending. What is asked of a table is asked with SQL; what is in it is told
    here."""
    kind = kinds.by_name(path)
    if kind is None or len(path) > 400:
        return False
    return (
        kind not in _TABLES
        or re.match(r"what(?:'s|’s|\s+is)\s+in\b|summari", sentence, re.IGNORECASE) is not None
    )


def _bare(words: str) -> str:
    return words.strip().strip(_QUOTED).strip()

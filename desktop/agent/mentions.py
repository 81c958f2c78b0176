"""Which spreadsheet a question is about, and what is left of the question. Words only; finding files is
elsewhere.

A file is meant by its name with its ending; without it, where the question says ``sheet`` or ``file``.
"""

import re

import msgspec

from desktop.sheets.known import ENDINGS

_ENDING = "|".join(ENDINGS)
_NAMED = re.compile(rf"\.({_ENDING})\b", re.IGNORECASE)
_BEFORE = re.compile(
    r"\s*\b(?:in|from|of|on|inside|within|using|per|according to)(?:\s+(?:my|the|our))?"
    r"(?:\s+(?:file|sheet|spreadsheet|workbook|excel))?\s*$",
    re.IGNORECASE,
)
_MARKS = "\"'`“”‘’"
_COMPARE = re.compile(
    r"\s*(?:compare|join|match|check)\s+(?:(?:my|the)\s+)?(?:(?P<measure>[\w %]+?)\s+(?:in|of|from)\s+)?{}\s+"
    r"(?:with|against|to|and|vs\.?|versus)\s+(?P<asked>.+?)\s*[.?]?\s*",
    re.IGNORECASE,
)


class Comparison(msgspec.Struct, frozen=True):
    """``compare MEASURE in FILE with ASKED``; the measure may be left out."""

    asked: str
    measure: str = ""


def names_a_file(question: str) -> bool:
    return _NAMED.search(question) is not None


def find(question: str, files: list[str]) -> str | None:
    """The granted file that is named in the question, the longest name first: ``targets 2025.xlsx`` before
    ``2025.xlsx``. Of two files of one name, the one whose folder is named, or else the first."""
    lower = question.casefold()
    whole = [path for path in files if path.casefold() in lower]
    if whole:
        return max(whole, key=len)
    named = [path for path in files if _has(lower, path.rpartition("/")[2].casefold())]
    return max(named, key=lambda path: len(path.rpartition("/")[2]), default=None)


def without(question: str, path: str) -> str:
    """The question without the file: ``total amount by city in targets.xlsx`` is ``total amount by city``."""
    start, end = _place(question, path)
    before = _BEFORE.sub("", question[:start].rstrip(_MARKS + " "))
    after = question[end:].lstrip(_MARKS)
    if not before.strip():
        after = re.sub(r"^\s*[:,–-]\s*", "", after)
    return " ".join(f"{before} {after}".split()).strip(" ,")


def comparison(question: str, path: str) -> Comparison | None:
    start, end = _place(question, path)
    marked = f"{question[:start].rstrip(_MARKS)} \x01 {question[end:].lstrip(_MARKS)}"
    found = re.fullmatch(_COMPARE.pattern.replace("{}", "\x01"), " ".join(marked.split()), re.IGNORECASE)
    return Comparison(found["asked"], found["measure"] or "") if found else None


def _has(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w])", text) is not None


def _place(question: str, path: str) -> tuple[int, int]:
    lower = question.casefold()
    for name in (path.casefold(), path.rpartition("/")[2].casefold()):
        place = lower.find(name)
        if place >= 0:
            return place, place + len(name)
    return 0, 0

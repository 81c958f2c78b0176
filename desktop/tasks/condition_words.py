"""On what condition the person is to be told, in words: "only if it falls by 10 %". Pure."""

import re
from decimal import Decimal
from typing import NamedTuple

from desktop.store.tasks import Condition

_START = re.compile(
    r"(?:,\s*|\bbut\s+|\band\s+)?\b(?:only\s+)?(?:if|when|whenever|in\s+case)\s+(?P<rest>.+)", re.IGNORECASE
)
_FALLS = r"falls?|drops?|declines?|decreases?|goes\s+down|go\s+down|is\s+down|are\s+down|fell|dips?|sinks?"
_RISES = r"rises?|grows?|increases?|goes\s+up|go\s+up|is\s+up|are\s+up|jumps?|climbs?"
_CHANGES = r"changes?|moves?|differs?"
_SCALE = r"k|thousand|lakhs?|lacs?|crores?|cr|million|billion"
_NUMBER = (
    r"(?:₹|rs\.?\s*)?(?P<number>\d[\d,]*(?:\.\d+)?)\s*"
    rf"(?P<scale>{_SCALE})?\b\s*(?P<percent>%|per\s?cent|percent)?"
)
_CHANGE = re.compile(
    rf"(?P<who>.+?)\s+(?:(?P<falls>{_FALLS})|(?P<rises>{_RISES})|(?P<changes>{_CHANGES}))\s+"
    rf"(?P<by>by\s+)?(?P<more>(?:more|over|above)(?:\s+than)?\s+|at\s+least\s+)?{_NUMBER}(?P<or>\s+or\s+more)?",
    re.IGNORECASE,
)
_LEVEL = re.compile(
    r"(?P<who>.+?)\s+(?:is|are|goes|go|gets?|comes?|falls?|drops?|rises?|exceeds?)?\s*"
    rf"(?P<side>above|over|more\s+than|greater\s+than|at\s+least|below|under|less\s+than|at\s+most|>=?|<=?|(?<=exceeds)|(?<=exceed))\s*{_NUMBER}",
    re.IGNORECASE,
)
_ROWS = re.compile(
    r"there(?:\s+is|\s+are|'s)\s+(?P<none>no(?:thing|ne)?\b)?\s*(?:any(?:thing)?|some(?:thing)?|rows?|results?|one)?\s*(?:rows?|results?)?",
    re.IGNORECASE,
)
_SCALES = {"k": 3, "thousand": 3, "lakh": 5, "lac": 5, "million": 6, "crore": 7, "cr": 7, "billion": 9}
_ONE = re.compile(r"(?:a|an|any|one|some|each)\s+(?P<noun>[\w -]+)", re.IGNORECASE)
_WHOLE = {
    "it",
    "they",
    "this",
    "that",
    "the",
    "total",
    "figure",
    "number",
    "value",
    "sum",
    "result",
    "amount",
}


class Said(NamedTuple):
    """``condition`` is None when the words are not understood. ``span`` is where they stand."""

    words: str
    span: tuple[int, int]
    condition: Condition | None


def find(text: str) -> Said | None:
    """The first condition in ``text``."""
    start = _START.search(text)
    if start is None:
        return None
    rest = start["rest"]
    for pattern, read in ((_CHANGE, _change), (_LEVEL, _level), (_ROWS, _rows)):
        found = pattern.match(rest)
        if found is None:
            continue
        condition = read(found, text[: start.start()] + rest[found.end() :])
        if condition is not None:
            end = start.start("rest") + found.end()
            return Said(text[start.start() : end].strip(" ,"), (start.start(), end), condition)
    return Said(start.group().strip(" ,."), start.span(), None)


def _change(found: "re.Match[str]", question: str) -> Condition | None:
    who = _any_row(found["who"], question)
    if who is None:
        return None
    more = (found["more"] or "").casefold()
    strictly = more.startswith(("more", "over", "above")) and not found["or"]
    return Condition(
        kind="falls" if found["falls"] else "rises" if found["rises"] else "changes",
        amount=_number(found),
        percent=bool(found["percent"]),
        any_row=who,
        inclusive=not strictly,
    )


def _level(found: "re.Match[str]", question: str) -> Condition | None:
    who = _any_row(found["who"], question)
    if who is None:
        return None
    side = " ".join((found["side"] or "over").casefold().split())
    above = side in ("above", "over", "more than", "greater than", "at least", ">", ">=")
    inclusive = side in ("at least", "at most", ">=", "<=")
    return Condition(
        kind="above" if above else "below", amount=_number(found), any_row=who, inclusive=inclusive
    )


def _rows(found: "re.Match[str]", question: str) -> Condition:  # noqa: ARG001 - as the others
    return Condition(kind="no_rows" if found["none"] else "rows")


def _any_row(who: str, question: str) -> bool | None:
    """Whether each row counts for itself; None for something that the question does not speak of."""
    one = _ONE.fullmatch(who.strip())
    known = {_stem(word) for word in re.findall(r"\w+", question.casefold())}
    if one is not None:
        return True if all(_stem(word) in known for word in one["noun"].casefold().split()) else None
    words = set(re.findall(r"\w+", who.casefold()))
    return False if all(word in _WHOLE or _stem(word) in known for word in words) else None


def _number(found: "re.Match[str]") -> str:
    scale = _SCALES.get((found["scale"] or "").casefold().rstrip("s"), 0)
    number = Decimal(found["number"].replace(",", "")).scaleb(scale)
    return format(number.normalize(), "f")


def _stem(word: str) -> str:
    return re.sub(r"(?<=\w\w\w)(?:ies|y)$", "i", word).removesuffix("s")

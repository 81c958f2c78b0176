"""Whether a sentence says no more than one finding does. Pure: a text and evidence in, what is wrong out.

Strict on purpose: a true sentence that cannot be checked is lost, which costs a template's sentence in its
place; a false one that is believed costs trust.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from shared.figures import figures
from shared.months import MONTH_NAMES


class Reason(StrEnum):
    NO_FACT = "no such fact"
    FORM = "not a plain sentence"
    FIGURE = "a figure that is not in the fact"
    UNIT = "a figure with another unit"
    WORDS = "a figure in words"
    DIRECTION = "a rise told as a fall, or the other way round"


_LONGEST = 600
_PERCENTS = frozenset(
    [
        "percent",
        "plus_minus",
        "rest_percent",
        "even_percent",
        "usual_percent",
        "error_percent",
        "naive_error_percent",
        "high",
        "low",
    ]
)
"""Fields that are always percent; ``high`` and ``low`` only of a season."""
_SHARES = {"unusual": ("value", "usual"), "unusual_rate": ("value", "usual")}
_COUNTS = frozenset(
    [
        "count",
        "days",
        "rows",
        "repeats",
        "groups",
        "groups_for_80_percent",
        "periods",
        "folds",
        "rest_groups",
        "tests",
        "expected",
        "step",
    ]
)
_NO_FIGURES = frozenset(("distance", "chance", "strength"))
_PIECES = re.compile(r"(?i)(^|[_\s])(qty|quantity|units?|pieces|pcs|nos|sold|rows|count)($|[_\s])")
_WORDS = re.compile(
    r"(?i)\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|seventy|"
    r"eighty|ninety|hundred|dozens?|twice|thrice|double[sd]?|doubling|triple[sd]?|half|halved|quarters?|thirds?|"
    r"(?:ten|hundred|thousand|million)s)\b"
)
_SCALE_ALONE = re.compile(r"(?i)(?<![\d.]\s)(?<![\d.])\b(thousand|lakhs?|lacs?|crores?|million|billion)\b")
_SPOKEN = re.compile(r"(?i)https?:|www\.|[<>`]|\]\(")
_UP = re.compile(
    r"(?i)\b(rose|rise[sn]?|rising|grew|grow[ns]?|growth|increas\w+|climb\w+|gain\w*|higher|above|surg\w+|"
    r"jump\w*|spik\w+|soar\w*)\b"
)
_DOWN = re.compile(
    r"(?i)\b(fell|fall[s]?|fallen|falling|drop\w*|declin\w+|decreas\w+|lower|below|shrank|shrink\w*|lost|loses?|"
    r"plung\w+|slump\w*|dip\w*)\b"
)


def flaw(text: str, evidence: Mapping[str, Any]) -> Reason | None:
    """None when everything in ``text`` that can be checked stands in the ``evidence`` of one finding."""
    said = " ".join(text.split())
    if not said or len(said) > _LONGEST or _SPOKEN.search(said) or any(ord(c) < 32 for c in text.strip()):
        return Reason.FORM
    plain = _without_names(said, evidence)
    plain = _without_days(plain, evidence)
    wrong = _figures_hold(plain, evidence)
    if wrong is not None:
        return wrong
    if _WORDS.search(plain) or _SCALE_ALONE.search(plain):
        return Reason.WORDS
    return None if _direction_holds(plain, evidence) else Reason.DIRECTION


def _figures_hold(plain: str, evidence: Mapping[str, Any]) -> Reason | None:
    amounts, percents, counts = _numbers(evidence)
    money = not _PIECES.search(str(evidence.get("column", "")))
    rest = list(plain)
    for found in figures(plain):
        rest[found.start : found.end] = " " * (found.end - found.start)
        said = plain[found.start : found.end]
        if found.percent:
            fitting = percents
        elif re.search(r"₹|Rs|INR", said):
            fitting = amounts if money else []
        else:
            fitting = [*amounts, *counts]
        if not any(_agree(found.value, found.tolerance, number) for number in fitting):
            elsewhere = [*amounts, *percents, *counts]
            known = any(_agree(found.value, found.tolerance, number) for number in elsewhere)
            return Reason.UNIT if known else Reason.FIGURE
    for left in re.finditer(r"\d+(?:[.,]\d+)*", "".join(rest)):
        number = left.group().replace(",", "")
        if number.count(".") > 1 or not any(_agree(Decimal(number), Decimal(0), one) for one in counts):
            return Reason.FIGURE
    return None


def _agree(value: Decimal, tolerance: Decimal, number: Decimal) -> bool:
    """Rounded plainly: a hundredth of the last written digit more, for halves."""
    return abs(value - abs(number)) <= tolerance * Decimal("1.0001")


def _numbers(evidence: Mapping[str, Any]) -> tuple[list[Decimal], list[Decimal], list[Decimal]]:
    """Amounts, percents, counts."""
    kind = str(evidence.get("finding", ""))
    shares = _SHARES.get(kind, ())
    if kind == "unusual" and not evidence.get("group"):
        shares = ()
    amounts: list[Decimal] = []
    percents: list[Decimal] = []
    counts: list[Decimal] = []
    for name, number in _leaves(evidence):
        is_percent = name in _PERCENTS and (name not in ("high", "low") or kind == "seasonal")
        if name in _NO_FIGURES:
            continue
        if is_percent or name in shares:
            percents.append(number)
        elif name in _COUNTS:
            counts.append(number)
        else:
            amounts.append(number)
    if kind == "forecast":
        counts += [Decimal(80), Decimal(100)]
    if evidence.get("basis") == "year":
        counts.append(Decimal(52))
    return amounts, percents, counts


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Decimal]]:
    match value:
        case bool():
            return
        case int() | float():
            yield name, Decimal(str(value))
        case Mapping():
            for key, inner in value.items():
                yield from _leaves(inner, str(key))
        case list() | tuple():
            for inner in value:
                yield from _leaves(inner, name)


def _without_names(text: str, evidence: Any) -> str:
    """Names may hold digits; the longest first. Days and the SQL are no names."""
    found = sorted(set(_texts(evidence)), key=len, reverse=True)
    for name in found:
        for written in {name, name.replace("_", " ")}:
            text = re.sub(rf"(?<!\w){re.escape(written)}(?!\w)", " ", text)
    return text


def _texts(value: Any, name: str = "") -> Iterator[str]:
    match value:
        case str() if name not in ("sql", "fact", "finding") and not _is_day(value) and len(value) > 1:
            yield value
            if " · " in value:
                yield from value.split(" · ")
        case str() if name in ("group", "within") and value:
            yield value
        case Mapping():
            for key, inner in value.items():
                yield from _texts(inner, str(key))
        case list() | tuple():
            for inner in value:
                yield from _texts(inner, name)


def _is_day(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None


def _without_days(text: str, evidence: Mapping[str, Any]) -> str:
    """Days that the finding names, as people write them: whole ones before their parts."""
    values = [value for value in evidence.values() if isinstance(value, str) and _is_day(value)]
    written = [_written(date.fromisoformat(value)) for value in values]
    for patterns in zip(*written, strict=True):
        for pattern in patterns:
            text = re.sub(rf"(?i)(?<![\w,.]){pattern}(?![\w]|[.,]\d)", " ", text)
    return text


def _written(day: date) -> tuple[str, ...]:
    month = MONTH_NAMES[day.month - 1]
    named = rf"(?:{month}|{month[:3]})\.?"
    number = rf"0?{day.day}(?:st|nd|rd|th)?"
    return (
        day.isoformat(),
        rf"{number} (?:of )?{named},? {day.year}",
        rf"{named} {number},? {day.year}",
        rf"{number} (?:of )?{named}",
        rf"{named} {number}",
        rf"{named},? {day.year}",
        rf"{day.year}",
        rf"{number}(?= ?(?:to|–|-|and) )",
    )


def _direction_holds(text: str, evidence: Mapping[str, Any]) -> bool:
    way = _way(evidence)
    up, down = bool(_UP.search(text)), bool(_DOWN.search(text))
    return way == 0 or up in (down, way > 0)


def _way(evidence: Mapping[str, Any]) -> float:
    """Above 0 for a rise, below for a fall, 0 where it says neither or both."""
    match evidence.get("finding"):
        case "moved":
            return float(evidence["percent"])
        case "driven" | "price_volume_mix":
            signs = {part["change"] > 0 for part in evidence.get("parts", [])}
            return float(evidence["change"]) if len(signs) < 2 else 0.0
        case "unusual" | "unusual_rate":
            return float(evidence["value"]) - float(evidence["usual"])
        case "outlying":
            return float(evidence["value"]) - float(evidence["middle"])
        case "diverged":
            own, rest = float(evidence["percent"]), float(evidence["rest_percent"])
            return own if own * rest > 0 else 0.0
    return 0.0

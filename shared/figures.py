"""Figures in a text: where they stand, and how much they say. What they are checked against is elsewhere."""

import re
from collections.abc import Iterator
from decimal import Decimal

import msgspec

_SCALES = {
    "crore": Decimal(10_000_000),
    "crores": Decimal(10_000_000),
    "cr": Decimal(10_000_000),
    "करोड़": Decimal(10_000_000),
    "lakh": Decimal(100_000),
    "lakhs": Decimal(100_000),
    "lac": Decimal(100_000),
    "lacs": Decimal(100_000),
    "लाख": Decimal(100_000),
    "thousand": Decimal(1_000),
    "k": Decimal(1_000),
    "हज़ार": Decimal(1_000),
    "million": Decimal(1_000_000),
    "mn": Decimal(1_000_000),
    "m": Decimal(1_000_000),
    "billion": Decimal(1_000_000_000),
    "bn": Decimal(1_000_000_000),
}
_PERCENT = ("%", "percent", "per cent")
_UNITS = "|".join(sorted((re.escape(unit) for unit in (*_SCALES, *_PERCENT)), key=len, reverse=True))
_FIGURE = re.compile(
    r"(?<![\w.,/:\-])"
    r"[-−+]?(?P<currency>(?:₹|Rs\.?|INR)\s?)?[-−]?"
    r"(?P<digits>\d+(?:,\d{2,3})*(?:\.\d+)?)"
    rf"(?:\s?(?P<unit>{_UNITS})(?!\w))?"
    r"(?![\w%]|[-/:]\d|[.,]\d)",
    re.IGNORECASE,
)
_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_BEFORE_NO_FIGURE = re.compile(
    rf"(?:\b{_MONTHS}|\b(?:top|bottom|first|last|next|previous|past|fy|week|step|no\.?|#))\s*$", re.IGNORECASE
)
_AFTER_NO_FIGURE = re.compile(
    rf"\s*(?:(?:of\s+)?{_MONTHS}(?!\w)|(?:days?|weeks?|months?|quarters?|years?)\b)", re.IGNORECASE
)


class Figure(msgspec.Struct, frozen=True):
    """``value`` in plain units; ``tolerance`` is half of its last written digit; never negative."""

    start: int
    end: int
    value: Decimal
    tolerance: Decimal
    percent: bool


def figures(text: str) -> Iterator[Figure]:
    """The figures that claim an amount. Years, dates, times, ordinals and "top 5" claim none."""
    for found in _FIGURE.finditer(text):
        digits = found["digits"].replace(",", "")
        unit = re.sub(r"\s+", " ", (found["unit"] or "").lower())
        bare = not (unit or found["currency"] or "," in found["digits"] or "." in digits)
        if bare and _says_when(text, found, digits):
            continue
        scale = _SCALES.get(unit, Decimal(1))
        decimals = len(digits.partition(".")[2])
        yield Figure(
            start=found.start(),
            end=found.end(),
            value=Decimal(digits) * scale,
            tolerance=scale * Decimal(5).scaleb(-decimals - 1),
            percent=unit in _PERCENT,
        )


def _says_when(text: str, found: re.Match[str], digits: str) -> bool:
    if len(digits) == 4 and 1900 <= int(digits) <= 2100:
        return True
    before = text[max(0, found.start() - 14) : found.start()]
    return bool(_BEFORE_NO_FIGURE.search(before) or _AFTER_NO_FIGURE.match(text, found.end()))

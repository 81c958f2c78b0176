"""Numbers as people write them in India: grouping, lakh and crore, money. No parsing of sentences here."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from desktop.numbers import MINUS, WIDE, percent

LAKH = 100_000
CRORE = 10_000_000
MULTIPLIERS = {
    "hundred": 100,
    "thousand": 1_000,
    "hazar": 1_000,
    "k": 1_000,
    "lakh": LAKH,
    "lac": LAKH,
    "crore": CRORE,
    "cr": CRORE,
    "million": 1_000_000,
    "mn": 1_000_000,
    "billion": 1_000_000_000,
    "bn": 1_000_000_000,
}


def grouped(digits: str) -> str:
    """``1234567`` becomes ``12,34,567``; digits only."""
    if len(digits) <= 3:
        return digits
    head, tail = digits[:-3], digits[-3:]
    parts: list[str] = []
    while len(head) > 2:
        parts.insert(0, head[-2:])
        head = head[:-2]
    if head:
        parts.insert(0, head)
    return ",".join([*parts, tail])


def as_decimal(value: Any) -> Decimal | None:
    """A cell as a Decimal, or None when it is no finite number."""
    if value is None or isinstance(value, bool | date | datetime):
        return None
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def plain(value: Decimal, places: int = 2) -> str:
    """With Indian grouping, at most ``places`` decimals, none when it is whole."""
    step = Decimal(1).scaleb(-places)
    text = format(value.copy_abs().quantize(step, rounding=ROUND_HALF_UP, context=WIDE), "f")
    whole, _, rest = text.partition(".")
    rest = rest if rest.strip("0") else ""
    sign = MINUS if value < 0 and (whole.strip("0") or rest) else ""
    return sign + grouped(whole) + (f".{rest}" if rest else "")


def compact(value: Decimal) -> str:
    """In lakh or crore from one lakh on: ``124.19 crore``."""
    size = value.copy_abs()
    if size >= CRORE:
        return f"{plain(WIDE.divide(value, Decimal(CRORE)))} crore"
    if size >= LAKH:
        return f"{plain(value / LAKH)} lakh"
    return plain(value)


def money(value: Decimal) -> str:
    text = compact(value)
    return f"{MINUS}₹{text[1:]}" if text.startswith(MINUS) else f"₹{text}"


def day(value: date) -> str:
    return f"{value.day} {value:%b %Y}"


def shown(value: Any, format_name: str) -> str:  # one line per format
    """A cell in words, by the format of its column."""
    if value is None:
        return "(none)"
    if format_name in ("date", "month"):
        parsed = as_date(value)
        if parsed is not None:
            return f"{parsed:%b %Y}" if format_name == "month" else day(parsed)
    number = as_decimal(value) if format_name in ("money", "number", "percent") else None
    if number is None:
        return str(value)
    if format_name == "percent":
        return percent(number)
    return money(number) if format_name == "money" else plain(number)


def as_date(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None

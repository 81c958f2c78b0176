"""Numbers and dates as written here: ₹12,34,567, 1.24 crore, −14.3 %. Pure; the window has its own."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

WIDE = Context(prec=400)  # holds any double and any column of a database to the last digit
CRORE, LAKH = Decimal(10_000_000), Decimal(100_000)
MINUS = "−"  # as wide as a plus; a hyphen would let a line break behind it


def grouped(value: Decimal | int | float, decimals: int | None = None, *, indian: bool = True) -> str:
    """``1234567.5`` as ``12,34,567.5``; ``decimals`` None keeps at most two that are not zero."""
    number = Decimal(str(value))
    if not number.is_finite():
        return str(value)
    places = 2 if decimals is None else decimals
    number = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=WIDE)
    sign, digits = MINUS if number < 0 else "", format(number.copy_abs(), "f")
    whole, _, fraction = digits.partition(".")
    if decimals is None:
        fraction = fraction.rstrip("0")
    if not indian:
        return f"{sign}{int(whole):,}" + (f".{fraction}" if fraction else "")
    head, tail = whole[:-3], whole[-3:]
    groups = [tail]
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return sign + ",".join(groups) + (f".{fraction}" if fraction else "")


def short_money(value: Decimal | int | float) -> str:
    """``₹12.34 crore``, ``₹5.6 lakh``, ``₹8,450``."""
    number = Decimal(str(value))
    size = number.copy_abs()
    sign = MINUS if number < 0 else ""
    if size >= CRORE:
        return f"{sign}₹{grouped(WIDE.divide(size, CRORE), 2)} crore"
    if size >= LAKH:
        return f"{sign}₹{grouped(size / LAKH, 2)} lakh"
    return f"{sign}₹{grouped(size, 2 if size != size.to_integral_value() else 0)}"


def rupees(value: Decimal | int | float, decimals: int | None = 2) -> str:
    """``−₹1,234.50``."""
    text = grouped(value, decimals)
    return f"{MINUS}₹{text[1:]}" if text.startswith(MINUS) else f"₹{text}"


def percent(value: Decimal | int | float, decimals: int = 1) -> str:
    """``−14.3 %``."""
    return f"{grouped(value, decimals)} %"


def cell_text(value: object, cell_format: str) -> str:
    """One cell for a terminal; an empty text for NULL. ``cell_format`` is one of ResultCard.formats."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal | int | float):
        return _number_text(value, cell_format)
    if cell_format in ("date", "month") and isinstance(value, str):
        return _day_text(value, cell_format)
    return str(value)


def _number_text(value: Decimal | int | float, cell_format: str) -> str:
    match cell_format:
        case "money":
            return rupees(value)
        case "percent":
            return percent(value)
        case "text":
            return str(value)
        case _:
            return grouped(value)


def _day_text(text: str, cell_format: str) -> str:
    try:
        day = datetime.fromisoformat(text) if len(text) > 10 else date.fromisoformat(text)
    except (ValueError, InvalidOperation):
        return text
    return day.strftime("%b %Y") if cell_format == "month" else f"{day.day} {day.strftime('%b %Y')}"

"""Figures, days and names as people of an Indian retailer write them. Pure."""

from datetime import date

from shared.money import is_money


def figure(value: float) -> str:
    """Grouped the Indian way, 12,34,567; small figures with their decimals; huge ones by their power."""
    if abs(value) >= 1e15:
        return f"{value:.3g}".replace("-", "−")
    if abs(value) < 1000 and value != int(value):
        return f"{value:.4g}".replace("-", "−")
    digits = str(abs(round(value)))
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    return ("−" if round(value) < 0 else "") + ",".join([*pairs, tail])


def amount(column: str, value: float) -> str:
    """A figure of this column: with the rupee sign when it holds money."""
    said = figure(value)
    if not is_money(column):
        return said
    return f"−₹{said[1:]}" if said.startswith("−") else f"₹{said}"


def percent(value: float) -> str:
    return f"{value:.1f} %".replace("-", "−") if abs(value) < 100 else f"{value:.0f} %".replace("-", "−")


def signed(value: float, said: str) -> str:
    """``said`` is the figure without its sign."""
    return f"{'+' if value >= 0 else '−'}{said}"


def span(first: str, last: str) -> str:
    return f"on {day(first)}" if first == last else f"from {day(first)} to {day(last)}"


def day(text: str) -> str:
    found = date.fromisoformat(text)
    return f"{found.day} {found:%b} {found.year}"


def name(column: str) -> str:
    """``net_amount`` is net amount; what has capitals or other signs stays."""
    return column.replace("_", " ") if column.islower() else column

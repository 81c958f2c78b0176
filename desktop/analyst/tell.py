"""An answer in words, made from the cells of a result. Each figure in the text stands in one cell, or is
the sum of a column whose groups are all shown.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from desktop.analyst.intent import Intent
from desktop.analyst.meaning import Plan, Told
from desktop.analyst.numbers import as_decimal, plain, shown
from desktop.analyst.select import CHANGE_PERCENT
from desktop.events import Headline
from desktop.numbers import percent
from shared.results import Column


def tell(
    plan: Plan, columns: Sequence[Column], rows: Sequence[Sequence[Any]], *, truncated: bool = False
) -> Told:
    """``truncated``: there were more rows, so nothing can be said of all of them."""
    if not rows or all(cell is None for row in rows for cell in row):
        return Told(f"There are no rows for this: {plan.title}.")
    if truncated:
        known = f"Only the first {plain(Decimal(len(rows)))} rows came"
        unknown = "so the highest and the lowest are not known"
        return Told(f"{plan.title}. {known}, {unknown}. Ask for the top 10, or for a shorter period.")
    figures = [n for n, f in enumerate(plan.formats) if f in ("money", "number", "percent")]
    first = figures[0]
    if first == 0:
        return _one_row(plan, columns, rows[0])
    if any(c.name == CHANGE_PERCENT for c in columns):
        return _changes(plan, columns, rows, first)
    return _several(plan, rows, first)


def _one_row(plan: Plan, columns: Sequence[Column], row: Sequence[Any]) -> Told:
    shown_cells = [shown(c, f) for c, f in zip(row, plan.formats, strict=True)]
    if len(columns) == 4 and columns[3].name == CHANGE_PERCENT:
        delta, trend = _delta(row[3])
        change = f" ({delta})" if delta else ""
        text = f"{plan.title}: **{shown_cells[0]}**{change}, {shown_cells[1]} before."
        return Told(text, Headline(shown_cells[0], plan.title, delta, trend))
    if len(columns) == 1:
        return Told(f"{plan.title}: **{shown_cells[0]}**.", Headline(shown_cells[0], plan.title))
    parts = ", ".join(f"{c.name.lower()} **{s}**" for c, s in zip(columns, shown_cells, strict=True))
    return Told(f"{plan.title}: {parts}.")


def _delta(cell: Any) -> tuple[str, str]:
    change = as_decimal(cell)
    if change is None:
        return "", ""
    sign = "+" if change > 0 else ""
    return f"{sign}{percent(change)}", "up" if change > 0 else "down" if change < 0 else "flat"


def _name(plan: Plan, row: Sequence[Any], until: int) -> str:
    return ", ".join(shown(c, f) for c, f in zip(row[:until], plan.formats[:until], strict=True))


def _changes(plan: Plan, columns: Sequence[Column], rows: Sequence[Sequence[Any]], first: int) -> Told:
    at = next(n for n, c in enumerate(columns) if c.name == CHANGE_PERCENT)
    known = [row for row in rows if as_decimal(row[at]) is not None]
    text = f"{plan.title}."
    if known:
        best = max(known, key=lambda row: as_decimal(row[at]) or 0)
        worst = min(known, key=lambda row: as_decimal(row[at]) or 0)
        risen = "rose most" if (as_decimal(best[at]) or 0) > 0 else "fell least"
        text += f" {_name(plan, best, first)} {risen}, {_delta(best[at])[0]}"
        fallen = "fell most" if (as_decimal(worst[at]) or 0) < 0 else "rose least"
        text += (
            f"; {_name(plan, worst, first)} {fallen}, {_delta(worst[at])[0]}." if best is not worst else "."
        )
    return Told(text)


def _several(plan: Plan, rows: Sequence[Sequence[Any]], first: int) -> Told:
    if len(rows) == 1:
        name, value = _name(plan, rows[0], first), shown(rows[0][first], plan.formats[first])
        return Told(f"**{name}**: {value}. {plan.title}.", Headline(value, name))
    known = [row for row in rows if as_decimal(row[first]) is not None]
    if not known:
        return Told(f"{plan.title}.")
    best = max(known, key=lambda row: as_decimal(row[first]) or 0)
    worst = min(known, key=lambda row: as_decimal(row[first]) or 0)
    kind = plan.formats[first]
    total = _total(plan, known, first)
    text = f"{plan.title}. "
    headline = None
    if total:
        headline = Headline(total, f"total {_lower(_intent(plan).measures[0].label)}")
        text += f"The total is **{total}**. "
    text += f"**{_name(plan, best, first)}** is highest with {shown(best[first], kind)}"
    if best[first] != worst[first]:
        text += f", {_name(plan, worst, first)} lowest with {shown(worst[first], kind)}"
    text += "."
    return Told(text, headline)


def _total(plan: Plan, rows: Sequence[Sequence[Any]], first: int) -> str:
    """What the groups come to together; empty when some are not shown, or when adding up says nothing."""
    intent = _intent(plan)
    measure = intent.measures[0]
    additive = measure.aggregate in ("sum", "count") and measure.per is None
    over_time = measure.level and any(d.grain for d in intent.dimensions)
    some = intent.limit is not None or any(c.place is None for c in intent.conditions)
    if len(intent.measures) > 1 or not additive or over_time or some:
        return ""
    cells = (as_decimal(row[first]) for row in rows)
    return shown(sum((c for c in cells if c is not None), Decimal(0)), plan.formats[first])


def _intent(plan: Plan) -> Intent:
    return msgspec.convert(plan.memory["intent"], Intent)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]

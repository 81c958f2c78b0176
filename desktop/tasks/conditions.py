"""Whether a result is worth telling: worked out from its cells, never by a model. Pure."""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from desktop.numbers import cell_text, grouped, short_money
from desktop.store.tasks import Condition
from shared.errors import InvalidRequest
from shared.results import Column

_VERBS = {"falls": "fell", "rises": "rose", "changes": "changed"}
_NAMED = 3
_NO_SUM = re.compile(r"(?i)(^|[^a-z])(avg|average|mean|median|share|rate|ratio|percent|pct|per)([^a-z]|$)")
"""Columns whose cells are not to be added up, as far as their names tell."""


class Table(msgspec.Struct, frozen=True):
    """A result, as far as conditions need it."""

    columns: Sequence[Column]
    formats: Sequence[str]
    rows: Sequence[Sequence[Any]]


class Verdict(msgspec.Struct, frozen=True):
    """``says`` is one sentence with the figures that decided it."""

    met: bool
    says: str


class CannotJudge(Exception):
    """The condition does not fit the result; the text says why, to the person."""


def check(condition: Condition) -> None:
    """Raises InvalidRequest with one sentence."""
    if condition.kind in ("rows", "no_rows"):
        return
    amount = _amount(condition)
    if condition.kind in ("falls", "rises", "changes") and amount < 0:
        raise InvalidRequest("By how much is a number of zero or more.")
    if condition.kind in ("above", "below") and condition.percent:
        raise InvalidRequest("A figure is above or below a number; a percentage is for a change.")


def judge(condition: Condition, table: Table, before: Table | None) -> Verdict:
    """Raises CannotJudge. Without a run before, a change has not happened yet."""
    if condition.kind in ("rows", "no_rows"):
        some = bool(table.rows)
        says = "There are rows." if some else "There are no rows."
        return Verdict(some is (condition.kind == "rows"), says)
    figures, shown = _figures(condition, table)
    if condition.kind in ("above", "below"):
        return _against_number(condition, figures, shown)
    if before is None:
        return Verdict(False, "The first run: the next one is compared with it.")
    return _against_run(condition, figures, _figures(condition, before)[0], shown)


def total(condition: Condition, table: Table) -> tuple[Decimal, str]:
    """The one figure that a condition on the whole looks at, and its format. Raises CannotJudge."""
    figures, shown = _figures(condition, table)
    return figures[""], shown


def describe(condition: Condition) -> str:
    """``only if a row falls by more than 3 %``"""
    if condition.kind == "rows":
        return "only if there are rows"
    if condition.kind == "no_rows":
        return "only if there are no rows"
    what = condition.column.replace("_", " ") if condition.column else ""
    who = f"{what} of a row" if what and condition.any_row else what or "a row" if condition.any_row else "it"
    if what and not condition.any_row:
        who = what
    amount = _written(_amount(condition))
    if condition.kind in ("above", "below"):
        exactly = " or exactly" if condition.inclusive else ""
        return f"only if {who} is {condition.kind}{exactly} {amount}"
    more = "" if condition.inclusive else "more than "
    tail = " or more" if condition.inclusive else ""
    return f"only if {who} {condition.kind} by {more}{amount}{' %' if condition.percent else ''}{tail}"


def _against_number(condition: Condition, figures: dict[str, Decimal], shown: str) -> Verdict:
    limit = _amount(condition)

    def passes(figure: Decimal) -> bool:
        past = figure > limit if condition.kind == "above" else figure < limit
        return past or (condition.inclusive and figure == limit)

    hits = {key: figure for key, figure in figures.items() if passes(figure)}
    where = f"{condition.kind} {_written(limit)}"
    if not hits:
        return Verdict(False, f"Nothing is {where}.")
    named = [f"{key} {_figure(figure, shown)}".strip() for key, figure in hits.items()]
    return Verdict(True, f"{_listed(named)} {'is' if len(hits) == 1 else 'are'} {where}.")


def _against_run(
    condition: Condition, now: dict[str, Decimal], before: dict[str, Decimal], shown: str
) -> Verdict:
    limit, hits, largest = _amount(condition), list[str](), list[str]()
    for key, figure in now.items():
        if key not in before:
            continue
        change = _change(before[key], figure, percent=condition.percent)
        words = f"{key} {_moved(before[key], figure, change, shown, percent=condition.percent)}".strip()
        largest.append(words)
        if change is None:  # from nothing: no percentage measures it, and it is a change beyond any
            met = condition.kind == "changes" or (figure > 0) == (condition.kind == "rises")
        else:
            size = {"falls": -change, "rises": change}.get(condition.kind, abs(change))
            met = size > limit or (condition.inclusive and size == limit and (size > 0 or limit > 0))
        if met:
            hits.append(words)
    if hits:
        return Verdict(True, f"{_listed(hits)}.")
    if not largest:
        raise CannotJudge("None of the rows was there in the run before, so nothing can be compared.")
    if len(largest) == 1:
        return Verdict(False, f"{largest[0][:1].upper()}{largest[0][1:]}.")
    verb = _VERBS[condition.kind]
    return Verdict(False, f"No row {verb} that much.")


def _change(before: Decimal, now: Decimal, *, percent: bool) -> Decimal | None:
    if not percent:
        return now - before
    if before == now:
        return Decimal(0)
    return None if before == 0 else (now - before) / abs(before) * 100


def _moved(before: Decimal, now: Decimal, change: Decimal | None, shown: str, *, percent: bool) -> str:
    verb = "stayed at" if before == now else "rose" if now > before else "fell"
    there = _figure(now, shown)
    if before == now:
        return f"{verb} {there}"
    by = f" by {grouped(abs(change))} %" if percent and change is not None else ""
    return f"{verb}{by} from {_figure(before, shown)} to {there}"


def _figures(condition: Condition, table: Table) -> tuple[dict[str, Decimal], str]:
    """Each figure under what its row is called, and its format. One figure goes by no name."""
    at = _column(condition, table)
    if condition.any_row:
        named: dict[str, Decimal] = {}
        for row in table.rows:
            key = ", ".join(
                str(row[i]) for i, column in enumerate(table.columns) if not column.type.is_number
            )
            if key in named:
                raise CannotJudge("Several rows have the same name, so a row cannot be found again.")
            if row[at] is not None:
                named[key] = _number(row[at], table.columns[at].name)
        return named, table.formats[at]
    cells = [_number(row[at], table.columns[at].name) for row in table.rows if row[at] is not None]
    if not cells:
        raise CannotJudge("The result holds no figure to look at.")
    if len(table.rows) > 1 and (table.formats[at] == "percent" or _NO_SUM.search(table.columns[at].name)):
        raise CannotJudge(f"The result has several rows of {table.columns[at].name}, which have no sum.")
    return {"": sum(cells, Decimal(0))}, table.formats[at]


def _number(cell: object, column: str) -> Decimal:
    """Sources know figures that are none, as the share of nothing in nothing; they compare with nothing."""
    try:
        found = Decimal(str(cell))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise CannotJudge(f"{column} holds {cell}, which is no figure to compare. Leave such rows out.")
    return found


def _column(condition: Condition, table: Table) -> int:
    for at, column in enumerate(table.columns):
        if condition.column and column.name.casefold() != condition.column.casefold():
            continue
        if column.type.is_number:
            return at
        if condition.column:
            raise CannotJudge(f"{column.name} holds no numbers.")
    if condition.column:
        raise CannotJudge(f"The result has no column called {condition.column!r}.")
    raise CannotJudge("The result has no column of numbers.")


def _amount(condition: Condition) -> Decimal:
    try:
        found = Decimal(condition.amount)
    except InvalidOperation as error:
        raise InvalidRequest("The condition needs a number.") from error
    if not found.is_finite() or abs(found) > Decimal("1e18"):
        raise InvalidRequest("The condition needs a number.")
    return found


def _figure(value: Decimal, shown: str) -> str:
    return short_money(value) if shown == "money" else cell_text(value, shown)


def _written(number: Decimal) -> str:
    return cell_text(number, "number")


def _listed(named: Sequence[str]) -> str:
    shown = list(named[:_NAMED])
    if len(named) > _NAMED:
        shown.append(f"{len(named) - _NAMED} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"

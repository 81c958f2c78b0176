"""How the cells of a column are written, guessed from its name and type. Plans of the analyst say it."""

import re
from collections.abc import Sequence

from shared.money import is_money
from shared.results import Column, ColumnType

_PERCENT = re.compile(r"(percent|pct|_rate$|share|growth|change_p|ratio)", re.IGNORECASE)
_NAMED = re.compile(r"(^id$|_id$|^year$|_year$|code$|pin$|phone|^fy)", re.IGNORECASE)
_MONTH = re.compile(r"month", re.IGNORECASE)


def guess(columns: Sequence[Column]) -> list[str]:
    """One of ``money number percent date month text`` a column."""
    return [_format(column) for column in columns]


def _format(column: Column) -> str:
    if column.type.is_temporal:
        return "month" if _MONTH.search(column.name) else "date"
    if not column.type.is_number or _NAMED.search(column.name):
        return "text"
    if _PERCENT.search(column.name):
        return "percent"
    if is_money(column.name):
        return "money"
    return "number" if column.type in (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.FLOAT) else "text"

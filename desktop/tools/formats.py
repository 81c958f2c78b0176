"""How the cells of a column are written, guessed from its name and type. Plans of the analyst say it."""

import re
from collections.abc import Sequence

from shared.results import Column, ColumnType

_MONEY = re.compile(
    r"(amount|sales|revenue|turnover|price|cost|mrp|value|profit|margin|discount|target|spend|salary|rupees|inr)",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"(percent|pct|_rate$|share|growth|change_p|ratio)", re.IGNORECASE)
_COUNTED = re.compile(r"(count|quantity|qty|units|lines|number|stores|products|days|bills)", re.IGNORECASE)
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
    if _COUNTED.search(column.name):
        return "number"
    if _MONEY.search(column.name):
        return "money"
    return "number" if column.type in (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.FLOAT) else "text"

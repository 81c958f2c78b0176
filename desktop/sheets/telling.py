"""What may be told of a sheet of which no cell may leave this PC: totals of whole columns, and whether most
of its rows found a match. Pure.

Nothing here takes SQL, or a condition, from whoever is told. A total is the same whatever was asked, so no
two answers differ by one row.
"""

from collections.abc import Sequence
from decimal import Decimal

from desktop.sheets.asking import Amounts, Matched

ENOUGH = 5
"""Fewer different values, or fewer rows, would tell single cells."""

MOST, FEW = "half of the sheet's rows, or more", "fewer than half of the sheet's rows"
UNTOLD = f"not told: the sheet has fewer than {ENOUGH} rows"


def totals(amounts: Sequence[Amounts]) -> dict[str, float]:
    """Of the columns that have ``ENOUGH`` different amounts beside zero, none of which makes more than half
    of them all: else the total would be that cell, or nearly."""
    return {
        one.column: float(round(Decimal(one.total), 4))
        for one in amounts
        if one.different >= ENOUGH and _none_stands_out(Decimal(one.largest), Decimal(one.of_all))
    }


def match(matched: Matched) -> str:
    """One of two answers: more of them would let a name be looked for by joining with it."""
    if matched.local < ENOUGH:
        return UNTOLD
    return MOST if 2 * matched.local_matched >= matched.local else FEW


def _none_stands_out(largest: Decimal, of_all: Decimal) -> bool:
    return largest.is_finite() and of_all.is_finite() and 2 * largest <= of_all

"""What an option is, and the weeks that its effect is counted on."""

import re
from dataclasses import dataclass, field

from server.insights import seasons
from server.insights.measured import Grid
from server.insights.table import day_text

_YEAR_WEEKS = 52
STEERED = re.compile(
    r"(?i)(store|shop|outlet|branch|city|town|zone|region|area|team|manager|employee|agent|seller|channel)"
)
"""Groups of people and places, who may learn from each other; goods may not."""

COST = re.compile(r"(?i)(discount|markdown|rebate|return|refund|waste|shrink|damage|cancel|loss|expired)")
"""Figures that are better low."""


@dataclass(frozen=True)
class Option:
    """``kind`` is ``lift rate shelf pace discount``; ``facts`` are the findings that it rests on."""

    kind: str
    measure: str
    expected: float
    low: float
    high: float
    first: str
    last: str
    grouping: str
    groups: list[str]
    figures: dict[str, float] = field(default_factory=dict)
    facts: list[str] = field(default_factory=list)
    sql: str = ""


def recent(grid: Grid) -> tuple[Grid, slice]:
    """By weeks, and the last year of them."""
    weeks = seasons.by_weeks(grid)
    count = weeks.periods.size
    return weeks, slice(max(count - _YEAR_WEEKS, 0), count)


def span(grid: Grid, places: slice) -> tuple[str, str]:
    days = grid.periods[places]
    return day_text(int(days[0])), day_text(int(days[-1]) + (grid.step - 1 if grid.gathered else 0))

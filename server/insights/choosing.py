"""Which of the findings are told, and the line that is drawn with them: nothing twice, the surest first."""

from server.insights import seasons
from server.insights.described import Line, Point
from server.insights.findings import Diverged, Finding, Gap, Unusual, UnusualRate
from server.insights.measured import Measured
from server.insights.series import series_of
from server.insights.table import day_text

_MOST_POINTS = 400
_AT_ONCE, _MOST_SHARES, _MOST_WAYS = 2, 8, 4


def line(of: Measured, findings: list[Finding]) -> Line | None:
    """The first measure over time, by weeks or months where the days are too many to draw."""
    if of.time is None or not of.measures or of.whole.periods.size < 2:
        return None
    measure = of.measures[0]
    found = series_of(of, measure)
    step = found.step
    if found.days.size > _MOST_POINTS and not measure.level:
        found, step = seasons.weekly(found), 7
    odd = [
        (one.first, one.last)
        for one in findings
        if isinstance(one, Unusual) and one.column == measure.name and one.group is None
    ]

    def is_odd(day: int) -> bool:
        first, last = day_text(day), day_text(day + step - 1)
        return any(last >= start and first <= end for start, end in odd)

    points = [
        Point(day_text(day), value=value, unusual=is_odd(day))
        for day, value in zip(found.days.tolist(), found.values.tolist(), strict=True)
    ]
    return Line(measure.name, step, points[-_MOST_POINTS:])


def without_repeats(findings: list[Finding]) -> list[Finding]:
    """Several measures have the same gaps, when one group falls the others' parts rise, and what is so of a
    city is so of its zone: the farthest from chance is told."""
    kept: list[Finding] = []
    seen: set[tuple[object, ...]] = set()
    for finding in findings:
        match finding:
            case Gap():
                key: tuple[object, ...] = ("gap", finding.first[:7], finding.group is None)
            case Unusual():
                key = ("time", finding.first)
            case UnusualRate():
                key = ("rate", finding.column, finding.first)
            case _:
                key = (id(finding),)
        if key not in seen:
            seen.add(key)
            kept.append(finding)
    return _events(kept)


def _events(findings: list[Finding]) -> list[Finding]:
    """What happened in one place shows in every grouping that holds it, and in every measure: of shares that
    were unusual at a time the two farthest from chance are told."""
    shares = [one for one in findings if isinstance(one, Unusual) and one.group is not None]
    shares.sort(key=lambda one: -abs(one.distance) * one.periods**0.5)
    told: list[Unusual] = []
    for one in shares:
        same = [two for two in told if one.first <= two.last and two.first <= one.last]
        twins = any(two.group == one.group and two.grouping == one.grouping for two in same)
        if len(same) < _AT_ONCE and not twins:
            told.append(one)
    others = [one for one in findings if not isinstance(one, Diverged)]
    others = [one for one in others if not (isinstance(one, Unusual) and one.group is not None)]
    return [*others, *_ways(findings), *told[:_MOST_SHARES]]


def _ways(findings: list[Finding]) -> list[Diverged]:
    """Each group once, the largest first: of a zone's decline its stores tell nothing more."""
    ways = [one for one in findings if isinstance(one, Diverged)]
    found: dict[tuple[str, str], Diverged] = {}
    for one in sorted(ways, key=lambda one: -one.earlier - one.later):
        found.setdefault((one.grouping, one.group), one)
    return list(found.values())[:_MOST_WAYS]

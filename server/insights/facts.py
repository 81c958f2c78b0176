"""What can be said about a table for certain: columns described, and findings with the figures behind them.

No sentence here (see narrate), no model, no source. Everything is bounded: a few measures, one time
column, a few groupings. What chance would do as well is not a finding.
"""

import re

import numpy as np

from server.insights import groups
from server.insights.findings import (
    ColumnFacts,
    Diverged,
    Dominant,
    Facts,
    Finding,
    Gap,
    Missing,
    Moved,
    Outlying,
    Repeated,
    Unusual,
)
from server.insights.repeats import repeated_days
from server.insights.series import FAR_OF_MANY, Change, Episode, Series, change, episodes, gaps, series
from server.insights.table import NO_DAY, Days, Floats, Labels, Numbers, Table, day_text

_MEASURES, _GROUPINGS, _GROUPS_OVER_TIME, _MOST_GROUPS = 4, 5, 40, 2_000
_ID = re.compile(r"(?i)(^|[_\s])(id|no|code|key|number|pin|phone)$")
_LEVEL = re.compile(
    r"(?i)(^|[_\s])(percent|pct|rate|ratio|share|avg|average|mean|median|price|mrp|growth|margin|age|year|month)"
    r"($|[_\s])"
)
"""Names of figures that must not be added up."""


def study(table: Table, interest: str = "") -> Facts:
    """Everything that stands out. Columns named in ``interest`` are looked at first, then those with the
    largest totals: money before pieces."""
    described = [_described(column, table.rows) for column in table.columns]
    roles = {id(column): facts.role for column, facts in zip(table.columns, described, strict=True)}
    wanted = interest.lower()

    def unwanted(column: Numbers | Labels) -> bool:
        return column.name.lower().replace("_", " ") not in wanted.replace("_", " ")

    totals = {facts.name: abs(facts.total or 0) for facts in described}
    measures = sorted(
        (c for c in table.numbers() if roles[id(c)] in ("measure", "level")),
        key=lambda column: (unwanted(column), -totals[column.name]),
    )[:_MEASURES]
    groupings = sorted((c for c in table.labels() if roles[id(c)] == "group"), key=unwanted)
    time = next((c for c in table.days() if roles[id(c)] == "time"), None)
    findings: list[Finding] = [
        Missing(facts.name, facts.missing, round(100 * facts.missing / table.rows, 2))
        for facts in described
        if facts.missing
    ]
    if time is not None:
        findings += _repeats(table, time, roles)
    for measure in measures:
        level = roles[id(measure)] == "level"
        if time is not None:
            findings += _over_time(measure, time, level=level)
        for grouping in groupings[:_GROUPINGS]:
            findings += _over_groups(measure, grouping, level=level)
            if time is not None and not level:
                findings += _over_both(measure, grouping, time)
    return Facts(table.rows, table.truncated, described, _without_repeats(findings), table.dropped)


def _repeats(table: Table, time: Days, roles: dict[int, str]) -> list[Finding]:
    """Rows without a number of their own have nothing to tell a repeat from two equal sales."""
    ids = [column for column in table.columns if roles[id(column)] == "id"]
    own = [column for column in ids if np.unique(column.values).size == table.rows]
    others = [column for column in table.columns if column is not time and column not in own]
    if not own or not others:
        return []
    return [
        Repeated(
            time.name,
            day_text(found.day),
            found.rows,
            found.repeats,
            100 * found.usual_part,
            [column.name for column in own],
        )
        for found in repeated_days(time, others)
    ]


def _described(column: Numbers | Days | Labels, rows: int) -> ColumnFacts:
    match column:
        case Numbers():
            return _described_numbers(column)
        case Days():
            there = column.values[column.values != NO_DAY]
            facts = ColumnFacts(column.name, "time" if there.size else "other", rows - there.size)
            if there.size:
                facts.distinct = int(np.unique(there).size)
                facts.first, facts.last = day_text(int(there.min())), day_text(int(there.max()))
            return facts
        case Labels():
            missing = int(np.count_nonzero(column.values == -1))
            distinct = len(column.labels)
            one_row_each = distinct == rows - missing <= _MOST_GROUPS
            few = 2 <= distinct <= max(50, (rows - missing) // 2) or (one_row_each and distinct > 1)
            few = few and not column.too_many
            role = "id" if _ID.search(column.name) and distinct > 50 else "group" if few else "other"
            return ColumnFacts(column.name, role, missing, None if column.too_many else distinct)


def _described_numbers(column: Numbers) -> ColumnFacts:
    there = column.values[~np.isnan(column.values)]
    missing = int(column.values.size - there.size)
    if not there.size:
        return ColumnFacts(column.name, "other", missing)
    role = "id" if _ID.search(column.name) else "level" if _LEVEL.search(column.name) else "measure"
    facts = ColumnFacts(column.name, role, missing, least=float(there.min()), most=float(there.max()))
    if role != "id":
        facts.mean, facts.median = float(there.mean()), float(np.median(there))
        facts.total = float(there.sum()) if role == "measure" else None
    return facts


def _over_time(measure: Numbers, time: Days, *, level: bool) -> list[Finding]:
    found = series(time.values, measure.values, average=level)
    findings: list[Finding] = [
        Gap(time.name, day_text(first), day_text(last), last - first + 1) for first, last in gaps(found)
    ]
    findings += [_unusual(measure.name, time.name, episode) for episode in episodes(found)]
    moved = change(found)
    if moved is not None:
        findings.append(_moved(measure.name, time.name, moved))
    return findings


def _over_groups(measure: Numbers, grouping: Labels, *, level: bool) -> list[Finding]:
    findings: list[Finding] = [
        Outlying(measure.name, grouping.name, grouping.labels[o.group], o.value, o.middle, o.distance)
        for o in groups.outliers(grouping.values, measure.values)
    ]
    share = None if level else groups.largest_share(grouping.values, measure.values)
    if share is not None and share.of_groups >= 5 and share.part >= max(0.2, 3 / share.of_groups):
        findings.append(
            Dominant(
                measure.name,
                grouping.name,
                grouping.labels[share.group],
                100 * share.part,
                100 / share.of_groups,
                share.value,
                share.total,
                share.for_80_percent,
                share.of_groups,
            )
        )
    return findings


def _over_both(measure: Numbers, grouping: Labels, time: Days) -> list[Finding]:
    findings: list[Finding] = [
        Diverged(
            measure.name,
            time.name,
            grouping.name,
            grouping.labels[d.group],
            d.percent,
            d.rest_percent,
            d.earlier,
            d.later,
            d.distance,
        )
        for d in groups.diverging(grouping.values, time.values, measure.values)
    ]
    if 2 <= len(grouping.labels) <= _GROUPS_OVER_TIME:
        whole = series(time.values, measure.values)
        candidates = [
            _unusual(measure.name, time.name, episode, grouping.name, label)
            for code, label in enumerate(grouping.labels)
            for episode in episodes(
                _part_of_whole(measure.values, grouping, code, time, whole), far_is=FAR_OF_MANY, most=2
            )
        ]
        findings += sorted(candidates, key=lambda one: -abs(one.distance))[:3]
    return findings


def _part_of_whole(values: Floats, grouping: Labels, code: int, time: Days, whole: Series) -> Series:
    """One group's percent of the whole, day by day: what all groups share cancels out."""
    own = series(np.where(grouping.values == code, time.values, NO_DAY), values)
    part = np.zeros(whole.days.size)
    part[np.searchsorted(whole.days, own.days)] = own.values
    known = whole.values > 0
    return Series(whole.days[known], 100 * part[known] / whole.values[known], whole.step)


def _unusual(
    column: str, time: str, found: Episode, grouping: str | None = None, group: str | None = None
) -> Unusual:
    parts = found.periods if group is not None else 1
    return Unusual(
        column,
        time,
        day_text(found.first),
        day_text(found.last),
        found.periods,
        found.value / parts,
        found.usual / parts,
        found.distance,
        grouping,
        group,
    )


def _moved(column: str, time: str, found: Change) -> Moved:
    return Moved(
        column,
        time,
        found.basis,
        found.percent,
        found.plus_minus,
        found.earlier,
        found.later,
        day_text(found.first),
        day_text(found.last),
    )


def _without_repeats(findings: list[Finding]) -> list[Finding]:
    """Several measures have the same gaps, and when one group falls the others' parts rise."""
    kept: list[Finding] = []
    seen: set[tuple[object, ...]] = set()
    for finding in findings:
        match finding:
            case Gap():
                key: tuple[object, ...] = ("gap", finding.first)
            case Unusual() if finding.group is not None:
                key = ("part", finding.grouping, finding.first)
            case Unusual():
                key = ("time", finding.first)
            case Diverged():
                key = ("way", finding.grouping, finding.group)
            case _:
                key = (id(finding),)
        if key not in seen:
            seen.add(key)
            kept.append(finding)
    return kept

"""What can be said of what was measured, for certain: findings with the figures behind them.

No sentence here (see narrate), no model, no source. Everything is bounded: a few measures, one time
column, a few groupings. What chance would do as well is not a finding.
"""

from collections.abc import Iterable, Iterator

import msgspec
import numpy as np

from server.insights import by_rows, drivers, forecast, groups, parts, quality, seasons
from server.insights.choosing import line, without_repeats
from server.insights.correlation import correlated
from server.insights.findings import (
    Diverged,
    Dominant,
    Driven,
    Facts,
    Finding,
    Gap,
    Moved,
    Outlying,
    Unusual,
    UnusualRate,
)
from server.insights.measured import DAILY, Grid, Measure, Measured, Noise, Periods
from server.insights.option import COST
from server.insights.parts import Spell
from server.insights.series import Change, Episode, around, change, episodes, gaps, series_of
from server.insights.table import Table, day_text

_GROUPS_BY_DAY = 80
_MOST_PARTS = 3


class Wish(msgspec.Struct, frozen=True):
    """What the reader wants to know. ``interest`` is their words; ``periods`` are compared when they are
    given, and ``forecast_days`` told when it is not 0."""

    interest: str = ""
    periods: Periods | None = None
    forecast_days: int = 0

    @property
    def asked(self) -> frozenset[str]:
        """The types of insights that answer it."""
        return frozenset([*["driver"] * (self.periods is not None), *["forecast"] * (self.forecast_days > 0)])


def study(table: Table, interest: str = "") -> Facts:
    """Everything that stands out in rows that are here."""
    return examine(by_rows.measured(table, interest), Wish(interest))


def examine(of: Measured, wish: Wish) -> Facts:
    """Everything that stands out."""
    findings: list[Finding] = [*quality.findings(of)]
    background: list[Finding] = []
    for measure in of.measures:
        if of.time is not None and of.whole.periods.size:
            findings += _over_time(of, measure)
            background += seasons.cycles(of, measure)
        for grid in of.grids:
            findings += _over_groups(grid, measure)
            if of.time is not None and not measure.level:
                findings += _over_both(grid, measure, of.time, of.noise(measure.name))
    if of.time is not None:
        for grid in (*of.grids, *of.pairs):
            findings += _silences(grid, of.time)
        for grid in of.pairs:
            findings += _pairs(of, grid)
        findings += _rates(of)
        findings += correlated(of)
        found = drivers.change(of, wish.periods)
        findings += found if wish.periods is not None or _has_moved(findings, found) else []
        expected = forecast.forecast(of, wish.forecast_days or forecast.USUAL_DAYS)
        if expected is not None:
            (findings if wish.forecast_days else background).append(expected.finding)
    kept = without_repeats(findings)
    drawn = line(of, kept)
    if drawn is not None and of.time is not None and expected is not None and wish.forecast_days:
        drawn.points += forecast.gathered(expected, drawn.step)
    return Facts(
        of.rows,
        of.truncated,
        of.columns,
        _named(kept, "f"),
        of.dropped,
        [one for m in of.measures if not m.level for g in of.grids if (one := groups.shares(g, m.name))],
        drawn,
        _named(background, "b"),
    )


def _named(findings: Iterable[Finding], letter: str) -> list[Finding]:
    return [msgspec.structs.replace(one, fact=f"{letter}{n}") for n, one in enumerate(findings, 1)]


def _over_time(of: Measured, measure: Measure) -> Iterator[Finding]:
    time, found = of.time or "", series_of(of, measure)
    for first, last in gaps(found):
        yield Gap(time, day_text(first), day_text(last), last - first + 1)
    noise, counts = of.noise(measure.name), of.whole.counts[0]
    for episode in episodes(found):
        within = (of.whole.periods >= episode.first) & (of.whole.periods <= episode.last)
        rows = float(around(counts, of.whole.step)[within].sum())
        by_chance = noise is not None and not noise.surely(episode.value - episode.usual, rows)
        if by_chance and not measure.level and counts.max() > 1:
            continue
        festival = seasons.festival_at(found, episode)
        if not festival.repeats:
            yield _unusual(measure.name, time, episode, festival.name)
    moved = change(found)
    if moved is not None:
        yield _moved(measure.name, time, moved)


def _over_groups(grid: Grid, measure: Measure) -> Iterator[Finding]:
    name, values = grid.names[0], grid.sums[measure.name].sum(axis=1)
    if float(grid.counts.sum(axis=1).max()) == 1:
        for found in groups.outliers(np.arange(values.size), values):
            yield Outlying(
                measure.name, name, grid.label(found.group), found.value, found.middle, found.distance
            )
    share = None if measure.level else groups.largest_share(np.arange(values.size), values)
    if share is not None and share.of_groups >= 5 and share.part >= max(0.2, 3 / share.of_groups):
        yield Dominant(
            measure.name,
            name,
            grid.label(share.group),
            100 * share.part,
            100 / share.of_groups,
            share.value,
            share.total,
            share.for_80_percent,
            share.of_groups,
        )


def _over_both(grid: Grid, measure: Measure, time: str, noise: Noise | None) -> Iterator[Finding]:
    codes, places = np.nonzero(grid.counts)
    days, values = grid.periods[places], grid.sums[measure.name][codes, places]
    summed = grid.counts.max() <= 1
    for d in groups.diverging(codes, days, values):
        rows = float(grid.counts[d.group].sum())
        beside = d.later - d.earlier * (1 + d.rest_percent / 100)
        if noise is not None and not summed and not noise.surely(beside, 2 * rows):
            continue
        yield Diverged(
            measure.name,
            time,
            grid.names[0],
            grid.label(d.group),
            d.percent,
            d.rest_percent,
            d.earlier,
            d.later,
            d.distance,
            sql=grid.sql,
        )
    if len(grid.labels) <= _GROUPS_BY_DAY or grid.step != DAILY:
        typical = float(np.median(grid.counts))
        told = grid if grid.counts.max() <= 1 or typical >= parts.LEAST_EXPECTED else seasons.by_weeks(grid)
        for spell in parts.unusual_shares(told, measure.name, noise)[:_MOST_PARTS]:
            yield _share(told, measure.name, time, spell)


def _silences(grid: Grid, time: str) -> Iterator[Finding]:
    for spell in parts.silences(grid)[:_MOST_PARTS]:
        first, last = _span(grid, spell)
        yield Gap(
            time,
            day_text(first),
            day_text(last),
            last - first + 1,
            " and ".join(grid.names),
            grid.label(spell.group),
            round(spell.expected_rows, 1),
            sql=grid.sql,
        )


def _pairs(of: Measured, grid: Grid) -> Iterator[Finding]:
    for measure in of.measures:
        if not measure.level:
            for spell in parts.unusual_shares(grid, measure.name, of.noise(measure.name))[:_MOST_PARTS]:
                yield _share(grid, measure.name, of.time or "", spell)


def _rates(of: Measured) -> Iterator[Finding]:
    """Of each measure to the largest one, for groups and pairs of groups."""
    sums = [measure.name for measure in of.measures if not measure.level]
    sums.sort(key=lambda name: COST.search(name) is not None)
    for measure in sums[1:]:
        if drivers.counts_pieces(measure) != drivers.counts_pieces(sums[0]):
            continue
        for grid in (*of.pairs, *map(seasons.by_weeks, of.grids)):
            for spell in parts.unusual_rates(grid, measure, sums[0], of.noise(measure))[:1]:
                first, last = _span(grid, spell)
                yield UnusualRate(
                    measure,
                    sums[0],
                    of.time or "",
                    day_text(first),
                    day_text(last),
                    spell.periods,
                    spell.value,
                    spell.usual,
                    spell.distance,
                    " and ".join(grid.names),
                    grid.label(spell.group),
                    sql=grid.sql,
                )


def _share(grid: Grid, column: str, time: str, spell: Spell) -> Unusual:
    first, last = _span(grid, spell)
    label = grid.labels[spell.group]
    return Unusual(
        column,
        time,
        day_text(first),
        day_text(last),
        spell.periods,
        spell.value,
        spell.usual,
        spell.distance,
        grid.names[0],
        label[0],
        label[1] if len(label) > 1 else None,
        seasons.festival_near(first, last) if spell.value > spell.usual else None,
        sql=grid.sql,
    )


def _span(grid: Grid, spell: Spell) -> tuple[int, int]:
    """First and last day. Of data that comes once a week the day itself, not all of its week."""
    first, last = int(grid.periods[spell.first]), int(grid.periods[spell.last])
    return first, last + (grid.step - 1 if grid.gathered else 0)


def _unusual(column: str, time: str, found: Episode, festival: str | None) -> Unusual:
    return Unusual(
        column,
        time,
        day_text(found.first),
        day_text(found.last),
        found.periods,
        found.value,
        found.usual,
        found.distance,
        festival=festival,
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


def _has_moved(findings: list[Finding], found: list[Finding]) -> bool:
    moved = {one.column for one in findings if isinstance(one, Moved)}
    return any(isinstance(one, Driven) and one.column in moved for one in found)

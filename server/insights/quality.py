"""What is wrong with the data itself: missing, repeated, hardly meant. Pure; nothing is put right."""

from collections.abc import Iterator

from server.insights.findings import Finding, Missing, Repeated, Strange
from server.insights.measured import Measured, Values
from server.insights.table import day_text

_FEW = 0.01
"""Negative figures are a slip when so few rows have one; more are a habit, such as returns."""
_BEYOND_NEXT = 10.0
_BEYOND_USUAL = 3.0
_MOST_EXTREMES = 3
_LEAST_ROWS = 200
_MOST_EXAMPLES = 3


def findings(of: Measured) -> Iterator[Finding]:
    for facts in of.columns:
        if facts.missing:
            yield Missing(facts.name, facts.missing, round(100 * facts.missing / max(of.rows, 1), 2))
    for measure in of.measures:
        values = of.values.get(measure.name)
        if values is not None and values.counts.sum() >= _LEAST_ROWS:
            yield from _negative(measure.name, values)
            yield from _extreme(measure.name, values)
    for column, texts in of.texts.items():
        yield from _texts(column, texts)
    for found in of.repeats:
        yield Repeated(
            of.time or "",
            day_text(found.day),
            found.rows,
            found.repeats,
            100 * found.usual_part,
            of.repeats_apart_from,
        )


def _negative(column: str, values: Values) -> Iterator[Strange]:
    count = float(values.counts[values.values < 0].sum())
    if 0 < count <= _FEW * float(values.counts.sum()):
        yield Strange(column, "negative", int(count), value=float(values.values[0]))


def _extreme(column: str, values: Values) -> Iterator[Strange]:
    """A few rows many times larger than the next: a tail that thins out evenly is none."""
    if values.values.size < 3 or float(values.values[0]) < 0:
        return
    usual = values.quantile(0.999)
    for place in range(values.values.size - 1, max(values.values.size - 1 - _MOST_EXTREMES, 1), -1):
        value, following = float(values.values[place]), float(values.values[place - 1])
        rows = float(values.counts[place:].sum())
        if following > 0 and value >= _BEYOND_NEXT * following and following <= _BEYOND_USUAL * usual:
            if rows <= _MOST_EXTREMES:
                yield Strange(column, "extreme", int(rows), value=float(values.values[-1]), usual=following)
            return


def _texts(column: str, texts: list[str]) -> Iterator[Strange]:
    blanks = [text for text in texts if text != text.strip() and text.strip()]
    if blanks:
        yield Strange(column, "blank_ends", len(blanks), examples=blanks[:_MOST_EXAMPLES])
    alike: dict[str, list[str]] = {}
    for text in texts:
        alike.setdefault(" ".join(text.casefold().split()), []).append(text)
    same = [written for written in alike.values() if len(written) > 1]
    if same and len(same) <= max(len(alike) // 10, 3):
        yield Strange(column, "alike", len(same), examples=same[0][:_MOST_EXAMPLES])

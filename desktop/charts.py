"""Which chart suits a table. Pure: columns and their formats in, a spec or None out."""

from collections.abc import Sequence

from desktop.events import ChartSpec
from shared.results import Column, ColumnType

_FIGURES = ("money", "number", "percent")
_MOST_BARS = 60


def suggest(
    columns: Sequence[Column], formats: Sequence[str], *, rows: int | None = None, title: str = ""
) -> ChartSpec | None:
    """``formats`` as in a result card, one a column: ``money number percent date month text``.

    One figure alone is a number; over time it is a line, over things a bar. A second group becomes
    the series. Figures of another unit than the first one's are left out, so that one axis fits all.
    ``rows``, where known, keeps a chart from being drawn for a single row or for too many bars.
    """
    names = [c.name for c in columns]
    figures = [n for n, f in zip(names, formats, strict=True) if f in _FIGURES]
    groups = [(n, f) for n, f in zip(names, formats, strict=True) if f not in _FIGURES]
    if not figures:
        return None
    same = [n for n, f in zip(names, formats, strict=True) if f == formats[names.index(figures[0])]]
    y = [n for n in figures if n in same and n != "Change"]
    if not groups:
        return (
            ChartSpec("number", "", y[:1], title=title) if rows in (None, 1) and len(figures) == 1 else None
        )
    if len(groups) > 2 or rows in (0, 1):
        return None
    timed = next((n for n, f in groups if f in ("date", "month")), None)
    x = timed or groups[0][0]
    series = next((n for n, _ in groups if n != x), None)
    if series is not None:
        y = y[:1]
    if timed is None and rows is not None and rows > _MOST_BARS:
        return None
    return ChartSpec("line" if timed else "bar", x, y, series, title)


def of_result(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> ChartSpec | None:
    """For a result of which only the types are known. A key is a number by type, but no figure."""
    formats = [_format(column) for column in columns]
    return suggest(columns, formats, rows=len(rows))


def _format(column: Column) -> str:
    if column.type in (ColumnType.DATE, ColumnType.TIMESTAMP):
        return "date"
    name = column.name.casefold()
    key = name == "id" or name.endswith(("_id", " id", "_code", " code", "_no", " no", "year", "month"))
    return "number" if column.type.is_number and not key else "text"

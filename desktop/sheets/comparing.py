"""A sheet beside a governed result, key by key: which columns are meant, and the SQL. No words are read
here."""

import re
from collections.abc import Callable, Sequence

import msgspec

from desktop.events import ChartSpec
from desktop.sheets.asking import Governed
from desktop.sheets.joining import Join
from desktop.sheets.known import NamedTable
from desktop.sheets.sheets import Sheets
from shared.engine.quoting import name
from shared.errors import ToolRefused
from shared.results import Column

_NOT_ADDED = re.compile(
    r"(?:^|[ _])(?:id|code|no|number|sr|s\.no|year|month|pin|pincode|phone|mobile|%|percent|rate)(?:$|[ _.])"
)
_MONEY = re.compile(r"amount|sales|revenue|target|price|cost|value|budget|profit|₹|rs\b")
_MOST_CANDIDATES = 8


def words(text: str) -> set[str]:
    return {word.rstrip("s") for word in re.findall(r"[^\W_]+", text.lower())}


def measures(table: NamedTable, said: str) -> list[str]:
    """Columns of figures that ``said`` names, or all that can be added up when nothing was said."""
    figures = [column.name for column in table.table.columns if column.type.is_number]
    if said:
        exact = [column for column in figures if column.lower() == said.lower()]
        return exact or [column for column in figures if words(said) <= words(column)]
    return [column for column in figures if not _NOT_ADDED.search(column.lower())]


def decided(
    sheets: Sheets, join: Join, measure: str, cancelled: Callable[[], None]
) -> Callable[[Governed, NamedTable], Join]:
    """The rest of ``join``, once it is known what the governed result looks like."""

    def decide(governed: Governed, table: NamedTable) -> Join:
        keys = [column.name for column in governed.columns if not column.type.is_number]
        figures = [column.name for column in governed.columns if column.type.is_number]
        if len(keys) != 1 or not figures:
            raise ToolRefused(
                "To compare, the question about the connection needs one figure by one thing: sales by store."
            )
        own = _key(sheets, governed, table, keys[0], cancelled)
        sql = _sql(table, own, measure, keys[0], figures[0])
        return msgspec.structs.replace(join, keys=[(own, keys[0])], sql=sql)

    return decide


def _key(
    sheets: Sheets, governed: Governed, table: NamedTable, other: str, cancelled: Callable[[], None]
) -> str:
    """The sheet's column that has most of the governed keys in it; of equals the one named alike."""
    candidates = [
        c.name for c in table.table.columns if not c.type.is_number or _NOT_ADDED.search(c.name.lower())
    ]
    candidates.sort(key=lambda column: -len(words(column) & words(other)))
    candidates = candidates[:_MOST_CANDIDATES]
    if not candidates:
        raise ToolRefused(f"{table.path} has no column of names or codes to join by.")
    counts = ", ".join(_overlap(table.name, column, other) for column in candidates)
    result, _ = sheets.ask(f"SELECT {counts}", max_rows=1, governed=governed, cancelled=cancelled)
    found: Sequence[int] = result.rows[0]
    best = max(range(len(candidates)), key=lambda place: (found[place], -place))
    if not found[best]:
        raise ToolRefused(
            f"No column of {table.path} has the values of {other}: nothing in it matches. "
            f"It has the columns {', '.join(c.name for c in table.table.columns)}."
        )
    return candidates[best]


def _overlap(table: str, column: str, other: str) -> str:
    mine = f"SELECT DISTINCT {same(f't.{name(column)}')} AS v FROM {name(table)} AS t"
    theirs = f"SELECT DISTINCT {same(f'g.{name(other)}')} AS v FROM governed AS g"
    return f"(SELECT count(*) FROM ({mine}) AS a JOIN ({theirs}) AS b ON a.v = b.v)"


def same(x: str) -> str:
    """As the join compares: without regard to capitals and spaces."""
    return f"lower(trim(regexp_replace(CAST({x} AS VARCHAR), '\\s+', ' ', 'g')))"


def _sql(table: NamedTable, own: str, measure: str, other: str, figure: str) -> str:
    """Every key of both sides, with both figures."""
    stem = table.path.rpartition("/")[2]
    mine = (
        f"SELECT {same(f't.{name(own)}')} AS v, any_value(t.{name(own)}) AS label, sum(t.{name(measure)}) "
        f"AS figure FROM {name(table.name)} AS t WHERE t.{name(own)} IS NOT NULL GROUP BY 1"
    )
    theirs = (
        f"SELECT {same(f'g.{name(other)}')} AS v, any_value(g.{name(other)}) AS label, "
        f"sum(g.{name(figure)}) AS figure "
        "FROM governed AS g GROUP BY 1"
    )
    first, second = f"{measure} ({stem})", figure
    return (
        f"WITH mine AS ({mine}), theirs AS ({theirs}) "
        f"SELECT coalesce(CAST(theirs.label AS VARCHAR), CAST(mine.label AS VARCHAR)) AS {name(own)}, "
        f"mine.figure AS {name(first)}, theirs.figure AS {name(second)}, "
        f"theirs.figure - mine.figure AS difference, "
        f"round(100.0 * theirs.figure / nullif(mine.figure, 0), 1) AS percent "
        f"FROM mine FULL JOIN theirs ON mine.v = theirs.v "
        f"ORDER BY mine.figure IS NULL, theirs.figure IS NULL, theirs.figure DESC, 1"
    )


def formats(columns: Sequence[Column]) -> list[str]:
    """How the cells of such a comparison are written. The difference of money is money."""
    key, *figures = columns
    money = any(_MONEY.search(column.name.lower()) for column in figures[:2])
    amount = "money" if money else "number"
    return ["date" if key.type.is_temporal else "text", amount, amount, amount, "percent"]


def chart(columns: Sequence[Column], title: str) -> ChartSpec:
    return ChartSpec("bar", columns[0].name, [columns[1].name, columns[2].name], title=title)

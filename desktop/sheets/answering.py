"""SQL over the person's tables, in the worker's process: a locked DuckDB for each question, and nothing else.

No file but the Parquet of the tables in question can be opened, nothing can be set, installed or written.
What goes wrong is said without a value of the data: the sentence may go to a model.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from desktop.sheets.asking import Amounts, Answer, Ask, Governed, Keys, Matched
from desktop.sheets.values import quoted
from shared.engine import database
from shared.engine.quoting import literal, name
from shared.errors import QueryFailed, QueryRefused
from shared.results import Column, ColumnType

MEMORY_MB, THREADS = 1_024, 2
_TYPES = {
    ColumnType.INTEGER: "BIGINT",
    ColumnType.FLOAT: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIME: "TIME",
}
_TOLD = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException, duckdb.SyntaxException)
"""These speak of names and grammar, not of values."""


def answered(ask: Ask) -> Answer:
    """Raises QueryFailed or QueryRefused."""
    Path(ask.spill).mkdir(parents=True, exist_ok=True, mode=0o700)
    spill = Path(tempfile.mkdtemp(dir=ask.spill, prefix="spill-"))
    try:
        return _answered(ask, spill)
    except database.RefusedError as error:
        raise QueryRefused(str(error)) from error
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise QueryFailed(
            "The query needs more memory than it may use. Ask for fewer rows or an aggregate."
        ) from error
    except _TOLD as error:
        raise QueryFailed(database.plain(error, [ask.spill])) from error
    except duckdb.Error as error:
        raise QueryFailed(
            "A value of the data does not fit what the query does with it. TRY_CAST gives NULL for such a "
            "one."
        ) from error
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _answered(ask: Ask, spill: Path) -> Answer:
    files = [Path(table.file) for table in ask.tables]
    if ask.governed is not None:
        files.append(Path(ask.governed.file))
    opened = database.Database(database.settings(MEMORY_MB, THREADS, spill), files)
    try:
        run = opened.connection.execute
        for table in ask.tables:
            run(f"CREATE VIEW {name(table.name)} AS SELECT * FROM read_parquet({literal(table.file)})")
        matched, amounts = None, list[Amounts]()
        if ask.governed is not None:
            _take(opened.connection, ask.governed)
            if ask.keys is not None:
                matched = _join(opened.connection, ask.governed, ask.keys)
                amounts = [_amounts(opened.connection, ask.keys.table, one) for one in ask.keys.figures]
        prepared = opened.prepared(ask.sql, [])
        pieces, count, truncated = [], 0, False
        for rows, data in opened.stream(prepared, ask.max_rows):
            pieces.append(data)
            count += rows
            truncated = truncated or not rows
        return Answer(prepared.columns, b"".join(pieces), count, truncated, matched, amounts)
    finally:
        opened.connection.close()


def _take(connection: Any, governed: Governed) -> None:
    """The governed result as a table with the types that its columns have."""
    columns = governed.columns
    fields = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(len(columns)))
    source = (
        f"read_csv({literal(governed.file)}, header = false, auto_detect = false, delim = ',', quote = '\"', "
        f"escape = '\"', nullstr = '', allow_quoted_nulls = false, parallel = false, columns = {{{fields}}}, "
        "max_line_size = 16000000)"
    )
    connection.execute(f"CREATE TABLE staged_ AS SELECT * FROM {source}")
    cells = ", ".join(
        f"CAST(c{n} AS {_type(connection, n, column)}) AS {name(column.name)}"
        for n, column in enumerate(columns)
    )
    connection.execute(f"CREATE TABLE {name(governed.name)} AS SELECT {cells} FROM staged_")
    connection.execute("DROP TABLE staged_")


def _type(connection: Any, place: int, column: Column) -> str:
    """Never one that would lose a digit."""
    match column.type:
        case ColumnType.DECIMAL:
            if column.precision is not None and column.scale is not None and column.precision <= 38:
                return f"DECIMAL({column.precision}, {column.scale})"
            places = f"max(length(regexp_extract(c{place}, '[.]([0-9]*)', 1)))"
            whole = f"max(length(regexp_extract(c{place}, '^-?([0-9]*)', 1)))"
            exponent = f"bool_or(c{place} ILIKE '%e%')"
            scale, digits, has = connection.execute(
                f"SELECT {places}, {whole}, {exponent} FROM staged_"
            ).fetchone()
            width = max(18, int(scale or 0) + int(digits or 1))
            return "DOUBLE" if has or width > 38 else f"DECIMAL({width}, {int(scale or 0)})"
        case ColumnType.TIMESTAMP:
            zoned = connection.execute(
                f"SELECT bool_or(regexp_matches(c{place}, 'T.*(Z|[-+][0-9:]+)$')) FROM staged_"
            ).fetchone()[0]
            return "TIMESTAMPTZ" if zoned else "TIMESTAMP"
    return _TYPES.get(column.type, "VARCHAR")


def _join(connection: Any, governed: Governed, keys: Keys) -> Matched:
    """Makes ``joined``. Texts are compared without regard to capitals and outer spaces, everything else as
    text, so that a code is found whether it is a number here and a word there."""
    local, other = name(keys.table), name(governed.name)
    pairs = list(zip(keys.local, keys.governed, strict=True))
    same = " AND ".join(f"{_key(f'l.{name(a)}')} = {_key(f'g.{name(b)}')}" for a, b in pairs)
    taken = {row[0].lower() for row in connection.execute(f"DESCRIBE {local}").fetchall()}
    theirs = ", ".join(
        f"g.{name(column.name)} AS {name(_free(column.name, taken))}"
        for column in governed.columns
        if column.name not in keys.governed or column.name.lower() not in taken
    )
    first = f", {theirs}" if theirs else ""
    connection.execute(
        f"CREATE VIEW joined AS SELECT l.*{first} FROM {local} AS l LEFT JOIN {other} AS g ON {same}"
    )
    keyed = ", ".join(_key(f"g.{name(b)}") for _, b in pairs)
    query = (
        f"SELECT (SELECT count(*) FROM {local}), "
        f"(SELECT count(*) FROM {local} AS l WHERE EXISTS (SELECT 1 FROM {other} AS g WHERE {same})), "
        f"(SELECT count(*) FROM {other}), "
        f"(SELECT count(*) FROM {other} AS g WHERE EXISTS (SELECT 1 FROM {local} AS l WHERE {same})), "
        f"(SELECT count(*) FROM (SELECT 1 FROM {other} AS g WHERE EXISTS "
        f"(SELECT 1 FROM {local} AS l WHERE {same}) GROUP BY {keyed} HAVING count(*) > 1) AS r)"
    )
    return Matched(*connection.execute(query).fetchone())


def _amounts(connection: Any, table: str, column: str) -> Amounts:
    x = name(column)
    query = (
        f"SELECT count(DISTINCT {x}) FILTER (WHERE {x} <> 0), coalesce(sum({x}), 0), "
        f"coalesce(max(abs({x})), 0), coalesce(sum(abs({x})), 0) FROM {name(table)}"
    )
    different, *sums = connection.execute(query).fetchone()
    return Amounts(column, different, *map(str, sums))


def _key(x: str) -> str:
    spaces = quoted(r"\s+")
    return f"lower(trim(regexp_replace(CAST({x} AS VARCHAR), {spaces}, ' ', 'g')))"


def _free(column: str, taken: set[str]) -> str:
    free, number = column, 2
    while free.lower() in taken:
        free, number = f"governed_{column}" + (f"_{number}" if number > 2 else ""), number + 1
    taken.add(free.lower())
    return free

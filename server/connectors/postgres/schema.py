"""PostgreSQL's catalogues to a Schema: three queries, however many tables there are."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from server.connectors.postgres.types import written
from shared.results import ColumnType
from shared.wire import ColumnInfo, ForeignKey, Schema, TableInfo

Rows = Callable[..., list[list[str | None]]]

MOST_SAMPLES = 200
LONGEST_SAMPLE = 100

# A name in public goes without its schema only when the search path finds it so. The columns of a table come
# as one value: what is read is a row a table, however many columns they have.
_TABLES = """
WITH shown AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples, has_table_privilege(c.oid, 'SELECT') AS whole
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
)
SELECT s.oid, CASE WHEN s.nspname = 'public' AND pg_table_is_visible(s.oid) THEN quote_ident(s.relname)
        ELSE quote_ident(s.nspname) || '.' || quote_ident(s.relname) END,
    CASE s.relkind WHEN 'v' THEN -1
        WHEN 'p' THEN (SELECT sum(greatest(leaf.reltuples, 0)) FROM pg_partition_tree(s.oid) t
            JOIN pg_catalog.pg_class leaf ON leaf.oid = t.relid WHERE t.isleaf)
        ELSE s.reltuples END::bigint,
    (SELECT told.description FROM pg_catalog.pg_description told
        WHERE told.classoid = 'pg_class'::regclass AND told.objoid = s.oid AND told.objsubid = 0),
    (SELECT json_agg(json_build_array(a.attnum, a.attname,
            (CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END)::bigint, t.typcategory,
            a.attnotnull, note.description) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_catalog.pg_description note ON note.classoid = 'pg_class'::regclass
            AND note.objoid = s.oid AND note.objsubid = a.attnum
        WHERE a.attrelid = s.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND (s.whole OR has_column_privilege(s.oid, a.attnum, 'SELECT')))
FROM shown s
ORDER BY s.nspname <> 'public', s.nspname, s.relname
"""

_KEYS = """
SELECT conrelid, contype, to_json(conkey), confrelid, to_json(confkey) FROM pg_catalog.pg_constraint
WHERE contype IN ('p', 'f') AND conparentid = 0 ORDER BY conrelid, conname
"""

# pg_stats shows only what the account may read. A value that occurs once is in no list of common
# values, but in the bounds of the histogram, which holds every one of them in a small table.
_SAMPLES = """
SELECT c.oid, a.attnum, s.n_distinct * CASE WHEN s.n_distinct < 0 THEN -greatest(c.reltuples, 0) ELSE 1 END,
    to_json(s.most_common_vals::text::text[]), to_json(s.histogram_bounds::text::text[])
FROM pg_catalog.pg_stats s
JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE t.typcategory IN ('S', 'E') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND s.inherited = (c.relkind = 'p')
  AND s.n_distinct * CASE WHEN s.n_distinct < 0 THEN -greatest(c.reltuples, 0) ELSE 1 END BETWEEN 1 AND $1
"""


class _Samples(msgspec.Struct, frozen=True):
    values: list[str]
    complete: bool


_NO_SAMPLES = _Samples([], complete=False)


class _Described(msgspec.Struct, frozen=True, array_like=True):
    """A column as _TABLES has it."""

    number: int
    name: str
    type_oid: int
    category: str
    not_null: bool
    comment: str | None


_columns = msgspec.json.Decoder(list[_Described])


def read(rows: Rows) -> Schema:
    """Only tables and columns that this account can read."""
    samples = _samples(rows(_SAMPLES, str(MOST_SAMPLES)))
    tables: dict[str, TableInfo] = {}
    names: dict[tuple[str, int], str] = {}
    for oid, name, estimate, comment, described in rows(_TABLES):
        table = _text(oid)
        columns = _columns.decode(described or "[]")
        if not columns:  # PostgreSQL has such tables; nothing can be asked of them
            continue
        names.update({(table, column.number): column.name for column in columns})
        tables[table] = TableInfo(
            name=_text(name),
            columns=[_column(one, samples.get((table, one.number), _NO_SAMPLES)) for one in columns],
            comment=_text(comment),
            row_estimate=_estimate(estimate),
        )
    _add_keys(rows(_KEYS), tables, names)
    return Schema(tables=list(tables.values()), dialect="postgres")


def _column(described: _Described, seen: _Samples) -> ColumnInfo:
    return ColumnInfo(
        name=described.name,
        type=_type(described.type_oid, described.category),
        nullable=not described.not_null,
        comment=_text(described.comment),
        samples=seen.values,
        samples_complete=seen.complete,
    )


def _add_keys(
    rows: list[list[str | None]], tables: dict[str, TableInfo], names: dict[tuple[str, int], str]
) -> None:
    """A key is told only when all its columns, on both sides, may be seen."""
    for from_oid, kind, from_numbers, to_oid, to_numbers in rows:
        table = tables.get(_text(from_oid))
        columns = _named(_text(from_oid), from_numbers, names)
        if table is None or not columns:
            continue
        if kind == "p":
            table.primary_key.extend(columns)
            continue
        target = tables.get(_text(to_oid))
        references = _named(_text(to_oid), to_numbers, names)
        if target is not None and references:
            table.foreign_keys.append(ForeignKey(columns, target.name, references))


def _named(table: str, numbers: str | None, names: dict[tuple[str, int], str]) -> list[str]:
    found = [names.get((table, number)) for number in _list(numbers)]
    return [name for name in found if name is not None] if None not in found else []


def _samples(rows: list[list[str | None]]) -> dict[tuple[str, int], _Samples]:
    found: dict[tuple[str, int], _Samples] = {}
    for oid, number, distinct, common, bounds in rows:
        values = list(dict.fromkeys([*_list(common), *_list(bounds)]))
        short = [value for value in values[:MOST_SAMPLES] if len(value) <= LONGEST_SAMPLE]
        complete = len(short) == len(values) and len(values) >= round(float(distinct or 0))
        found[_text(oid), int(_text(number))] = _Samples(short, complete)
    return found


def _list(text: str | None) -> list[Any]:
    return [] if text is None else msgspec.json.decode(text, type=list[Any])


@lru_cache(maxsize=1024)
def _type(oid: int, category: str) -> ColumnType:
    return written(oid, frozenset((oid,)) if category == "A" else frozenset()).type


def _estimate(text: str | None) -> int | None:
    return None if text is None or int(text) < 0 else int(text)


def _text(value: str | None) -> str:
    return value or ""

"""PostgreSQL's catalogues to a Schema: three queries, however many tables there are."""

from collections.abc import Callable
from typing import Any

import msgspec

from server.connectors.postgres_types import written
from shared.results import ColumnType
from shared.wire import ColumnInfo, ForeignKey, Schema, TableInfo

Rows = Callable[..., list[list[str | None]]]

MOST_SAMPLES = 200
LONGEST_SAMPLE = 100

# A name in public goes without its schema only when the search path finds it so.
_COLUMNS = """
SELECT c.oid, CASE WHEN n.nspname = 'public' AND pg_table_is_visible(c.oid) THEN quote_ident(c.relname)
        ELSE quote_ident(n.nspname) || '.' || quote_ident(c.relname) END,
    CASE c.relkind WHEN 'v' THEN -1
        WHEN 'p' THEN (SELECT sum(greatest(leaf.reltuples, 0)) FROM pg_partition_tree(c.oid) t
            JOIN pg_class leaf ON leaf.oid = t.relid WHERE t.isleaf)
        ELSE c.reltuples END::bigint,
    told.description, a.attnum, a.attname,
    CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, t.typcategory, a.attnotnull,
    note.description
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_description told
    ON told.classoid = 'pg_class'::regclass AND told.objoid = c.oid AND told.objsubid = 0
LEFT JOIN pg_catalog.pg_description note
    ON note.classoid = 'pg_class'::regclass AND note.objoid = c.oid AND note.objsubid = a.attnum
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND has_schema_privilege(n.oid, 'USAGE')
  AND (has_table_privilege(c.oid, 'SELECT') OR has_column_privilege(c.oid, a.attnum, 'SELECT'))
ORDER BY n.nspname <> 'public', n.nspname, c.relname, a.attnum
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


def read(rows: Rows) -> Schema:
    """Only tables and columns that this account can read."""
    samples = _samples(rows(_SAMPLES, str(MOST_SAMPLES)))
    tables: dict[str, TableInfo] = {}
    names: dict[tuple[str, int], str] = {}
    for oid, name, estimate, comment, number, column, type_oid, category, not_null, note in rows(_COLUMNS):
        table = _text(oid)
        if table not in tables:
            tables[table] = TableInfo(
                name=_text(name), columns=[], comment=_text(comment), row_estimate=_estimate(estimate)
            )
        names[table, int(_text(number))] = _text(column)
        seen = samples.get((table, int(_text(number))), _NO_SAMPLES)
        tables[table].columns.append(
            ColumnInfo(
                name=_text(column),
                type=_type(int(_text(type_oid)), _text(category)),
                nullable=not_null != "t",
                comment=_text(note),
                samples=seen.values,
                samples_complete=seen.complete,
            )
        )
    _add_keys(rows(_KEYS), tables, names)
    return Schema(tables=list(tables.values()), dialect="postgres")


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


def _type(oid: int, category: str) -> ColumnType:
    return written(oid, frozenset((oid,)) if category == "A" else frozenset()).type


def _estimate(text: str | None) -> int | None:
    return None if text is None or int(text) < 0 else int(text)


def _text(value: str | None) -> str:
    return value or ""

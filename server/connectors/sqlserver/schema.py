"""SQL Server's catalogue to a Schema: four queries, however many tables there are. The sys views show what
this login may see."""

from collections.abc import Callable, Sequence
from typing import Any

from server.connectors.sqlserver.types import declared
from shared.wire import ColumnInfo, ForeignKey, Schema, TableInfo

Rows = Callable[..., Sequence[Sequence[Any]]]

_COLUMNS = """
SELECT o.object_id, s.name AS owner, o.name AS table_name, c.column_id, c.name AS column_name,
    COALESCE(t.name, 'other') AS kind, c.is_nullable, n.value AS note,
    CASE WHEN s.name = SCHEMA_NAME() THEN 1 ELSE 0 END AS own
FROM sys.objects AS o
INNER JOIN sys.schemas AS s ON s.schema_id = o.schema_id
INNER JOIN sys.columns AS c ON c.object_id = o.object_id
LEFT JOIN sys.types AS t ON t.user_type_id = c.system_type_id
LEFT JOIN (SELECT major_id, minor_id, CAST(value AS nvarchar(1000)) AS value FROM sys.extended_properties
    WHERE class = 1 AND name = 'MS_Description') AS n ON n.major_id = o.object_id AND n.minor_id = c.column_id
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0
ORDER BY s.name, o.name, c.column_id
"""
_COMMENTS = """
SELECT major_id, CAST(value AS nvarchar(1000)) AS note FROM sys.extended_properties
WHERE class = 1 AND minor_id = 0 AND name = 'MS_Description'
"""
_COUNTS = """
SELECT object_id, SUM(rows) AS row_count FROM sys.partitions WHERE index_id IN (0, 1) GROUP BY object_id
"""
_PRIMARY_KEYS = """
SELECT i.object_id, x.column_id FROM sys.indexes AS i
INNER JOIN sys.index_columns AS x ON x.object_id = i.object_id AND x.index_id = i.index_id
WHERE i.is_primary_key = 1 ORDER BY i.object_id, x.key_ordinal
"""
_FOREIGN_KEYS = """
SELECT constraint_object_id, parent_object_id, parent_column_id, referenced_object_id, referenced_column_id
FROM sys.foreign_key_columns ORDER BY constraint_object_id, constraint_column_id
"""


def read(rows: Rows) -> Schema:
    """Names are as SQL needs them; tables of the login's own schema go without it."""
    comments: dict[int, str] = {row[0]: row[1] for row in rows(_COMMENTS)}
    counts: dict[int, int] = {row[0]: row[1] for row in rows(_COUNTS)}
    tables: dict[int, TableInfo] = {}
    names: dict[tuple[int, int], str] = {}
    for key, schema, table, number, column, kind, nullable, note, own in rows(_COLUMNS):
        if key not in tables:
            name = quoted(table) if own else f"{quoted(schema)}.{quoted(table)}"
            count = counts.get(key)
            tables[key] = TableInfo(
                name=name,
                columns=[],
                comment=comments.get(key) or "",
                row_estimate=None if count is None else int(count),
            )
        names[key, number] = column
        tables[key].columns.append(
            ColumnInfo(name=column, type=declared(kind), nullable=bool(nullable), comment=note or "")
        )
    for key, number in rows(_PRIMARY_KEYS):
        if (key, number) in names:
            tables[key].primary_key.append(names[key, number])
    _add_foreign_keys(rows(_FOREIGN_KEYS), tables, names)
    return Schema(tables=list(tables.values()), dialect="tsql")


def quoted(name: str) -> str:
    plain = name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()
    return name if plain else f"[{name.replace(']', ']]')}]"


def _add_foreign_keys(
    rows: Sequence[Sequence[Any]], tables: dict[int, TableInfo], names: dict[tuple[int, int], str]
) -> None:
    """A key is told only when all its columns, on both sides, may be seen."""
    found: dict[int, list[Sequence[Any]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    for parts in found.values():
        columns = [names.get((part[1], part[2])) for part in parts]
        referenced = [names.get((part[3], part[4])) for part in parts]
        if None in columns or None in referenced:
            continue
        tables[parts[0][1]].foreign_keys.append(
            ForeignKey(
                [name for name in columns if name], tables[parts[0][3]].name, [n for n in referenced if n]
            )
        )

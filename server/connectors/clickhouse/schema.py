"""ClickHouse's catalogue to a Schema: two queries, however many tables there are."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from server.connectors.clickhouse.types import column, parsed
from shared.results import ColumnType
from shared.wire import ColumnInfo, Schema, TableInfo

Rows = Callable[[str], list[dict[str, Any]]]

_OWN = "('system', 'information_schema', 'INFORMATION_SCHEMA', '_temporary_and_external_tables')"

# Versions differ in their columns: what is missing is not told.
_TABLES = f"SELECT * FROM system.tables WHERE database NOT IN {_OWN} AND name NOT LIKE '.inner%'"  # noqa: S608
_COLUMNS = f"SELECT * FROM system.columns WHERE database NOT IN {_OWN} AND table NOT LIKE '.inner%'"  # noqa: S608

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read(rows: Rows, database: str) -> Schema:
    """Only what this account can read: the server's own tables show nothing else. Tables of ``database`` go
    without its name."""
    known = {(row["database"], row["name"]): row for row in rows(_TABLES)}
    tables: dict[tuple[str, str], TableInfo] = {}
    keys: dict[tuple[str, str], list[str]] = {}
    for row in sorted(
        rows(_COLUMNS), key=lambda row: (row["database"], row["table"], row.get("position", 0))
    ):
        place = (row["database"], row["table"])
        about = known.get(place)
        if about is None or _is_hidden(row):
            continue
        if place not in tables:
            tables[place] = TableInfo(
                name=_name(*place, database),
                columns=[],
                comment=str(about.get("comment") or ""),
                row_estimate=_estimate(about.get("total_rows")),
            )
            keys[place] = _key(about)
        known_column = column(row["name"], row["type"])
        tables[place].columns.append(
            ColumnInfo(
                name=row["name"],
                type=known_column.type if known_column else ColumnType.TEXT,
                nullable=parsed(row["type"]).nullable,
                comment=str(row.get("comment") or ""),
            )
        )
    for place, table in tables.items():
        names = {known_column.name for known_column in table.columns}
        table.primary_key.extend(name for name in keys[place] if name in names)
    ordered = sorted(tables, key=lambda place: (place[0] != database, place))
    return Schema(tables=[tables[place] for place in ordered], dialect="clickhouse")


def _is_hidden(row: dict[str, Any]) -> bool:
    """``SELECT *`` leaves these out."""
    return row.get("default_kind") in ("ALIAS", "MATERIALIZED", "EPHEMERAL")


def _key(about: dict[str, Any]) -> list[str]:
    """The columns of the sorting key that stand in it as they are; ClickHouse does not make it unique."""
    text = str(about.get("primary_key") or about.get("sorting_key") or "")
    return [name for part in text.split(",") if _PLAIN.fullmatch(name := part.strip().strip("`"))]


def _estimate(rows: Any) -> int | None:
    return int(rows) if isinstance(rows, int) else None


@lru_cache(maxsize=1)
def _keywords() -> frozenset[str]:
    """What the guard's parser would not take for a name. ClickHouse itself takes nearly everything."""
    from sqlglot.dialects.clickhouse import ClickHouse

    return frozenset(ClickHouse.Tokenizer.KEYWORDS)


def _name(database: str, table: str, own: str) -> str:
    return _quoted(table) if database == own else f"{_quoted(database)}.{_quoted(table)}"


def _quoted(name: str) -> str:
    if _PLAIN.fullmatch(name) and name.upper() not in _keywords():
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'

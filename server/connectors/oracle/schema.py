"""Oracle's dictionary to a Schema: five queries, however many tables there are. Only ALL_… views, which
show what this account may see."""

from collections.abc import Callable, Sequence
from typing import Any

from server.connectors.oracle.types import portable
from shared.results import ColumnType
from shared.wire import ColumnInfo, ForeignKey, Schema, TableInfo

Rows = Callable[..., Sequence[Sequence[Any]]]

# Oracle's own accounts are marked, in every version that is served.
_USERS = """
SELECT username, CASE WHEN username = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') THEN 1 ELSE 0 END
FROM all_users WHERE oracle_maintained = 'N'
"""
_COLUMNS = """
SELECT c.owner, c.table_name, c.column_name, c.data_type, c.data_precision, c.data_scale, c.nullable,
    n.comments
FROM all_tab_columns c LEFT JOIN all_col_comments n
    ON n.owner = c.owner AND n.table_name = c.table_name AND n.column_name = c.column_name
ORDER BY c.owner, c.table_name, c.column_id
"""
_TABLES = """
SELECT o.owner, o.object_name, o.object_type, t.num_rows, n.comments
FROM all_objects o LEFT JOIN all_tables t ON t.owner = o.owner AND t.table_name = o.object_name
    LEFT JOIN all_tab_comments n ON n.owner = o.owner AND n.table_name = o.object_name
WHERE o.object_type IN ('TABLE', 'VIEW', 'MATERIALIZED VIEW')
"""
_KEYS = """
SELECT k.owner, k.constraint_name, k.constraint_type, k.table_name, k.r_owner, k.r_constraint_name,
    c.column_name
FROM all_constraints k JOIN all_cons_columns c ON c.owner = k.owner AND c.constraint_name = k.constraint_name
WHERE k.constraint_type IN ('P', 'U', 'R') ORDER BY k.owner, k.constraint_name, c.position
"""

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$#")
_WORDS = """
ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER COLUMN COMMENT COMPRESS CONNECT
CREATE CURRENT DATE DECIMAL DEFAULT DELETE DESC DISTINCT DROP ELSE EXCLUSIVE EXISTS FILE FLOAT FOR FROM
GRANT GROUP HAVING IDENTIFIED IMMEDIATE IN INCREMENT INDEX INITIAL INSERT INTEGER INTERSECT INTO IS
LEVEL LIKE LOCK LONG MAXEXTENTS MINUS MLSLABEL MODE MODIFY NOAUDIT NOCOMPRESS NOT NOWAIT NULL NUMBER OF
OFFLINE ON ONLINE OPTION OR ORDER PCTFREE PRIOR PUBLIC RAW RENAME RESOURCE REVOKE ROW ROWID ROWNUM ROWS
SELECT SESSION SET SHARE SIZE SMALLINT START SUCCESSFUL SYNONYM SYSDATE TABLE THEN TO TRIGGER UID UNION
UNIQUE UPDATE USER VALIDATE VALUES VARCHAR VARCHAR2 VIEW WHENEVER WHERE WITH
"""
_RESERVED = frozenset(_WORDS.split())


def read(rows: Rows) -> Schema:
    """Names are as SQL needs them; the account's own tables go without their owner."""
    own = {str(user): current == 1 for user, current in rows(_USERS)}
    known = {
        (owner, name): (kind, estimate, comment) for owner, name, kind, estimate, comment in rows(_TABLES)
    }
    tables: dict[tuple[str, str], TableInfo] = {}
    for owner, table, column, kind, precision, scale, nullable, comment in rows(_COLUMNS):
        about = known.get((owner, table))
        if owner not in own or about is None:
            continue
        if (owner, table) not in tables:
            name = quoted(table) if own[owner] else f"{quoted(owner)}.{quoted(table)}"
            tables[owner, table] = TableInfo(
                name=name, columns=[], comment=about[2] or "", row_estimate=_estimate(about[1])
            )
        tables[owner, table].columns.append(
            ColumnInfo(
                name=column,
                type=portable(kind or "", precision or 0, scale) or ColumnType.TEXT,
                nullable=nullable != "N",
                comment=comment or "",
            )
        )
    _add_keys(rows(_KEYS), tables)
    order = sorted(tables, key=lambda key: (not own[key[0]], key))
    return Schema(tables=[tables[key] for key in order], dialect="oracle")


def quoted(name: str) -> str:
    """As SQL must write it: names of capital letters may stand as they are, in any case."""
    if name and set(name) <= _PLAIN and name[0].isalpha() and name not in _RESERVED:
        return name.lower()
    return f'"{name}"'


def _add_keys(rows: Sequence[Sequence[Any]], tables: dict[tuple[str, str], TableInfo]) -> None:
    """A foreign key is told only when the table that it points to may be seen."""
    found: dict[tuple[str, str], list[Sequence[Any]]] = {}
    for row in rows:
        found.setdefault((row[0], row[1]), []).append(row)
    for (owner, _), parts in found.items():
        _, _, kind, table_name, other_owner, other_key, _ = parts[0]
        table = tables.get((owner, table_name))
        if table is None:
            continue
        columns = [part[6] for part in parts]
        if kind == "P":
            table.primary_key.extend(columns)
        target = found.get((other_owner, other_key), []) if kind == "R" else []
        referenced = tables.get((other_owner, target[0][3])) if target else None
        if referenced is not None:
            table.foreign_keys.append(ForeignKey(columns, referenced.name, [part[6] for part in target]))


def _estimate(count: Any) -> int | None:
    return None if count is None else int(count)

"""Tableau's views and data sources as tables: names, fields, and what of them a query needs. Pure.

A view is ``workbook.view``, a published data source ``data_sources.name``. Only rows of data sources are
filtered at the source: a filter on a view would change what it computes (shares of a total, ranks).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlglot import exp

from server.connectors.tableau.site import Thing
from server.engine import tables
from shared.errors import SourceUnavailable
from shared.results import ColumnType

DATA_SOURCES = "data_sources"
_LONGEST = 50
_TYPES = {
    "INTEGER": ColumnType.INTEGER,
    "REAL": ColumnType.FLOAT,
    "BOOLEAN": ColumnType.BOOLEAN,
    "DATE": ColumnType.DATE,
    "DATETIME": ColumnType.TIMESTAMP,
}


class Table(msgspec.Struct, frozen=True):
    thing: Thing
    schema: str
    table: str
    is_view: bool

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}"


class FieldOf(msgspec.Struct, frozen=True):
    """A field of a data source, by its caption."""

    name: str
    type: ColumnType


def named(views: Iterable[Thing], data_sources: Iterable[Thing]) -> dict[str, Table]:
    """By name; things that would share one each get a piece of their id."""
    wanted = [(one, _short(one.place or "views"), _short(one.name), True) for one in views]
    wanted += [(one, DATA_SOURCES, _short(one.name), False) for one in data_sources]
    counts = Counter((schema, table) for _, schema, table, _ in wanted)
    found = {}
    for one, schema, table, is_view in wanted:
        name = table if counts[schema, table] == 1 else f"{table}_{_mark(one.id)}"
        taken = is_view and schema in {*tables.TAKEN_SCHEMAS, DATA_SOURCES}
        made = Table(one, f"{schema}_views" if taken else schema, name, is_view)
        found[made.name] = made
    return found


def fields(metadata: Any) -> list[FieldOf]:
    """Of an answer of read-metadata."""
    data = metadata.get("data") if isinstance(metadata, dict) else None
    found: dict[str, FieldOf] = {}
    for one in data if isinstance(data, list) else []:
        caption = one.get("fieldCaption") if isinstance(one, dict) else None
        if isinstance(caption, str) and caption and caption.lower() not in found:
            kind = _TYPES.get(str(one.get("dataType")), ColumnType.TEXT)
            found[caption.lower()] = FieldOf(caption, kind)
    return list(found.values())


def needed(tree: exp.Expr, known: Sequence[FieldOf]) -> list[FieldOf]:
    """The fields that a query can touch: all with a star, else those whose names it writes."""
    for star in tree.find_all(exp.Star):
        if not isinstance(star.parent, exp.Count):
            return list(known)
    if any(join.args.get("using") or join.args.get("method") for join in tree.find_all(exp.Join)):
        return list(known)
    named_in_query = {one.name.lower() for one in tree.find_all(exp.Column, exp.Identifier)}
    return [one for one in known if one.name.lower() in named_in_query] or list(known[:1])


def filters(tree: exp.Expr, known: Sequence[FieldOf], params: Mapping[str, object]) -> list[dict[str, Any]]:
    """Conditions of the form ``text = 'x'`` and ``text IN (…)`` that hold for every row of the result; only
    for a plain query over one table. The engine checks them again."""
    if not isinstance(tree, exp.Select) or tree.args.get("joins") or tree.args.get("with_"):
        return []
    start = tree.args.get("from_")
    if start is None or not isinstance(start.this, exp.Table):
        return []
    if len(list(tree.find_all(exp.Table))) != 1 or tree.args.get("where") is None:
        return []
    texts = {one.name.lower(): one.name for one in known if one.type is ColumnType.TEXT}
    found = []
    for condition in (
        tree.args["where"].this.flatten()
        if isinstance(tree.args["where"].this, exp.And)
        else [tree.args["where"].this]
    ):
        column, values = _equality(condition, params)
        if column.lower() in texts and values:
            field = {"fieldCaption": texts[column.lower()]}
            found.append({"field": field, "filterType": "SET", "values": values, "exclude": False})
    return found


def _equality(condition: exp.Expr, params: Mapping[str, object]) -> tuple[str, list[str]]:
    nothing: tuple[str, list[str]] = ("", [])
    if isinstance(condition, exp.EQ):
        column, sides = condition.this, [condition.expression]
    elif isinstance(condition, exp.In) and not condition.args.get("query"):
        column, sides = condition.this, condition.expressions
    else:
        return nothing
    if not isinstance(column, exp.Column):
        return nothing
    values = []
    for side in sides:
        value = side.this if isinstance(side, exp.Literal) and side.is_string else None
        if isinstance(side, exp.Placeholder):
            value = params.get(side.name)
        if not isinstance(value, str):
            return nothing
        values.append(value)
    return column.name, values


def write_rows(answer: Any, asked: Sequence[FieldOf], target: Path) -> None:
    """The rows of query-datasource, as Parquet. Raises SourceUnavailable for what are none."""
    import pyarrow
    from pyarrow import parquet

    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SourceUnavailable("Tableau's answer could not be understood.")
    kinds = {
        ColumnType.INTEGER: pyarrow.int64(),
        ColumnType.FLOAT: pyarrow.float64(),
        ColumnType.BOOLEAN: pyarrow.bool_(),
        ColumnType.DATE: pyarrow.date32(),
        ColumnType.TIMESTAMP: pyarrow.timestamp("us"),
    }
    try:
        columns = {
            one.name: pyarrow.array(
                [_value(row.get(one.name), one.type) for row in rows], kinds.get(one.type, pyarrow.string())
            )
            for one in asked
        }
    except (ValueError, TypeError, OverflowError, pyarrow.ArrowException) as error:
        raise SourceUnavailable("Tableau's values are not of the types that it names.") from error
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = target.with_suffix(".new")
    parquet.write_table(pyarrow.table(columns), beside, compression="zstd")
    beside.replace(target)


def _value(value: Any, kind: ColumnType) -> Any:  # noqa: PLR0911 - one type after the other
    match kind:
        case _ if value is None:
            return None
        case ColumnType.INTEGER:
            return int(value)
        case ColumnType.FLOAT:
            return float(value)
        case ColumnType.BOOLEAN:
            return value if isinstance(value, bool) else str(value).lower() == "true"
        case ColumnType.DATE:
            return date.fromisoformat(str(value)[:10])
        case ColumnType.TIMESTAMP:
            return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    return value if isinstance(value, str) else str(value)


def _short(text: str) -> str:
    name = tables.identifier(text)
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 7].rstrip('_')}_{_mark(text)}"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]

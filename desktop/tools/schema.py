"""The tool ``schema``: what tables and columns a connection has, as compact text."""

from collections.abc import Callable
from typing import Annotated, cast

import msgspec

from desktop.tools.base import ToolContext, ToolOutput
from shared.errors import ToolRefused
from shared.wire import ColumnInfo, Schema, TableInfo

_SAMPLES = 12
_SAMPLE_LENGTH = 40


class SchemaArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tables: Annotated[
        list[str], msgspec.Meta(description="Names of the tables to describe; empty for a list of all.")
    ] = []


class SchemaTool:
    """For schemas that are too large to be told at the start, and for a second look."""

    name = "schema"
    description = "Describe tables: columns, types, keys, frequent values."
    arguments: type[msgspec.Struct] = SchemaArguments

    def __init__(self, schema: Callable[[str], Schema]) -> None:
        self._schema = schema

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:  # noqa: ARG002 - same for all
        return f"Reading the schema of {context.connection}"

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        wanted = cast("SchemaArguments", arguments).tables
        tables = self._schema(context.connection).tables
        if not wanted:
            text = "\n".join(f"{table.name} ({len(table.columns)} columns)" for table in tables)
            return ToolOutput(for_model=text, summary=f"{len(tables)} tables", detail=text)
        known = {table.name.lower(): table for table in tables}
        unknown = [name for name in wanted if name.lower() not in known]
        if unknown:
            raise ToolRefused(f"There is no table called {', '.join(unknown)}.")
        text = "\n\n".join(table_text(known[name.lower()]) for name in wanted)
        return ToolOutput(for_model=text, summary=", ".join(wanted), detail=text)


def schema_text(schema: Schema, *, limit: int = 24_000) -> str:
    """The whole schema; only names when it would be longer than ``limit`` characters."""
    text = "\n\n".join(table_text(table) for table in schema.tables)
    if len(text) <= limit:
        return text
    names = "\n".join(f"{table.name}: {', '.join(c.name for c in table.columns)}" for table in schema.tables)
    if len(names) <= limit:
        return f"{names}\n(ask the tool schema for types, keys and values)"
    tables = "\n".join(table.name for table in schema.tables)
    return f"{tables[:limit]}\n(ask the tool schema for columns)"


def table_text(table: TableInfo) -> str:
    head = table.name
    if table.row_estimate is not None:
        head += f" (about {table.row_estimate} rows)"
    if table.comment:
        head += f" -- {table.comment}"
    lines = [head, *(f"  {_column_text(column)}" for column in table.columns)]
    if table.primary_key:
        lines.append(f"  primary key ({', '.join(table.primary_key)})")
    lines += [
        f"  ({', '.join(key.columns)}) -> {key.references_table} ({', '.join(key.references_columns)})"
        for key in table.foreign_keys
    ]
    return "\n".join(lines)


def _column_text(column: ColumnInfo) -> str:
    text = f"{column.name} {column.type.value}"
    if column.comment:
        text += f" -- {column.comment}"
    if column.samples:
        values = ", ".join(repr(value[:_SAMPLE_LENGTH]) for value in column.samples[:_SAMPLES])
        every = column.samples_complete and len(column.samples) <= _SAMPLES
        text += f" {'values' if every else 'values such as'} {values}"
    return text

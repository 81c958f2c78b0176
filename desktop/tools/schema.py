"""The tool ``schema``: what tables and columns a connection has, as compact text."""

from collections.abc import Callable, Sequence
from typing import Annotated, cast

import msgspec

from desktop.tools.base import ToolContext, ToolOutput
from desktop.tools.fence import one_line
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
            count = "1 table" if len(tables) == 1 else f"{len(tables)} tables"
            text = "\n".join(f"{table.name} ({len(table.columns)} columns)" for table in tables)
            return ToolOutput(for_model=text, summary=count, detail=text)
        known = {table.name.lower(): table for table in tables}
        unknown = [name for name in wanted if name.lower() not in known]
        if unknown:
            raise ToolRefused(f"There is no table called {', '.join(unknown)}.")
        found = [known[name.lower()] for name in wanted]
        return ToolOutput(
            for_model="\n\n".join(table_text(table, samples=False) for table in found),
            cells=_samples(found) or None,
            summary=", ".join(wanted),
            detail="\n\n".join(table_text(table) for table in found),
        )


def schema_text(schema: Schema, *, samples: bool, limit: int = 24_000) -> str:
    """The whole schema; only names when it would be longer than ``limit`` characters. ``samples`` are
    values out of cells."""
    text = "\n\n".join(table_text(table, samples=samples) for table in schema.tables)
    if len(text) <= limit:
        return text
    names = "\n".join(
        f"{one_line(table.name)}: {_names([column.name for column in table.columns])}"
        for table in schema.tables
    )
    if len(names) <= limit:
        return f"{names}\n(ask the tool schema for types, keys and values)"
    tables = "\n".join(one_line(table.name) for table in schema.tables)
    return f"{tables[:limit]}\n(ask the tool schema for columns)"


def table_text(table: TableInfo, *, samples: bool = True) -> str:
    """One line for the table, one for each column and key: no name and no comment makes a line of its own."""
    head = one_line(table.name)
    if table.row_estimate is not None:
        head += f" (about {table.row_estimate} rows)"
    if table.comment:
        head += f" -- {one_line(table.comment)}"
    lines = [head, *(f"  {_column_text(column, samples=samples)}" for column in table.columns)]
    if table.primary_key:
        lines.append(f"  primary key ({_names(table.primary_key)})")
    lines += [
        f"  ({_names(key.columns)}) -> {one_line(key.references_table)} ({_names(key.references_columns)})"
        for key in table.foreign_keys
    ]
    return "\n".join(lines)


def _names(names: Sequence[str]) -> str:
    return ", ".join(one_line(name) for name in names)


def _column_text(column: ColumnInfo, *, samples: bool) -> str:
    text = f"{one_line(column.name)} {column.type.value}"
    if column.comment:
        text += f" -- {one_line(column.comment)}"
    if column.samples and samples:
        values = ", ".join(repr(value) for value in _some(column))
        text += f" {'values' if _is_every(column) else 'values such as'} {values}"
    return text


def _samples(tables: Sequence[TableInfo]) -> dict[str, list[str]]:
    """The frequent values of each column that has some."""
    found: dict[str, list[str]] = {}
    for table in tables:
        for column in table.columns:
            if column.samples:
                which = "every value" if _is_every(column) else "values such as"
                found[f"{table.name}.{column.name} ({which})"] = _some(column)
    return found


def _some(column: ColumnInfo) -> list[str]:
    return [value[:_SAMPLE_LENGTH] for value in column.samples[:_SAMPLES]]


def _is_every(column: ColumnInfo) -> bool:
    return column.samples_complete and len(column.samples) <= _SAMPLES

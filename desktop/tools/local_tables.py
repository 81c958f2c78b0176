"""The tool ``local_tables``: the person's granted spreadsheets as tables, by names and types. No values."""

from typing import Annotated, Any, cast

import msgspec

from desktop.files.grants import NOTHING_GRANTED
from desktop.sheets.known import NamedTable
from desktop.sheets.sheets import Sheets
from desktop.tools.base import ToolContext, ToolOutput
from shared.errors import AppError, NothingGranted, ToolRefused

_MOST_FILES = 300
_MOST_OPENED = 8


class LocalTablesArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    files: Annotated[
        list[str],
        msgspec.Meta(description="Names of spreadsheets to open and describe; empty for the names of all."),
    ] = []


class LocalTablesTool:
    """What is told to a model holds no cell: headings, types, counts, and what was left out."""

    name = "local_tables"
    description = (
        "Describe the spreadsheets and CSV files on the person's own PC that they granted: tables, "
        "columns, types, counts. Call it with file names before query_local or private_join."
    )
    arguments: type[msgspec.Struct] = LocalTablesArguments

    def __init__(self, sheets: Sheets) -> None:
        self._sheets = sheets

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:  # noqa: ARG002 - same for all
        wanted = cast("LocalTablesArguments", arguments).files
        return f"Reading {', '.join(wanted)}"[:120] if wanted else "Looking at the spreadsheets on this PC"

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        wanted = cast("LocalTablesArguments", arguments).files
        if not wanted:
            self._refuse_nothing()
            files = self._sheets.files(_MOST_FILES, context.cancelled)
            opened = [_described(table, rough=True) for table in self._sheets.tables()]
            counted = "1 spreadsheet" if len(files) == 1 else f"{len(files)} spreadsheets"
            return ToolOutput(for_model={"files": files, "opened_tables": opened}, summary=counted)
        if len(wanted) > _MOST_OPENED:
            raise ToolRefused(f"Open at most {_MOST_OPENED} files at a time.")
        paths = [self._opened(name, context) for name in wanted]
        tables = self._sheets.tables(paths)
        return ToolOutput(
            for_model={"tables": [_described(table) for table in tables], "sql": "DuckDB"},
            summary=", ".join(table.name for table in tables)[:120] or "no table",
        )

    def _refuse_nothing(self) -> None:
        if not self._sheets.grants.list():
            raise NothingGranted(NOTHING_GRANTED)

    def _opened(self, name: str, context: ToolContext) -> str:
        self._refuse_nothing()
        found = self._sheets.find(name, context.cancelled)
        if len(found) > 1:
            raise ToolRefused(
                f"Several files are called {name}: {', '.join(found[:6])}. Name one with its folder."
            )
        if not found:
            raise ToolRefused(f"There is no granted spreadsheet called {name}.")
        try:
            return self._sheets.open(found[0], cancelled=context.cancelled).path
        except AppError as error:
            raise ToolRefused(f"{name}: {error}") from error


def _described(named: NamedTable, *, rough: bool = False) -> dict[str, Any]:
    table = named.table
    told: dict[str, Any] = {"table": named.name, "file": named.path, "rows": table.row_count}
    if rough:
        return told
    columns = [
        {
            "name": column.name,
            "type": column.type.value,
            "empty": table.row_count - column.filled,
            "not_of_its_type": column.unread,
            "notes": column.notes,
        }
        for column in table.columns
    ]
    left_out = {one.why: one.count for one in table.left_out if one.why != "title"}
    return told | {"sheet": table.sheet, "columns": columns, "rows_left_out": left_out, "notes": table.notes}

"""What is known of the spreadsheets that were opened: messages, and small questions about them. Nothing is
kept here."""

import hashlib
from collections.abc import Sequence

import msgspec

from desktop.sheets.understood import Correction, TableFound, Understood
from desktop.store.sheets import SheetRecord
from shared.errors import FileUnreadable, NotFound
from shared.wire import ColumnInfo, TableInfo

THIS_PC = "This PC"
"""The name of the connection that the person's own tables have."""
ENDINGS = ("csv", "tsv", "tab", "xlsx", "xlsm", "xlsb", "xls", "ods")
MOST_BYTES = {"text": 20_000_000_000, "workbook": 200_000_000}

_json = msgspec.json.Encoder()


class Wishes(msgspec.Struct, frozen=True):
    """What the person said about one file."""

    corrections: list[Correction] = []
    hidden_sheets: list[str] = []


class Known(msgspec.Struct, frozen=True):
    """A file that was understood."""

    path: str
    record: SheetRecord
    understood: Understood
    wishes: Wishes


class NamedTable(msgspec.Struct, frozen=True):
    """``name`` is what SQL calls it: that of the table, with a number where two files would share it."""

    name: str
    path: str
    table: TableFound
    file: str


def is_sheet(name: str) -> bool:
    return name.rpartition(".")[2].lower() in ENDINGS


def get_table(tables: Sequence[NamedTable], name: str) -> NamedTable:
    for table in tables:
        if table.name.lower() == name.lower():
            return table
    raise NotFound(f"There is no table called {name!r} on this PC.")


def hash_of(wishes: Wishes) -> str:
    return hashlib.sha256(_json.encode(wishes)).hexdigest()[:12]


def wishes_of(record: SheetRecord | None) -> Wishes:
    return msgspec.json.decode(record.wishes, type=Wishes) if record is not None else Wishes()


def understood_of(record: SheetRecord) -> Understood:
    return msgspec.json.decode(record.understood, type=Understood)


def refuse_size(name: str, size: int) -> None:
    kind = "text" if name.lower().endswith((".csv", ".tsv", ".tab")) else "workbook"
    if size > MOST_BYTES[kind]:
        raise FileUnreadable(
            f"{name} has {size / 1e9:.1f} GB; {MOST_BYTES[kind] / 1e9:g} GB are read at most."
        )


def info(named: NamedTable) -> TableInfo:
    columns = [
        ColumnInfo(column.name, column.type, comment="; ".join(column.notes))
        for column in named.table.columns
    ]
    sheet = f", sheet {named.table.sheet}" if named.table.sheet else ""
    return TableInfo(
        named.name,
        columns,
        comment=f"{named.path}{sheet}, {named.table.range}",
        row_estimate=named.table.row_count,
    )

"""What was understood of a file of tables, and what the person says instead. Messages only: nothing is read
here."""

from typing import Literal

import msgspec

from shared.results import ColumnType

TypeWish = Literal["text", "number", "date", "day_first", "month_first", "decimal_comma"]


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one table, by its sheet and its number in it. ``header_row`` counts as spreadsheets do, from 1; 0
    says that there is no heading. ``fill_down`` False leaves empty cells below a name empty."""

    sheet: str
    table: int
    header_row: int | None = None
    keep_totals: bool = False
    fill_down: bool | None = None
    types: dict[str, TypeWish] = {}
    """By the column's name."""


class Wanted(msgspec.Struct, frozen=True):
    """What the process is to do with the file that comes along. ``target`` is a private folder to write
    into."""

    name: str
    target: str
    corrections: list[Correction] = []
    hidden_sheets: list[str] = []
    """Those that the person wants as well."""


class LeftOut(msgspec.Struct, frozen=True):
    """Rows that are no data. ``why``: ``title total average repeated note section blank``; ``rows`` counts
    from 1, and holds the first ones; ``texts`` show the person which."""

    why: str
    count: int
    rows: list[int] = []
    texts: list[str] = []


class ColumnFound(msgspec.Struct, frozen=True):
    """``unread`` cells are empty in the table because they are no value of its type; ``examples`` are some of
    them, for the person. ``doubt``: the type could be read in another way, named by a TypeWish."""

    name: str
    type: ColumnType
    notes: list[str] = []
    filled: int = 0
    unread: int = 0
    examples: list[str] = []
    doubt: str = ""


class TableFound(msgspec.Struct, frozen=True):
    """``range`` as spreadsheets write it, ``heading_rows`` count from 1. ``file`` is the Parquet's name below
    the target."""

    name: str
    sheet: str
    number: int
    range: str
    heading_rows: list[int]
    row_count: int
    columns: list[ColumnFound]
    left_out: list[LeftOut] = []
    notes: list[str] = []
    kept_totals: bool = False
    file: str = ""


class SheetFound(msgspec.Struct, frozen=True):
    """``hidden`` sheets are looked at only when the person wants them."""

    name: str
    tables: list[TableFound] = []
    hidden: bool = False
    taken: bool = True
    notes: list[str] = []


class Understood(msgspec.Struct, frozen=True):
    """``kind``: ``csv tsv xlsx xlsb xls ods``."""

    name: str
    kind: str
    sheets: list[SheetFound]
    notes: list[str] = []

    def tables(self) -> list[TableFound]:
        return [table for sheet in self.sheets for table in sheet.tables]


def letters(column: int) -> str:
    """0 is A, 26 is AA."""
    text = ""
    column += 1
    while column:
        column, place = divmod(column - 1, 26)
        text = chr(65 + place) + text
    return text

"""What the worker is asked, and what it answers: messages only."""

import msgspec

from desktop.sheets.understood import Understood, Wanted
from shared.results import Column


class Understand(msgspec.Struct, frozen=True, tag=True):
    """The file comes along, open. Answered with Understood."""

    wanted: Wanted


class LocalTable(msgspec.Struct, frozen=True):
    """A table that SQL may name; ``file`` is its Parquet."""

    name: str
    file: str


class Governed(msgspec.Struct, frozen=True):
    """A governed result, as lines of CSV in ``file``; ``columns`` say what they are."""

    name: str
    file: str
    columns: list[Column]


class Keys(msgspec.Struct, frozen=True):
    """Columns that are the same thing in both: ``local[0]`` and ``governed[0]``, and so on."""

    table: str
    local: list[str]
    governed: list[str]


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Answered with Answer. ``spill`` is a private folder. With ``governed`` and ``keys`` there is also a
    table ``joined``: every row of the local one, with what fits it."""

    sql: str
    tables: list[LocalTable]
    max_rows: int
    spill: str
    governed: Governed | None = None
    keys: Keys | None = None


class Matched(msgspec.Struct, frozen=True):
    """Rows of both sides, and how many of them found another. ``repeated``: so many keys of the governed
    result stand in several of its rows, which counts rows of the sheet several times."""

    local: int
    local_matched: int
    governed: int
    governed_matched: int
    repeated: int = 0


class Answer(msgspec.Struct, frozen=True):
    """``rows`` are shared.results.JsonRows.data."""

    columns: list[Column]
    rows: bytes
    row_count: int
    truncated: bool
    matched: Matched | None = None


Order = Understand | Ask

__all__ = ["Answer", "Ask", "Governed", "Keys", "LocalTable", "Matched", "Order", "Understand", "Understood"]

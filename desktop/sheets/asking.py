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
    figures: list[str] = []
    """Columns of the local table of which Amounts are wanted."""


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


class Amounts(msgspec.Struct, frozen=True):
    """Of one column of the local table, each of its rows once: how many ``different`` amounts beside zero,
    their sum, and of the amounts without their signs the ``largest`` and the sum, as digits."""

    column: str
    different: int
    total: str
    largest: str
    of_all: str


class Answer(msgspec.Struct, frozen=True):
    """``rows`` are shared.results.JsonRows.data."""

    columns: list[Column]
    rows: bytes
    row_count: int
    truncated: bool
    matched: Matched | None = None
    amounts: list[Amounts] = []


Order = Understand | Ask

__all__ = [
    "Amounts",
    "Answer",
    "Ask",
    "Governed",
    "Keys",
    "LocalTable",
    "Matched",
    "Order",
    "Understand",
    "Understood",
]

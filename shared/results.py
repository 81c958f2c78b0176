"""A result on its way: columns, then batches of rows. Encoding it for HTTP stays in server/encodings.

Nothing on the way turns a whole result into Python objects: batches are produced when they
are asked for, so memory stays flat however long the result is.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from types import GeneratorType, TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec

if TYPE_CHECKING:
    import pyarrow as pa


class ColumnType(StrEnum):
    """The portable types. On the wire (JSON) they travel so:

    ``integer decimal float`` as numbers (decimals with every digit; NaN and infinities as
    null), ``boolean`` as true/false, ``date`` as ``2026-03-31``, ``time`` as ``18:40:00``,
    ``timestamp`` as ISO 8601 with its offset when it has one, ``binary`` as base64 text,
    ``json`` as the JSON value itself, everything else as ``text``.
    """

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIME = "time"
    BINARY = "binary"
    JSON = "json"

    @property
    def is_number(self) -> bool:
        return self in (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.FLOAT)

    @property
    def is_temporal(self) -> bool:
        return self in (ColumnType.DATE, ColumnType.TIMESTAMP)


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """One column of a result.

    What a source knows beyond the portable type, or None: ``precision`` and ``scale`` of a decimal or an
    integer, in decimal digits; ``zoned``, whether a timestamp has an offset. They decide the types of
    Arrow, Parquet and Excel before the first row is there.
    """

    name: str
    type: ColumnType
    precision: int | None = None
    scale: int | None = None
    zoned: bool | None = None


class Rows(msgspec.Struct, frozen=True):
    """A batch as Python values, one sequence a row.

    Values are ``int Decimal float str bool date datetime time bytes None``, or for a
    ``json`` column whatever JSON can say.
    """

    rows: Sequence[Sequence[object]]

    @property
    def count(self) -> int:
        return len(self.rows)


class JsonRows(msgspec.Struct, frozen=True):
    """A batch that the source has already written.

    ``data`` is one JSON array a row, each ended by a newline; a raw newline stands nowhere
    else, so a reader may split on it, and a writer may replace it.
    """

    data: bytes
    count: int


class ArrowBatch(msgspec.Struct, frozen=True):
    """A batch in columns: a ``pyarrow.RecordBatch``, for sources whose drivers make such.

    All batches of one result have the same Arrow schema, whose fields stand in the order of the result's
    columns. Its types are the source's own; see shared.arrow_json for what becomes of them in JSON.
    """

    data: Any

    @property
    def record_batch(self) -> "pa.RecordBatch":
        return self.data

    @property
    def count(self) -> int:
        rows: int = self.data.num_rows
        return rows


Batch = Rows | JsonRows | ArrowBatch


class Result:
    """Columns, and batches that can be walked once.

    ``truncated`` is meaningful after the last batch: True when ``max_rows`` cut the result.
    Close it (or use ``with``) whether or not it was read to its end: closing gives the
    connection back, and stops the work inside the source when there is work left. Not while a
    batch is being read.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        batches: Iterator[Batch],
        *,
        close: Callable[[], None] | None = None,
    ) -> None:
        self.columns = tuple(columns)
        self.truncated = False
        self._batches = batches
        self._close = close

    def batches(self) -> Iterator[Batch]:
        return self._batches

    def close(self) -> None:
        """Safe to call more than once."""
        close, self._close = self._close, None
        try:
            if close is not None:
                close()
        finally:
            batches = self._batches
            # What it holds must not wait for the garbage collector; one that closes itself runs still.
            if isinstance(batches, GeneratorType) and not batches.gi_running:
                batches.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

"""A source with a column of each type, in each kind of batch. For the formats of answers.

Its tables: ``rows``, ``lines`` and ``arrays`` give the same three rows as Rows, JsonRows and ArrowBatch;
``none`` has columns and no rows; ``long`` counts to ``max_rows`` in batches; ``failing`` stops after two of
them; ``odd`` has in its second batch a value that fits no type the first one lets us choose.
"""

import datetime as dt
import threading
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa

from server.connectors.base import Kind, Limits, ParamValue, Progress
from shared.errors import QueryCancelled, QueryFailed
from shared.guard import ReadOnlySql
from shared.results import ArrowBatch, Batch, Column, ColumnType, JsonRows, Result, Rows
from shared.wire import Schema

INDIA = dt.timezone(dt.timedelta(hours=5, minutes=30))
COLUMNS = [
    Column("id", ColumnType.INTEGER),
    Column("amount", ColumnType.DECIMAL, precision=12, scale=2),
    Column("share", ColumnType.FLOAT),
    Column("name", ColumnType.TEXT),
    Column("open", ColumnType.BOOLEAN),
    Column("day", ColumnType.DATE),
    Column("at", ColumnType.TIMESTAMP, zoned=True),
    Column("local", ColumnType.TIMESTAMP),
    Column("hour", ColumnType.TIME),
    Column("raw", ColumnType.BINARY),
    Column("doc", ColumnType.JSON),
    Column("sum", ColumnType.DECIMAL),
]
LOCAL = dt.datetime(2026, 3, 31, 18, 40, 1, 250_000)  # noqa: DTZ001 - without a zone, on purpose
VALUES: list[list[Any]] = [
    [
        2**53 + 1,
        Decimal("10.50"),
        0.5,
        '=HYPERLINK("http://x","click")',
        True,
        dt.date(2026, 3, 31),
        LOCAL.replace(tzinfo=INDIA),
        LOCAL,
        dt.time(18, 40),
        b"\0\xff",
        {"a": [1, None]},
        Decimal("12345678901234567890.123456789"),
    ],
    [None] * 12,
    [
        -1,
        Decimal("-0.01"),
        1e300,
        "",
        False,
        dt.date(1, 1, 1),
        LOCAL.replace(tzinfo=dt.UTC),
        LOCAL,
        dt.time(0),
        b"",
        [],
        Decimal(0),
    ],
]
NUMBERS = [Column("n", ColumnType.INTEGER), Column("t", ColumnType.TEXT)]


class TypedConnector:
    dialect = "duckdb"

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.read = 0

    def ping(self) -> None:
        """It is there."""

    def schema(self) -> Schema:
        return Schema([])

    def warnings(self) -> list[str]:
        return []

    def reset(self) -> bool:
        self.cancelled.clear()
        return True

    def close(self) -> None:
        """Nothing is open."""

    def cancel(self) -> None:
        self.cancelled.set()

    def progress(self) -> Progress | None:
        return Progress(self.read, self.read * 8, 50.0)

    def query(self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits) -> Result:
        table = sql.rpartition("FROM ")[2].split()[0].strip('"')
        columns = NUMBERS if table in ("long", "failing", "endless") else COLUMNS
        if table == "odd":
            columns = [Column("sum", ColumnType.DECIMAL)]
        return Result(columns, self._batches(table, limits.max_rows))

    def _batches(self, table: str, most: int) -> Iterator[Batch]:
        match table:
            case "rows":
                yield Rows(VALUES)
            case "lines":
                lines = msgspec.json.Encoder(decimal_format="number").encode_lines(VALUES)
                yield JsonRows(lines, len(VALUES))
            case "arrays":
                yield ArrowBatch(arrow_batch())
            case "none":
                return
            case "long":
                for start in range(0, most, 10_000):
                    yield _lines(range(start, min(start + 10_000, most)))
            case "failing":
                yield _lines(range(10_000))
                yield _lines(range(10_000))
                raise QueryFailed("Division by zero.")
            case "endless":
                while not self.cancelled.wait(0.005):
                    self.read += 1_000
                    yield _lines(range(1_000))
                raise QueryCancelled("The source stopped the query.")
            case "odd":
                yield JsonRows(b"[1.5]\n" * 10_000, 10_000)
                yield JsonRows(b"[0.123456789012]\n", 1)


def arrow_batch() -> pa.RecordBatch:
    types = [
        pa.int64(),
        pa.decimal128(12, 2),
        pa.float64(),
        pa.string(),
        pa.bool_(),
        pa.date32(),
        pa.timestamp("us", "UTC"),
        pa.timestamp("us"),
        pa.time64("us"),
        pa.binary(),
        pa.string(),
        pa.decimal128(38, 9),
    ]
    values = [list(row) for row in VALUES]
    for row in values:
        row[10] = None if row[10] is None else msgspec.json.encode(row[10]).decode()
    arrays = [pa.array(column, kind) for column, kind in zip(zip(*values, strict=True), types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, [column.name.upper() for column in COLUMNS])


def _lines(numbers: range) -> JsonRows:
    return JsonRows(b"".join(b'[%d,"row, %d"]\n' % (n, n) for n in numbers), len(numbers))


def typed_kind() -> Kind:
    return Kind(
        type="typed",
        label="Typed",
        dialect="duckdb",
        fields=(),
        open=lambda params, timeout: TypedConnector(),
    )

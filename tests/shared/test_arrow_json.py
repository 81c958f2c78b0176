"""Arrow batches as JSON rows: every type that drivers make, one line a row."""

import datetime as dt
from decimal import Decimal

import msgspec
import pyarrow as pa
import pytest

from shared.arrow_json import json_lines
from shared.backend_client import decode_batch
from shared.results import ArrowBatch, Column, ColumnType

INDIA = dt.timezone(dt.timedelta(hours=5, minutes=30))
MOMENT = dt.datetime(2026, 3, 31, 18, 40, 1, 120000)  # noqa: DTZ001 - without a zone, on purpose


@pytest.mark.parametrize(
    ("array", "kind", "shown"),
    [
        (pa.array([1, None, -5]), ColumnType.INTEGER, ["1", "null", "-5"]),
        (pa.array([2**64 - 1, 0], pa.uint64()), ColumnType.INTEGER, ["18446744073709551615", "0"]),
        (pa.array([1.5, float("nan"), float("-inf")]), ColumnType.FLOAT, ["1.5", "null", "null"]),
        (
            pa.array([Decimal("10.50"), Decimal("0.00000001"), None], pa.decimal128(38, 8)),
            ColumnType.DECIMAL,
            ["10.50000000", "0.00000001", "null"],
        ),
        (pa.array([True, None, False]), ColumnType.BOOLEAN, ["true", "null", "false"]),
        (
            pa.array([dt.date(2026, 3, 31), dt.date(1, 1, 1)]),
            ColumnType.DATE,
            ['"2026-03-31"', '"0001-01-01"'],
        ),
        (
            pa.array([dt.time(18, 40), dt.time(1, 2, 3, 500)]),
            ColumnType.TIME,
            ['"18:40:00"', '"01:02:03.0005"'],
        ),
        (pa.array([MOMENT]), ColumnType.TIMESTAMP, ['"2026-03-31T18:40:01.12"']),
        (
            pa.array([MOMENT.replace(tzinfo=INDIA)], pa.timestamp("us", "Asia/Kolkata")),
            ColumnType.TIMESTAMP,
            ['"2026-03-31T13:10:01.12+00:00"'],
        ),
        (
            pa.array(["नमस्ते", 'say "hi"\n\x01', ""]),
            ColumnType.TEXT,
            ['"नमस्ते"', r'"say \"hi\"\n\u0001"', '""'],
        ),
        (pa.array([b"abc", b""]), ColumnType.BINARY, ['"YWJj"', '""']),
        (pa.array(['{"a":\n1}', None]), ColumnType.JSON, ['{"a": 1}', "null"]),
        (pa.array([[1, 2], None, []]), ColumnType.JSON, ["[1,2]", "null", "[]"]),
        (pa.array(["x", None, "x"]).dictionary_encode(), ColumnType.TEXT, ['"x"', "null", '"x"']),
        (pa.nulls(1), ColumnType.TEXT, ["null"]),
    ],
)
def test_each_type_is_spelt_as_the_wire_has_it(array: pa.Array, kind: ColumnType, shown: list[str]) -> None:
    batch = pa.RecordBatch.from_arrays([array, array], ["a", "b"])
    lines = json_lines(batch, [Column("a", kind), Column("b", kind)]).decode().split("\n")
    assert lines == [*(f"[{value},{value}]" for value in shown), ""]
    for line in lines[:-1]:
        msgspec.json.decode(line)


def test_a_slice_an_empty_batch_and_a_batch_without_columns() -> None:
    batch = pa.RecordBatch.from_arrays([pa.array(["a", "b", "c"])], ["t"])
    columns = [Column("t", ColumnType.TEXT)]
    assert json_lines(batch.slice(1, 1), columns) == b'["b"]\n'
    assert json_lines(batch.slice(3), columns) == b""


def test_the_client_reads_the_values_of_an_arrow_batch() -> None:
    batch = pa.RecordBatch.from_arrays(
        [pa.array([Decimal("1.10"), None]), pa.array([MOMENT, None])], ["d", "m"]
    )
    columns = [Column("d", ColumnType.DECIMAL), Column("m", ColumnType.TIMESTAMP)]
    assert decode_batch(ArrowBatch(batch), columns) == [[Decimal("1.10"), MOMENT], [None, None]]

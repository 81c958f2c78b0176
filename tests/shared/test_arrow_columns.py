"""Rows as Arrow: the types that are chosen, and values that do not fit."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from shared.arrow_columns import ArrowColumns
from shared.errors import NotAcceptable
from shared.results import ArrowBatch, Column, ColumnType, JsonRows


def lines(*cells: str) -> JsonRows:
    return JsonRows("".join(f"[{cell}]\n" for cell in cells).encode(), len(cells))


@pytest.mark.parametrize(
    ("column", "cells", "kind", "values"),
    [
        (Column("c", ColumnType.INTEGER), ["1", "null"], pa.int64(), [1, None]),
        (Column("c", ColumnType.INTEGER), [str(2**70)], pa.decimal128(38, 0), [Decimal(2**70)]),
        (Column("c", ColumnType.INTEGER, precision=39), ["1"], pa.decimal256(76, 0), [Decimal(1)]),
        (
            Column("c", ColumnType.DECIMAL),
            ["1.5", "-0.001"],
            pa.decimal128(38, 9),
            [Decimal("1.5"), Decimal("-0.001")],
        ),
        (Column("c", ColumnType.DECIMAL), ["1E-12"], pa.decimal128(38, 20), [Decimal("1E-12")]),
        (Column("c", ColumnType.DECIMAL, precision=5, scale=0), ["42"], pa.decimal128(5, 0), [Decimal(42)]),
        (
            Column("c", ColumnType.DECIMAL),
            ["12345678901234567890123456789012345678.5"],
            pa.decimal256(76, 9),
            [Decimal("12345678901234567890123456789012345678.5")],
        ),
        (Column("c", ColumnType.FLOAT), ["1", "1e300", "null"], pa.float64(), [1.0, 1e300, None]),
        (
            Column("c", ColumnType.TEXT),
            ['""', "null", '"null"', '"a\\nb"'],
            pa.string(),
            ["", None, "null", "a\nb"],
        ),
        (Column("c", ColumnType.TIME), ['"PT5M"'], pa.string(), ["PT5M"]),
        (Column("c", ColumnType.BINARY), ['"AP8="', '""', "null"], pa.binary(), [b"\0\xff", b"", None]),
        (
            Column("c", ColumnType.JSON),
            ['{"a":1.50}', '"x"', "null"],
            pa.string(),
            ['{"a":1.50}', '"x"', None],
        ),
    ],
)
def test_a_column_gets_a_type_that_holds_every_value(
    column: Column, cells: list[str], kind: pa.DataType, values: list[Any]
) -> None:
    batch = ArrowColumns([column]).convert(lines(*cells))
    assert batch.schema.field(0).type == kind
    assert batch.column(0).to_pylist() == values


def test_moments_have_a_zone_when_the_source_or_the_first_ones_have() -> None:
    for column, cell, zone in (
        (Column("c", ColumnType.TIMESTAMP), '"2026-03-31T18:40:00+05:30"', "UTC"),
        (Column("c", ColumnType.TIMESTAMP), '"2026-03-31T18:40:00"', None),
        (Column("c", ColumnType.TIMESTAMP, zoned=True), "null", "UTC"),
        (Column("c", ColumnType.TIMESTAMP), '"2026-03-31T18:40:00.123456789"', None),
    ):
        kind = ArrowColumns([column]).convert(lines(cell)).schema.field(0).type
        assert kind == pa.timestamp("ns" if "789" in cell else "us", zone)


@pytest.mark.parametrize(
    ("kind", "first", "later"),
    [
        (ColumnType.INTEGER, "1", str(2**70)),
        (ColumnType.DECIMAL, "1.5", "0.1234567891"),
        (ColumnType.DATE, '"2026-03-31"', '"infinity"'),
        (ColumnType.TIMESTAMP, '"2026-03-31T18:40:00"', '"2026-03-31T18:40:00Z"'),
        (ColumnType.BOOLEAN, "true", "7"),
    ],
)
def test_a_later_value_that_does_not_fit_is_refused_without_being_told(
    kind: ColumnType, first: str, later: str
) -> None:
    columns = ArrowColumns([Column("net", kind)])
    columns.convert(lines(first))
    with pytest.raises(NotAcceptable) as refused:
        columns.convert(lines(later))
    assert "'net'" in refused.value.message
    assert later.strip('"') not in str(refused.value)


def test_names_may_be_the_same_or_strange() -> None:
    columns = [Column(name, ColumnType.INTEGER) for name in ("n", "n", "", "a,b\n", "नाम")]
    batch = ArrowColumns(columns).convert(JsonRows(b"[1,2,3,4,5]\n", 1))
    assert batch.schema.names == ["n", "n", "", "a,b\n", "नाम"]
    assert [column.to_pylist() for column in batch.columns] == [[1], [2], [3], [4], [5]]


def test_a_source_that_changes_its_types_is_refused() -> None:
    columns = ArrowColumns([Column("n", ColumnType.INTEGER)])
    columns.convert(ArrowBatch(pa.record_batch({"N": [1]})))
    with pytest.raises(NotAcceptable):
        columns.convert(ArrowBatch(pa.record_batch({"N": ["x"]})))

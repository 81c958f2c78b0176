"""Batches of rows as Arrow record batches of one schema, which is settled by the first of them.

What the source tells of its columns decides (see shared.results.Column); for the rest the first batch
does: an integer is int64 unless one does not fit, a decimal has nine digits after the point or as many
more as are needed, a moment has a zone when the first ones have. Nothing is rounded or made NULL: a value
that does not fit later is refused in one sentence. Text that is JSON stays text. Imports pyarrow when it
is first used.
"""

import base64
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from shared.csv_rows import csv_of_lines
from shared.errors import NotAcceptable
from shared.json_rows import json_as_text, lines_of
from shared.results import ArrowBatch, Batch, Column, ColumnType

if TYPE_CHECKING:
    import pyarrow as pa

_NARROW, _WIDE = 38, 76
"""Digits of decimal128 and decimal256."""
_USUAL_SCALE = 9
_MARGIN = 3


class ArrowColumns:
    """``schema`` is settled when the first batch has been converted, or by asking for it."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._nested = any(column.type is ColumnType.JSON for column in columns)
        self._schema: pa.Schema | None = None

    @property
    def schema(self) -> "pa.Schema":
        if self._schema is None:
            self._settle([_chosen(column, _no_texts()) for column in self._columns])
        return self._schema

    def convert(self, batch: Batch) -> "pa.RecordBatch":
        """Raises NotAcceptable when a value does not fit into the schema."""
        if isinstance(batch, ArrowBatch):
            return self._renamed(batch.record_batch)
        lines = lines_of(batch, self._columns)
        csv = csv_of_lines(json_as_text(lines, self._columns) if self._nested else lines, nested=False)
        if self._schema is None:
            texts = self._read(csv, [_string()] * len(self._columns))
            self._settle([_chosen(column, text) for column, text in zip(self._columns, texts, strict=True)])
        return self._typed(csv)

    def _settle(self, types: Iterable["pa.DataType"]) -> None:
        import pyarrow as pa

        names = [column.name for column in self._columns]
        self._schema = pa.schema(list(zip(names, types, strict=True)))

    def _renamed(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        """Drivers may call columns otherwise than the result does."""
        import pyarrow as pa

        if self._schema is None:
            self._settle(field.type for field in batch.schema)
        try:
            return pa.RecordBatch.from_arrays(batch.columns, schema=self._schema)
        except (pa.ArrowInvalid, TypeError) as error:
            raise NotAcceptable(
                "The source changed the types of its columns in the middle of them."
            ) from error

    def _typed(self, csv: bytes) -> "pa.RecordBatch":
        import pyarrow as pa

        schema = self.schema
        arrays = self._read(csv, [_read_as(field.type) for field in schema])
        for position, field in enumerate(schema):
            if arrays[position].type != field.type:
                arrays[position] = self._cast(arrays[position], position, field.type)
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _read(self, csv: bytes, types: Sequence["pa.DataType"]) -> list["pa.Array"]:
        import pyarrow as pa
        from pyarrow import csv as reader

        if not types:
            return []
        names = [str(position) for position in range(len(types))]
        try:
            table = reader.read_csv(
                pa.py_buffer(csv),
                read_options=reader.ReadOptions(
                    column_names=names, use_threads=False, block_size=len(csv) + 1
                ),
                parse_options=reader.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
                convert_options=reader.ConvertOptions(
                    column_types=dict(zip(names, types, strict=True)),
                    null_values=[""],
                    true_values=["true"],
                    false_values=["false"],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                    timestamp_parsers=[reader.ISO8601],
                ),
            )
        except pa.ArrowInvalid as error:
            raise self._misfit(str(error), types) from error
        return [column.combine_chunks() for column in table.columns]

    def _cast(self, texts: "pa.Array", position: int, kind: "pa.DataType") -> "pa.Array":
        import pyarrow as pa

        try:
            if pa.types.is_binary(kind):
                values = [None if text is None else base64.b64decode(text) for text in texts.to_pylist()]
                return pa.array(values, kind)
            return texts.cast(kind)
        except (pa.ArrowInvalid, ValueError) as error:
            raise _does_not_fit(self._columns[position], kind) from error

    def _misfit(self, told: str, types: Sequence["pa.DataType"]) -> NotAcceptable:
        """Arrow's words hold the value, which must not go into ours; they begin with the column's place."""
        _, _, rest = told.partition("CSV column #")
        number, _, _ = rest.partition(":")
        position = int(number) if number.isdigit() and int(number) < len(types) else 0
        return _does_not_fit(self._columns[position], types[position])


def _does_not_fit(column: Column, kind: "pa.DataType") -> NotAcceptable:
    return NotAcceptable(
        f"A value of the column {column.name!r} does not fit into its type in Arrow, {kind}.",
        details="Cast it in the query, to a type with a fixed size or to text, or ask for CSV or JSON.",
    )


def _string() -> "pa.DataType":
    import pyarrow as pa

    return pa.string()


def _no_texts() -> "pa.Array":
    import pyarrow as pa

    return pa.array([], pa.string())


def _read_as(kind: "pa.DataType") -> "pa.DataType":
    """The reader of CSV knows neither base64 nor the widest decimals."""
    import pyarrow as pa

    return pa.string() if pa.types.is_binary(kind) or pa.types.is_decimal256(kind) else kind


def _chosen(column: Column, texts: "pa.Array") -> "pa.DataType":  # noqa: PLR0911 - one type after the other
    import pyarrow as pa

    match column.type:
        case ColumnType.INTEGER:
            return _integer(column, texts)
        case ColumnType.DECIMAL:
            return _decimal(column, texts)
        case ColumnType.FLOAT:
            return pa.float64()
        case ColumnType.BOOLEAN:
            return pa.bool_()
        case ColumnType.DATE:
            return pa.date32()
        case ColumnType.TIME:
            return pa.time64("us") if _match(texts, r"^\d\d:\d\d:\d\d(\.\d{1,6})?$") else pa.string()
        case ColumnType.TIMESTAMP:
            unit = "us" if _match(texts, r"^[^.]*(\.\d{0,6}([^\d].*)?)?$") else "ns"
            zoned = _is_zoned(texts) if column.zoned is None else column.zoned
            return pa.timestamp(unit, "UTC" if zoned else None)
        case ColumnType.BINARY:
            return pa.binary()
        case _:
            return pa.string()


def _match(texts: "pa.Array", pattern: str) -> bool:
    """Every one of them that is there."""
    import pyarrow.compute as pc

    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py() is not False)


def _is_zoned(texts: "pa.Array") -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring_regex(texts, r"T.*(Z|[+-]\d\d(:?\d\d)?)$")).as_py())


def _integer(column: Column, texts: "pa.Array") -> "pa.DataType":
    import pyarrow as pa

    digits = column.precision if column.precision is not None else 0
    if digits <= 18 and _fits(texts, pa.int64()):
        return pa.int64()
    return _wide_enough(max(digits, 1), 0, texts)


def _decimal(column: Column, texts: "pa.Array") -> "pa.DataType":
    import pyarrow as pa

    if column.precision is not None and column.scale is not None and 0 <= column.scale <= _WIDE:
        precision = max(column.precision, column.scale, 1)
        if precision <= _WIDE:
            narrow = precision <= _NARROW
            return (pa.decimal128 if narrow else pa.decimal256)(precision, column.scale)
    whole, scale = _digits(texts)
    scale = _USUAL_SCALE if scale <= _USUAL_SCALE else scale + 8
    if whole + _MARGIN + scale <= _NARROW:
        return pa.decimal128(_NARROW, scale)
    return pa.decimal256(_WIDE, max(min(scale, _NARROW), _digits(texts)[1]))


def _wide_enough(precision: int, scale: int, texts: "pa.Array") -> "pa.DataType":
    import pyarrow as pa

    narrow = pa.decimal128(_NARROW, scale)
    return narrow if precision <= _NARROW and _fits(texts, narrow) else pa.decimal256(_WIDE, scale)


def _fits(texts: "pa.Array", kind: "pa.DataType") -> bool:
    import pyarrow as pa

    try:
        texts.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _digits(texts: "pa.Array") -> tuple[int, int]:
    """The most digits before and after the point."""
    import pyarrow.compute as pc

    if pc.any(pc.match_substring(texts, "e", ignore_case=True)).as_py():
        return _digits_of(Decimal(text) for text in texts.to_pylist() if text is not None)
    length = pc.utf8_length(texts)
    point = pc.find_substring(texts, ".")
    has_point = pc.greater_equal(point, 0)
    whole = pc.max(pc.if_else(has_point, point, length)).as_py()
    fraction = pc.max(pc.if_else(has_point, pc.subtract(pc.subtract(length, point), 1), 0)).as_py()
    return int(whole or 0), int(fraction or 0)


def _digits_of(values: Iterable[Decimal]) -> tuple[int, int]:
    whole = fraction = 0
    for value in values:
        whole = max(whole, value.adjusted() + 1)
        exponent = value.as_tuple().exponent
        fraction = max(fraction, -exponent if isinstance(exponent, int) else 0)
    return whole, fraction

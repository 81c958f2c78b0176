"""Arrow batches as lines of JSON: one array a row, in the spelling of shared.results.ColumnType.

A column at a time by Arrow's own kernels; only text that needs escaping, bytes and nested values pass
through Python. Imports pyarrow when it is first called.
"""

import base64
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from shared.results import Column, ColumnType

if TYPE_CHECKING:
    import pyarrow as pa

_json = msgspec.json.Encoder(decimal_format="number")
_MUST_ESCAPE = r'["\\\x00-\x1f]'
_NOT_FINITE = r"^-?(nan|inf)"
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def json_lines(batch: "pa.RecordBatch", columns: Sequence[Column]) -> bytes:
    """As shared.results.JsonRows has it. ``columns`` says which texts are JSON already."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if batch.num_rows == 0:
        return b""
    if not columns:
        return b"[]\n" * int(batch.num_rows)
    cells = [_written(array, column) for array, column in zip(batch.columns, columns, strict=True)]
    cells = [pc.fill_null(cell, pa.scalar("null", pa.large_string())) for cell in cells]
    cells[0] = _joined("[", cells[0])
    cells[-1] = _joined(cells[-1], "]\n")
    return _bytes_of(_joined(*cells, between=","))


def _bytes_of(texts: "pa.LargeStringArray") -> bytes:
    """All of them, one behind the other."""
    import numpy as np

    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(data)[int(ends[0]) : int(ends[-1])].tobytes()


def _written(array: "pa.Array", column: Column) -> "pa.Array":  # noqa: PLR0911 - one type after the other
    """Each value as a text of JSON; null where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = _stored(array)
    kind, text = array.type, pa.large_string()
    if pa.types.is_null(kind):
        return pa.nulls(len(array), text)
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return array.cast(text)
    if pa.types.is_floating(kind):
        shown = array.cast(text)
        return pc.if_else(pc.match_substring_regex(shown, _NOT_FINITE), pa.scalar(None, text), shown)
    if pa.types.is_decimal(kind):
        return _plain_decimals(array.cast(pa.string()).cast(text))
    if pa.types.is_date(kind):
        return _quoted(array.cast(pa.date32()).cast(text))
    if pa.types.is_time(kind):
        return _quoted(_without_empty_fraction(array.cast(text)))
    if pa.types.is_timestamp(kind):
        return _quoted(_moments(array))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        array = array.cast(text)
        return _on_one_line(array) if column.type is ColumnType.JSON else _texts(array)
    if column.type is ColumnType.JSON or pa.types.is_nested(kind):
        return _each(array, lambda value: _json.encode(value).decode())
    if _is_binary(kind):
        return _each(array, lambda value: f'"{base64.b64encode(value).decode()}"')
    return _each(array, lambda value: _json.encode(str(value)).decode())


def _stored(array: "pa.Array") -> "pa.Array":
    """Without what an extension or a dictionary puts around it."""
    import pyarrow as pa

    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _is_binary(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(test(kind) for test in (*tests, pa.types.is_binary_view))


def _each(array: "pa.Array", write: Callable[[Any], str]) -> "pa.Array":
    import pyarrow as pa

    values = [None if value is None else write(value) for value in array.to_pylist()]
    return pa.array(values, pa.large_string())


def _texts(array: "pa.Array") -> "pa.Array":
    import pyarrow.compute as pc

    if pc.any(pc.match_substring_regex(array, _MUST_ESCAPE)).as_py():
        return _each(array, lambda value: _json.encode(value).decode())
    return _quoted(array)


def _on_one_line(documents: "pa.Array") -> "pa.Array":
    """Inside JSON's texts a line break is escaped, so a raw one is only there to please the eye."""
    import pyarrow.compute as pc

    return pc.replace_substring_regex(documents, pattern=r"[\r\n]", replacement=" ")


def _quoted(array: "pa.Array") -> "pa.Array":
    return _joined('"', array, '"')


def _joined(*parts: "pa.Array | str", between: str = "") -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(
        *[pa.scalar(part, pa.large_string()) if isinstance(part, str) else part for part in (*parts, between)]
    )


def _plain_decimals(texts: "pa.Array") -> "pa.Array":
    """Arrow writes 0.00000001 as 1E-8, which is the same number with other digits to look at."""
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring(texts, "E")).as_py():
        return texts
    from decimal import Decimal

    return _each(texts, lambda value: value if _PLAIN_NUMBER.fullmatch(value) else f"{Decimal(value):f}")


def _without_empty_fraction(texts: "pa.Array") -> "pa.Array":
    """``18:40:00.000000`` is ``18:40:00``; other fractions lose the zeros at their end."""
    import pyarrow.compute as pc

    shorter = pc.replace_substring_regex(texts, pattern=r"(\.\d*?)0+$", replacement=r"\1")
    return pc.replace_substring_regex(shorter, pattern=r"\.$", replacement="")


def _moments(array: "pa.Array") -> "pa.Array":
    """ISO 8601; moments with a zone are told in UTC."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    naive = array.cast(pa.timestamp(kind.unit, "UTC")).cast(pa.timestamp(kind.unit)) if kind.tz else array
    shown = pc.replace_substring(naive.cast(pa.large_string()), " ", "T", max_replacements=1)
    shown = _without_empty_fraction(shown)
    return _joined(shown, "+00:00") if kind.tz else shown

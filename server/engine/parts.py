"""The rows of one part, on their way into a table of DuckDB: from JSON, by way of Arrow, to exact types.

Rows are taken in batches, and what a column is may be known only when all of them are there: how many
digits a decimal has after its point, whether moments have a zone. Such columns are text until then.
Numbers, dates and the like are typed at once, until one batch does not fit; then they are text as well,
and in the end each column gets the first of its types into which every one of its values fits.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec

from shared.csv_rows import csv_of_lines
from shared.results import Column, ColumnType

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = {
    ColumnType.INTEGER: "BIGINT",
    ColumnType.FLOAT: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
}
_IN_THE_END = {
    ColumnType.INTEGER: ("BIGINT", "HUGEINT", "BIGNUM"),
    ColumnType.FLOAT: ("DOUBLE",),
    ColumnType.BOOLEAN: ("BOOLEAN",),
    ColumnType.DATE: ("DATE",),
    ColumnType.TIME: ("TIME",),
    ColumnType.JSON: ("JSON",),
}
_NARROW, _WIDE = 18, 38
"""Digits of DuckDB's decimals of 64 and of 128 bits."""

_encoder = msgspec.json.Encoder()
_cells = msgspec.json.Decoder(list[msgspec.Raw])


class Staged:
    """``columns`` are as the source's result has them. The table is ``memory.main.p<number>``."""

    def __init__(self, connection: Any, number: int, columns: Sequence[Column]) -> None:
        self._connection = connection
        self._table = f"memory.main.p{number}"
        self._columns = columns
        self._types = [_AT_ONCE.get(column.type, "VARCHAR") for column in columns]
        self._is_json = [column.type is ColumnType.JSON for column in columns]
        shape = ", ".join(f"c{place} {kind}" for place, kind in enumerate(self._types))
        connection.execute(f"CREATE OR REPLACE TABLE {self._table} ({shape})")

    def take(self, lines: bytes) -> None:
        """``lines`` are shared.results.JsonRows.data. Raises duckdb.Error or ValueError."""
        if any(self._is_json):
            lines = self._json_as_text(lines)
        batch = _texts(csv_of_lines(lines, nested=False), len(self._columns))
        self._connection.register("batch_", batch)
        try:
            self._insert()
        except duckdb.ConversionException:
            for place, kind in enumerate(self._types):
                if kind != "VARCHAR":
                    self._change(place, "VARCHAR")
            self._insert()
        finally:
            self._connection.unregister("batch_")

    def settle(self) -> None:
        """All rows are there: each column gets its type."""
        for place, column in enumerate(self._columns):
            if self._types[place] == "VARCHAR" and column.type is not ColumnType.TEXT:
                self._settle(place, column)

    def select(self) -> str:
        names = [f'c{place} AS "{_escaped(column.name)}"' for place, column in enumerate(self._columns)]
        return f"SELECT {', '.join(names)} FROM {self._table}"

    def column(self, name: str) -> str:
        """What the table calls it. Raises ValueError."""
        return f"c{[column.name for column in self._columns].index(name)}"

    def _settle(self, place: int, column: Column) -> None:
        match column.type:
            case ColumnType.DECIMAL:
                kinds: Sequence[str] = self._decimals(place, column)
            case ColumnType.TIMESTAMP:
                zoned = self._is_zoned(place) if column.zoned is None else column.zoned
                kinds = ("TIMESTAMPTZ",) if zoned else ("TIMESTAMP", "TIMESTAMP_NS")
            case ColumnType.BINARY:
                self._change(place, "BLOB", f"from_base64(c{place})")
                return
            case _:
                kinds = _IN_THE_END[column.type]
        for kind in kinds:
            if (
                self._one(f"bool_and(c{place} IS NULL OR TRY_CAST(c{place} AS {kind}) IS NOT NULL)")
                is not False
            ):
                self._change(place, kind)
                return

    def _change(self, place: int, kind: str, using: str = "") -> None:
        by = f" USING {using}" if using else ""
        self._connection.execute(f"ALTER TABLE {self._table} ALTER c{place} TYPE {kind}{by}")
        self._types[place] = kind

    def _insert(self) -> None:
        values = [
            f"c{place}" if kind == "VARCHAR" else f"CAST(c{place} AS {kind})"
            for place, kind in enumerate(self._types)
        ]
        self._connection.execute(f"INSERT INTO {self._table} SELECT {', '.join(values)} FROM batch_")

    def _decimals(self, place: int, column: Column) -> Sequence[str]:
        """The narrowest that loses no digit, as the source tells or as the values have it. A scale is never
        guessed: a cast to fewer digits would round."""
        if column.precision is not None and column.scale is not None and column.precision <= _WIDE:
            return (f"DECIMAL({column.precision}, {column.scale})", "DOUBLE")
        exponent = f"coalesce(TRY_CAST(regexp_extract(c{place}, '[eE]([-+]?[0-9]+)$', 1) AS INTEGER), 0)"
        digits = f"regexp_extract(c{place}, '^-?([0-9]*)', 1)"
        places = f"regexp_extract(c{place}, '[.]([0-9]*)', 1)"
        whole = int(self._one(f"max(length({digits}) + {exponent})") or 0)
        scale = max(0, int(self._one(f"max(length({places}) - {exponent})") or 0))
        width = max(whole, 1) + scale
        if width > _WIDE:
            return ("DOUBLE",)
        return (f"DECIMAL({_NARROW if width <= _NARROW else _WIDE}, {scale})", "DOUBLE")

    def _is_zoned(self, place: int) -> bool:
        return bool(self._one(f"bool_or(regexp_matches(c{place}, 'T.*(Z|[-+][0-9:]+)$'))"))

    def _one(self, expression: str) -> Any:
        return self._connection.execute(f"SELECT {expression} FROM {self._table}").fetchone()[0]

    def _json_as_text(self, lines: bytes) -> bytes:
        rows = _cells.decode_lines(lines)
        return _encoder.encode_lines(
            [
                [_text_of(cell) if json else cell for cell, json in zip(cells, self._is_json, strict=True)]
                for cells in rows
            ]
        )


def _texts(csv: bytes, columns: int) -> "pa.Table":
    """Every cell as text; NULL is an empty field, the empty text is in quotes."""
    import pyarrow as pa
    from pyarrow import csv as reader

    names = [f"c{place}" for place in range(columns)]
    return reader.read_csv(
        pa.py_buffer(csv),
        read_options=reader.ReadOptions(column_names=names, use_threads=False, block_size=len(csv) + 1),
        parse_options=reader.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=reader.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _text_of(cell: msgspec.Raw) -> str | None:
    data = bytes(memoryview(cell)).strip()
    return None if data == b"null" else data.decode()


def _escaped(name: str) -> str:
    return name.replace('"', '""')

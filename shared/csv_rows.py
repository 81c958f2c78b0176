"""JSON rows as lines of CSV. RFC 4180: NULL is an empty field, the empty text is ``""``; nothing else is
changed. A JSON value is its text. By numpy where it is there and the rows allow it, otherwise cell by cell.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

_json = msgspec.json.Encoder(decimal_format="number")
_lines = msgspec.json.Decoder(float_hook=str)
"""Numbers with a fraction stay the text that they are, and lose no digit."""
_nested_lines = msgspec.json.Decoder(float_hook=msgspec.Raw)
"""The same where numbers may stand inside a JSON value, and must stay numbers. Slower."""

_MUST_QUOTE = re.compile('[",\r\n]|^$|^ | $')


def csv_of_lines(data: bytes, *, nested: bool) -> bytes:
    """``data`` is shared.results.JsonRows.data; ``nested`` says that it may hold values of the type json."""
    if nested:
        return csv_of_rows(_nested_lines.decode_lines(data))
    written = _by_numpy(data)
    return csv_of_rows(_lines.decode_lines(data)) if written is None else written


def csv_of_rows(rows: Iterable[Sequence[object]]) -> bytes:
    lines = [",".join([_field(value) for value in row]) for row in rows]
    return ("\r\n".join(lines) + "\r\n").encode() if lines else b""


def _by_numpy(data: bytes) -> bytes | None:
    try:
        from shared.json_to_csv import csv_of
    except ImportError:
        return None
    return csv_of(data)


def _field(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return '"' + value.replace('"', '""') + '"' if _MUST_QUOTE.search(value) else value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case _:
            return _field(_json.encode(value).decode())

"""JSON rows as CSV: the way by whole arrays gives what the way cell by cell gives."""

import random

import msgspec
import pytest

from shared.csv_rows import csv_of_lines, csv_of_rows
from shared.json_to_csv import csv_of

_json = msgspec.json.Encoder(decimal_format="number")
_PIECES = [
    '"',
    "\\",
    ",",
    "\n",
    "\r",
    "\t",
    " ",
    "n",
    "null",
    "[",
    "]\n",
    "\x01",
    "\x1f",
    "é",
    "न",
    "/",
    "{",
    "😀",
    "u",
]


def _value(chance: random.Random) -> object:
    match chance.randrange(6):
        case 0:
            return None
        case 1:
            return chance.randrange(-(10**20), 10**20)
        case 2:
            return chance.random() * 10 ** chance.randrange(-30, 30)
        case 3:
            return chance.random() < 0.5
        case _:
            return "".join(chance.choice(_PIECES) for _ in range(chance.randrange(6)))


def test_both_ways_agree_on_rows_of_every_kind() -> None:
    chance = random.Random(7)
    by_arrays = 0
    for _ in range(2_000):
        width = chance.randrange(5)
        data = _json.encode_lines(
            [[_value(chance) for _ in range(width)] for _ in range(chance.randrange(1, 5))]
        )
        written = csv_of(data)
        if written is not None:
            by_arrays += 1
            rows = msgspec.json.Decoder(float_hook=str).decode_lines(data)
            assert written == csv_of_rows(rows), data
    assert by_arrays > 1_900


@pytest.mark.parametrize(
    ("lines", "written"),
    [
        (b"", b""),
        (b"[]\n", b"\r\n"),
        (b'[    1, null ,"", "null"]\n', b'1,,"",null\r\n'),
        (rb'["a\u000ab","\u0001","\\","\"","\/"]' + b"\n", b'"a\nb",\x01,\\,"""",/\r\n'),
        (b'[" a","a ","a,b"]\n[0.10,-1E-8,true]\n', b'" a","a ","a,b"\r\n0.10,-1E-8,true\r\n'),
    ],
)
def test_fields_are_quoted_only_where_they_must_be(lines: bytes, written: bytes) -> None:
    assert csv_of(lines) == written
    assert csv_of_lines(lines, nested=False) == written


@pytest.mark.parametrize("lines", [b'[{"a":1}]\n', b"[[1,2]]\n", rb'["\u00e9"]' + b"\n", b"[1] \n"])
def test_what_arrays_cannot_do_goes_cell_by_cell(lines: bytes) -> None:
    assert csv_of(lines) is None
    assert csv_of_lines(lines, nested=True)

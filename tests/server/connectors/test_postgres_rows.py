"""Bytes of PostgreSQL's protocol to JSON rows, cut anywhere. No server here."""

import json
import math
import random
import struct

import pytest

from server.connectors.postgres.rows import CopyRows, DataRows
from server.connectors.postgres.types import Form

FORMS = (Form.NUMBER, Form.STRING, Form.LITERAL, Form.STRING)
ALPHABET = "aZ09 \"'\\,[]{}:d\n\r\t\b\x01\x1f\x7fé₹😀\u2028NaN-Infinity"


def a_table(rows: int, seed: int = 7) -> list[list[object]]:
    dice = random.Random(seed)

    def text() -> str | None:
        if dice.random() < 0.1:
            return None
        words = ["null", "NaN", "", "\\.", "\nd\0"[:2], '"', "Infinity"]
        if dice.random() < 0.2:
            return dice.choice(words)
        # Lengths that put every byte value into a message's head, line breaks and "d" among them.
        length = dice.choice((3, 40, 100, 250, 2600, 2570)) if dice.random() < 0.2 else dice.randrange(12)
        return "".join(dice.choices(ALPHABET, k=length))

    def number() -> object:
        return dice.choice((None, math.nan, math.inf, -math.inf, 0, -7, 1.5, 10**30))

    return [[number(), text(), dice.choice((True, False, None)), text()] for _ in range(rows)]


def as_text(value: object) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return str(value).lower()
        case float() if math.isnan(value):
            return "NaN"
        case float() if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        case _:
            return str(value)


def expected(table: list[list[object]]) -> list[list[object]]:
    def cell(value: object) -> object:
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return [[cell(value) for value in row] for row in table]


def message(code: bytes, payload: bytes) -> bytes:
    return code + struct.pack("!i", len(payload) + 4) + payload


def copy_message(row: list[object]) -> bytes:
    cells = []
    for value, form in zip(row, FORMS, strict=True):
        text = as_text(value)
        if text is None:
            cells.append("null")
        elif form is Form.STRING:
            cells.append('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
        else:
            cells.append(text)
    return message(b"d", (",".join(cells) + "\n").encode())


def data_message(row: list[object]) -> bytes:
    payload = struct.pack("!h", len(row))
    for value in row:
        encoded = (as_text(value) or "").encode()
        payload += struct.pack("!i", -1) if value is None else struct.pack("!i", len(encoded)) + encoded
    return message(b"D", payload)


def read(reader: CopyRows | DataRows, stream: bytes, piece: int) -> list[list[object]]:
    """As the session does: whatever has come is offered, and what is not a row ends it."""
    pending, rows = bytearray(), list[list[object]]()
    for at in range(0, len(stream), piece):
        pending += stream[at : at + piece]
        batch = reader.take(pending) if pending[0] == reader.code else None
        if batch is None:
            continue
        lines = batch.data.split(b"\n")
        assert lines.pop() == b""
        assert len(lines) == batch.count
        rows += [json.loads(line) for line in lines]
    assert bytes(pending) == b"c\0\0\0\4Z"
    assert reader.count == len(rows)
    return rows


@pytest.mark.parametrize("piece", [1, 7, 64, 1000, 65536, 1 << 18])
def test_random_rows_arrive_whole_wherever_the_network_cuts_them(piece: int) -> None:
    table = a_table(400 if piece < 64 else 3000)
    end = b"c\0\0\0\4Z"
    copied = CopyRows(10**9, has_numbers=True)
    assert read(copied, b"".join(map(copy_message, table)) + end, piece) == expected(table)
    plain = DataRows(10**9, FORMS)
    assert read(plain, b"".join(map(data_message, table)) + end, piece) == expected(table)
    assert not copied.truncated
    assert not plain.truncated


@pytest.mark.parametrize("wanted", [0, 1, 99, 100])
@pytest.mark.parametrize("piece", [11, 1 << 18])
def test_no_row_more_than_wanted_is_delivered(wanted: int, piece: int) -> None:
    table = a_table(101)
    end = b"c\0\0\0\4Z"
    for reader, written in (
        (CopyRows(wanted, has_numbers=True), copy_message),
        (DataRows(wanted, FORMS), data_message),
    ):
        assert read(reader, b"".join(map(written, table)) + end, piece) == expected(table[:wanted])
        assert reader.truncated


def test_a_row_of_seventeen_megabytes_arrives() -> None:
    long = "é" * (9 << 20) + "\n"
    table: list[list[object]] = [[1, "a", True, "b"], [2, long, True, "b"], [3, "c", None, None]]
    stream = b"".join(map(copy_message, table)) + b"c\0\0\0\4Z"
    assert len(stream) > 17 << 20
    assert read(CopyRows(10, has_numbers=True), stream, 1 << 18) == table


def test_lengths_that_look_like_heads_are_not_taken_for_heads() -> None:
    # A length of 0x000a6400 reads as line break, d, NUL, and one of 0x00000a64 as line break, d.
    for length in (0x0A6400, 0x0A64, 0x6400, 0x640A):
        row = message(b"d", b'"' + b"x" * (length - 4 - 3) + b'"\n')
        assert row[1:5] == length.to_bytes(4, "big")
        rows = read(CopyRows(10, has_numbers=False), row * 3 + b"c\0\0\0\4Z", 1 << 18)
        assert [len(str(cell)) for (cell,) in rows] == [length - 7] * 3


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    pending = bytearray(message(b"d", b'"caf\xe9"\n'))
    batch = CopyRows(10, has_numbers=False, text_is_utf8=False).take(pending)
    assert batch is not None
    assert json.loads(batch.data) == ["caf\ufffd"]

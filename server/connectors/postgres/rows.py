"""Bytes of PostgreSQL's protocol to JSON rows. Pure: a buffer in, a batch out; sockets stay outside.

``CopyRows`` leans on three facts of the protocol: a CopyData message of the server is exactly one
row ("Messages from the backend … will always correspond to single data rows"); PostgreSQL's text
never holds a NUL; and our COPY (see postgres_types.Plan.copy_sql) writes CSV that is already JSON
but for brackets, control characters, NaN and the infinities. So the five bytes of a message's
head, with the line break before it, are overwritten by ``]\\n[`` and spaces, and the rest leaves
as it came.
"""

import re
import struct
from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from server.connectors.postgres.protocol import COMPLETE, COPY_DATA, DATA_ROW
from server.connectors.postgres.types import Form
from shared.results import JsonRows

_LENGTH = struct.Struct("!i")
_encode = msgspec.json.Encoder().encode
_HEAD, _COUNT = 5, 2
_NINE = ord("9")
_STRING, _JSON, _NUMBER = Form.STRING, Form.JSON, Form.NUMBER

_CONTROL = re.compile(rb"[\x01-\x1f]")
_ESCAPES = {bytes([code]): b"\\u%04x" % code for code in range(1, 32)}
_STRING_OR_SPECIAL = re.compile(rb'"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)', re.DOTALL)

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.intp]


class RowReader(Protocol):
    """Both ways of reading. ``count`` is what was delivered; ``truncated``, that there was more."""

    code: int
    count: int
    truncated: bool

    def take(self, pending: bytearray) -> JsonRows | None:
        """The complete messages at the start of ``pending``, which loses them; None when no row
        is to be delivered from them."""
        ...


class CopyRows:
    """CopyData messages. ``text_is_utf8`` False repairs what the server could not recode."""

    code = COPY_DATA

    def __init__(self, max_rows: int, *, has_numbers: bool, text_is_utf8: bool = True) -> None:
        self.count = 0
        self.truncated = False
        self._left = max_rows
        self._has_numbers = has_numbers
        self._text_is_utf8 = text_is_utf8

    def take(self, pending: bytearray) -> JsonRows | None:
        if len(pending) < _HEAD or _LENGTH.unpack_from(pending, 1)[0] >= len(pending):
            return None
        view = np.frombuffer(pending, dtype=np.uint8)
        starts, end = _messages(view)
        wanted = end
        if len(starts) > self._left:
            self.truncated = True
            wanted = int(starts[self._left])
            starts = starts[: self._left]
        data = self._written(view[:wanted], starts) if len(starts) else b""
        del view
        del pending[:end]
        self.count += len(starts)
        self._left -= len(starts)
        return JsonRows(data, len(starts)) if len(starts) else None

    def _written(self, view: Bytes, starts: Positions) -> bytes:
        view[-1] = ord("]")
        between = starts[1:]
        view[between - 1] = ord("]")
        view[between] = 0
        view[starts + 1] = ord("[")
        for offset in (2, 3, 4):
            view[starts + offset] = ord(" ")
        view[4], first = ord("["), 4
        clean = int(np.count_nonzero(view[first:] < 32)) == len(between)
        if clean:
            view[between] = ord("\n")
        data = view[first:].tobytes() + b"\n"
        if not clean:
            data = _CONTROL.sub(lambda found: _ESCAPES[found[0]], data[:-1]).replace(b"\0", b"\n") + b"\n"
        if self._has_numbers and (b"NaN" in data or b"Infinity" in data):
            data = _STRING_OR_SPECIAL.sub(_null_for_special, data)
        return data if self._text_is_utf8 else data.decode(errors="replace").encode()


def _messages(view: Bytes) -> tuple[Positions, int]:
    """Where the complete CopyData messages start that open ``view``, and where the last one ends.

    Candidates are ``d`` followed by a zero, the first byte of a length under 16 MB; that each one
    ends exactly where the next one starts proves them all, from the first on. Otherwise (a long
    row, a notice between rows, a length that looks like a head) we walk.
    """
    zeros = np.flatnonzero(view[1:-3] == 0)
    starts = zeros[view[zeros] == COPY_DATA]
    starts = starts[(starts == 0) | (view[starts - 1] == ord("\n"))]
    if len(starts) and starts[0] == 0:
        high, middle, low = (view[starts + offset].astype(np.intp) for offset in (2, 3, 4))
        ends = starts + 1 + ((high << 16) | (middle << 8) | low)
        if np.array_equal(ends[:-1], starts[1:]):
            if ends[-1] <= len(view):
                return starts, int(ends[-1])
            return starts[:-1], int(starts[-1])
    return _walked(view)


def _walked(view: Bytes) -> tuple[Positions, int]:
    buffer, at, starts = memoryview(view.data), 0, list[int]()
    while len(view) - at >= _HEAD and buffer[at] == COPY_DATA:
        end = at + 1 + _LENGTH.unpack_from(buffer, at + 1)[0]
        if end > len(view):
            break
        starts.append(at)
        at = end
    return np.array(starts, dtype=np.intp), at


def _null_for_special(found: "re.Match[bytes]") -> bytes:
    return found[0] if found[0].startswith(b'"') else b"null"


class DataRows:
    """DataRow messages: a cell at a time, for what COPY cannot do (bound values, JSON values)."""

    code = DATA_ROW

    def __init__(self, max_rows: int, forms: Sequence[Form]) -> None:
        self.count = 0
        self.truncated = False
        self._left = max_rows
        self._forms = forms

    def take(self, pending: bytearray) -> JsonRows | None:
        rows: list[bytes] = []
        at = 0
        while len(pending) - at >= _HEAD and pending[at] == DATA_ROW:
            end = at + 1 + _LENGTH.unpack_from(pending, at + 1)[0]
            if end > len(pending):
                break
            if self._left:
                rows.append(self._written(bytes(pending[at + _HEAD + _COUNT : end])))
                self._left -= 1
            else:
                self.truncated = True
            at = end
        del pending[:at]
        self.count += len(rows)
        return JsonRows(b"".join(rows), len(rows)) if rows else None

    def take_all(self, data: bytes) -> JsonRows | None:
        """All rows of a query and the message that says how many there were; None, and nothing is taken,
        when ``data`` is not just that."""
        written: list[bytes] = []
        at, size, left, truncated = 0, len(data), self._left, False
        while size - at >= _HEAD:
            end = at + 1 + int.from_bytes(data[at + 1 : at + _HEAD], "big")
            if data[at] != DATA_ROW:
                if data[at] != COMPLETE or end != size:
                    return None
                self.truncated = self.truncated or truncated
                self.count += len(written)
                self._left = left
                return JsonRows(b"".join(written), len(written))
            if end > size:
                return None
            if left:
                written.append(self._written(data[at + _HEAD + _COUNT : end]))
                left -= 1
            else:
                truncated = True
            at = end
        return None

    def _written(self, cells: bytes) -> bytes:
        """One row, from its cells with their lengths. The busiest loop of this file."""
        written: list[bytes] = []
        at, encode = 0, _encode
        for form in self._forms:
            start = at + 4
            length = int.from_bytes(cells[at:start], "big", signed=True)
            if length < 0:
                at = start
                written.append(b"null")
                continue
            at = start + length
            cell = cells[start:at]
            if form is _STRING:
                cell = encode(cell.decode(errors="replace"))
            elif form is _JSON:
                cell = cell.replace(b"\n", b" ").replace(b"\r", b" ")
            elif form is _NUMBER and cell[-1] > _NINE:
                cell = b"null"  # NaN, Infinity or -Infinity
            written.append(cell)
        return b"[" + b",".join(written) + b"]\n"

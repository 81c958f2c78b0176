"""JSON rows to CSV without looking at single cells: whole arrays of bytes at a time, by numpy.

RFC 4180. NULL is an empty field, the empty text is ``""``; text is quoted only where it must be. What
this way cannot do (values inside values, rare escapes) it says, and the caller takes the slow way.
"""

import functools

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

_QUOTE, _COMMA, _BACKSLASH, _SPACE = b'",\\ '
_OPEN, _CLOSE, _NEW_LINE, _RETURN, _N = b"[]\n\rn"
_EITHER_CASE = 0xDF
"""With this, ``{`` is ``[``."""
_GONE = 0xFF
"""Stands for what is deleted in the end: no byte of UTF-8 is this."""
_DELETED = bytes([_GONE])
_LATER = {ord("n"): 10, ord("r"): 13, ord("t"): 9, ord("b"): 8, ord("f"): 12}


def csv_of(data: bytes) -> bytes | None:
    """``data`` is shared.results.JsonRows.data, without values of the type json. None: not this way."""
    if not data:
        return b""
    seen = np.frombuffer(data, dtype=np.uint8)
    text = seen.copy()
    quotes = seen == _QUOTE
    escapes = _escapes(seen) if b"\\" in data else None
    if escapes is not None:
        quotes[escapes[seen[escapes + 1] == _QUOTE] + 1] = False
    at = np.flatnonzero(quotes)
    inside = _between(at, len(seen))
    opened = ((seen & _EITHER_CASE) == _OPEN) & ~inside
    if np.count_nonzero(opened) != data.count(b"]\n"):
        return None  # a value inside a value
    strings = _Strings(at[0::2], at[1::2])
    strings.quote_where_empty_or_padded(seen)
    strings.quote_around(np.flatnonzero((seen == _COMMA) & inside))
    if escapes is not None and not _undo(escapes, seen, text, strings):
        return None
    strings.drop_the_other_quotes(text)
    ends = np.flatnonzero(seen == _NEW_LINE)
    if not _drop_frames(seen, text, ends):
        return None
    outside = ~inside
    text[(seen == _SPACE) & outside] = _GONE
    nulls = np.flatnonzero((seen == _N) & outside)
    for offset in range(4):
        text[nulls + offset] = _GONE
    return text.tobytes().translate(None, _DELETED)


class _Strings:
    """The texts of the rows by the places of their quotes, and which of them keep these."""

    def __init__(self, starts: Places, ends: Places) -> None:
        self._starts, self._ends = starts, ends
        self._quoted: Flags = np.zeros(len(starts), dtype=np.bool_)

    def quote_where_empty_or_padded(self, seen: Bytes) -> None:
        starts, ends = self._starts, self._ends
        self._quoted |= (ends == starts + 1) | (seen[starts + 1] == _SPACE) | (seen[ends - 1] == _SPACE)

    def quote_around(self, places: Places) -> None:
        if len(places):
            self._quoted[np.searchsorted(self._starts, places, side="right") - 1] = True

    def drop_the_other_quotes(self, text: Bytes) -> None:
        text[self._starts[~self._quoted]] = _GONE
        text[self._ends[~self._quoted]] = _GONE


def _between(quotes: Places, size: int) -> Flags:
    """From each opening quote up to its closing one."""
    pattern = np.zeros(len(quotes) + 1, dtype=np.bool_)
    pattern[1::2] = True
    return np.repeat(pattern, np.diff(quotes, prepend=0, append=size))


def _escapes(seen: Bytes) -> Places:
    """The backslashes that begin an escape: every other one of each run."""
    places = np.flatnonzero(seen == _BACKSLASH)
    begins = np.ones(len(places), dtype=np.bool_)
    begins[1:] = np.diff(places) != 1
    run_start = np.maximum.accumulate(np.where(begins, places, 0))
    begun: Places = places[(places - run_start) % 2 == 0]
    return begun


def _undo(escapes: Places, seen: Bytes, text: Bytes, strings: _Strings) -> bool:
    """Writes what each escape stands for; False when one of them is rare."""
    codes = seen[escapes + 1]
    quotes = escapes[codes == _QUOTE]
    text[quotes] = _QUOTE  # a quote in a quoted text is doubled, and so was \" two bytes long
    strings.quote_around(quotes)
    others = escapes[codes != _QUOTE]
    text[others] = _GONE
    text[others + 1] = _meanings()[text[others + 1]]
    strings.quote_around(escapes[(codes == ord("n")) | (codes == ord("r"))])
    written_out = escapes[codes == ord("u")]
    return not len(written_out) or _undo_written_out(written_out, seen, text, strings)


def _undo_written_out(escapes: Places, seen: Bytes, text: Bytes, strings: _Strings) -> bool:
    r"""``\u0000`` to ``\u001f``."""
    digits = _hex_digits()[seen[escapes[:, None] + np.arange(2, 6)]]
    if np.any(digits[:, :2]) or np.any(digits[:, 2] > 1):
        return False
    values = digits[:, 2] * 16 + digits[:, 3]
    text[escapes + 5] = values
    for offset in range(5):
        text[escapes + offset] = _GONE
    strings.quote_around(escapes[(values == _NEW_LINE) | (values == _RETURN)])
    return True


def _drop_frames(seen: Bytes, text: Bytes, ends: Places) -> bool:
    """``]`` and its line break become the line break of CSV; what opens a row goes."""
    begins = np.concatenate(([0], ends[:-1] + 1))
    if not np.all(seen[ends - 1] == _CLOSE) or not np.all(seen[begins] == _OPEN):
        return False
    text[ends - 1] = _RETURN
    text[begins] = _GONE
    return True


@functools.cache
def _meanings() -> Bytes:
    table = np.arange(256, dtype=np.uint8)
    for code, meaning in _LATER.items():
        table[code] = meaning
    return table


@functools.cache
def _hex_digits() -> Bytes:
    table = np.zeros(256, dtype=np.uint8)
    for value, digit in enumerate("0123456789abcdef"):
        table[ord(digit)] = table[ord(digit.upper())] = value
    return table

"""A query's answer as it arrives: NDJSON in, a Result out. Memory stays flat.

Rows are not decoded on the way; decode_batch does that for who wants values.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec

from shared.backend_client.failures import from_envelope
from shared.backend_client.retry import Failure
from shared.errors import AppError, BackendProtocolError
from shared.results import Batch, JsonRows, Result
from shared.wire import ErrorBody, QueryHead

T = TypeVar("T")
_LONGEST_LINE = 64 * 1024 * 1024


class _End(msgspec.Struct, frozen=True):
    """A QueryEnd or a QueryFailedEnd."""

    row_count: int | None = None
    truncated: bool = False
    elapsed_ms: float = 0.0
    cached: bool = False
    error: ErrorBody | None = None


class StreamedResult(Result):
    """A Result from the backend. ``row_count``, ``elapsed_ms`` and ``cached`` are meaningful after the
    last batch. Closing it early makes the backend stop the query."""

    def __init__(self, head: QueryHead, lines: "_Lines", close: Callable[[], None]) -> None:
        super().__init__(head.columns, self._read(lines), close=close)
        self.query_id = head.query_id
        self.row_count = 0
        self.elapsed_ms = 0.0
        self.cached = False

    def _read(self, lines: "_Lines") -> Iterator[Batch]:
        for data in lines.rows():
            count = data.count(b"\n")
            self.row_count += count
            yield JsonRows(data=data, count=count)
        end = _decoded(lines.end, _End)
        if end.error is not None:
            raise from_envelope(end.error)
        if end.row_count != self.row_count:
            raise BackendProtocolError(
                f"The backend announced {end.row_count} rows and sent {self.row_count}."
            )
        self.truncated, self.elapsed_ms, self.cached = end.truncated, end.elapsed_ms, end.cached
        self.close()


def open_stream(parts: Iterator[bytes], close: Callable[[], None]) -> StreamedResult:
    """Reads the head. Raises an AppError, here or from the batches; ``close`` is called in any case."""
    try:
        lines = _Lines(parts)
        first = lines.head()
        failed = _decoded(first, _End).error
        if failed is not None:
            raise from_envelope(failed)
        return StreamedResult(_decoded(first, QueryHead), lines, close)
    except AppError:
        close()
        raise


class _Lines:
    """Splits a body into its first line, blocks of whole rows, and its last line.

    Rows begin with ``[`` and the end with ``{``, and a raw newline stands nowhere inside a row, so
    the end is found without looking at the rows.
    """

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = b""
        self.end = b""

    def head(self) -> bytes:
        while b"\n" not in self._rest:
            if not self._more():
                break
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def rows(self) -> Iterator[bytes]:
        while True:
            cut = self._rest.rfind(b"\n") + 1
            whole, self._rest = self._rest[:cut], self._rest[cut:]
            end = 0 if whole.startswith(b"{") else whole.find(b"\n{") + 1
            if end or whole.startswith(b"{"):
                self.end = whole[end:].rstrip()
                whole = whole[:end]
            if whole:
                yield whole
            if self.end:
                return
            if not self._more():
                break
        # the last line may come without its newline
        self.end = self._rest

    def _more(self) -> bool:
        try:
            part = next(self._parts, b"")
        except Failure as failure:
            raise _cut(failure) from failure.__cause__
        if len(self._rest) + len(part) > _LONGEST_LINE:
            raise BackendProtocolError("The backend sent a line that is too long to be a row.")
        self._rest += part
        return bool(part)


def _cut(failure: Failure) -> AppError:
    """Before the answer began a broken line is one thing; in the middle of it, half an answer."""
    return BackendProtocolError("The answer broke off before its end.", details=str(failure.error))


def _decoded(line: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BackendProtocolError(
            "The answer broke off before its end." if not line else "The backend's answer cannot be read."
        ) from error

"""A query's answer as it arrives: NDJSON in, a Result out. Memory stays flat.

Rows are not decoded on the way; decode_batch does that for who wants values.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from shared.arrow_columns import ArrowColumns
from shared.backend_client.failures import from_envelope
from shared.backend_client.progress import Progress, Watch
from shared.backend_client.retry import Failure
from shared.backend_client.tables import Tabular, needed
from shared.errors import AppError, BackendProtocolError
from shared.results import Batch, JsonRows, Result
from shared.rows import decode_batch
from shared.wire import ErrorBody, QueryHead

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
_LONGEST_LINE = 64 * 1024 * 1024


class _End(msgspec.Struct, frozen=True):
    """A QueryEnd or a QueryFailedEnd."""

    row_count: int | None = None
    truncated: bool = False
    elapsed_ms: float = 0.0
    cached: bool = False
    error: ErrorBody | None = None


class StreamedResult(Result, Tabular):
    """A Result from the backend. ``row_count``, ``elapsed_ms`` and ``cached`` are meaningful after the
    last batch. Closing it early makes the backend stop the query."""

    def __init__(
        self,
        head: QueryHead,
        lines: "_Lines",
        close: Callable[[], None],
        cancel: Callable[[str], object],
        watch: Watch | None,
    ) -> None:
        super().__init__(head.columns, self._read(lines, watch), close=close)
        self._cancel = cancel
        self.query_id = head.query_id
        self.row_count = 0
        self.elapsed_ms = 0.0
        self.cached = False

    def rows(self) -> Iterator[list[list[Any]]]:
        """The rows as Python values, a batch at a time. Can be walked once."""
        for batch in self.batches():
            yield decode_batch(batch, self.columns)

    def to_arrow(self) -> "pa.Table":
        pa = needed("pyarrow")
        columns = ArrowColumns(self.columns)
        with self:
            converted = [columns.convert(batch) for batch in self.batches()]
        return pa.Table.from_batches(converted, schema=columns.schema)

    def cancel(self) -> None:
        """From any thread: stops the query in the backend; who reads gets QueryCancelled."""
        self._cancel(self.query_id)

    def _read(self, lines: "_Lines", watch: Watch | None) -> Iterator[Batch]:
        size = 0
        for data in lines.rows():
            count = data.count(b"\n")
            self.row_count += count
            size += len(data)
            if watch is not None:
                watch(Progress(self.row_count, size))
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


def open_stream(
    parts: Iterator[bytes],
    close: Callable[[], None],
    *,
    cancel: Callable[[str], object] = lambda _: None,
    watch: Watch | None = None,
) -> StreamedResult:
    """Reads the head. Raises an AppError, here or from the batches; ``close`` is called in any case."""
    try:
        lines = _Lines(parts)
        first = lines.head()
        failed = _decoded(first, _End).error
        if failed is not None:
            raise from_envelope(failed)
        return StreamedResult(_decoded(first, QueryHead), lines, close, cancel, watch)
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

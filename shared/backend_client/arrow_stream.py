"""A query's answer as Arrow, batch by batch; from Arrow's stream, or made of NDJSON where that comes.

Memory stays flat. A stream that breaks off, or does not say how it ended, raises.
"""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from shared.arrow_columns import ArrowColumns
from shared.backend_client.failures import from_envelope
from shared.backend_client.progress import Progress, Watch
from shared.backend_client.retry import Failure
from shared.backend_client.stream import StreamedResult
from shared.backend_client.tables import Tabular, needed
from shared.errors import AppError, BackendProtocolError
from shared.wire import ErrorBody

if TYPE_CHECKING:
    import pyarrow as pa

ARROW = "application/vnd.apache.arrow.stream"


class ArrowStream(Tabular):
    """``schema`` is there at once; ``row_count``, ``truncated`` and ``elapsed_ms`` after the last batch.
    Close it, or use ``with``: closing it early makes the backend stop the query."""

    def __init__(
        self,
        schema: "pa.Schema",
        batches: Iterator["pa.RecordBatch"],
        *,
        close: Callable[[], None],
        cancel: Callable[[str], object],
        query_id: str,
        watch: Watch | None = None,
    ) -> None:
        self.schema = schema
        self.query_id = query_id
        self.row_count = 0
        self.truncated = False
        self.elapsed_ms = 0.0
        self._batches = self._counted(batches, watch)
        self._close = close
        self._cancel = cancel

    def batches(self) -> Iterator["pa.RecordBatch"]:
        """Can be walked once. Raises an AppError."""
        return self._batches

    def to_arrow(self) -> "pa.Table":
        with self:
            return needed("pyarrow").Table.from_batches(list(self._batches), schema=self.schema)

    def cancel(self) -> None:
        """From any thread: stops the query in the backend; who reads gets QueryCancelled."""
        self._cancel(self.query_id)

    def close(self) -> None:
        self._close()

    def _counted(
        self, batches: Iterator["pa.RecordBatch"], watch: Watch | None
    ) -> Iterator["pa.RecordBatch"]:
        size = 0
        for batch in batches:
            self.row_count += batch.num_rows
            size += batch.nbytes
            if watch is not None:
                watch(Progress(self.row_count, size))
            yield batch

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_arrow(
    parts: Iterator[bytes],
    close: Callable[[], None],
    *,
    cancel: Callable[[str], object],
    watch: Watch | None,
) -> ArrowStream:
    """From Arrow's own stream. ``close`` is called in any case."""
    ipc = needed("pyarrow.ipc")
    try:
        reader = _translated(lambda: ipc.open_stream(_File(parts)))
        schema = reader.schema.remove_metadata()
        query_id = (reader.schema.metadata or {}).get(b"query_id", b"").decode()
        stream: list[ArrowStream] = []
        batches = _read(reader, stream, close)
        made = ArrowStream(
            schema,
            batches,
            close=close,
            cancel=cancel,
            query_id=query_id,
            watch=watch,
        )
    except AppError:
        close()
        raise
    stream.append(made)
    return made


def from_rows(result: StreamedResult) -> ArrowStream:
    """From NDJSON."""
    needed("pyarrow")
    columns = ArrowColumns(result.columns)
    batches = result.batches()
    first = next(batches, None)
    begun = [] if first is None else [columns.convert(first)]

    def converted() -> Iterator["pa.RecordBatch"]:
        yield from begun
        for batch in batches:
            yield columns.convert(batch)
        stream.truncated, stream.elapsed_ms = result.truncated, result.elapsed_ms

    stream = ArrowStream(
        columns.schema,
        converted(),
        close=result.close,
        cancel=lambda _: result.cancel(),
        query_id=result.query_id,
    )
    return stream


def _read(reader: Any, made: list[ArrowStream], close: Callable[[], None]) -> Iterator["pa.RecordBatch"]:
    """The last batch has no rows, and tells how it ended."""
    ended = False
    while True:
        try:
            batch, told = _translated(reader.read_next_batch_with_custom_metadata)
        except StopIteration:
            break
        if told is not None and b"error" in told:
            raise from_envelope(msgspec.json.decode(told[b"error"], type=ErrorBody))
        if told is None or b"row_count" not in told:
            yield batch
            continue
        ended, (stream,) = True, made
        if int(told[b"row_count"]) != stream.row_count:
            raise BackendProtocolError(
                f"The backend announced {int(told[b'row_count'])} rows and sent {stream.row_count}."
            )
        stream.truncated = told.get(b"truncated") == b"true"
        stream.elapsed_ms = float(told.get(b"elapsed_ms", b"0"))
    if not ended:
        raise BackendProtocolError("The answer broke off before its end.")
    close()


def _translated(read: Callable[[], Any]) -> Any:
    pa = needed("pyarrow")
    try:
        return read()
    except Failure as failure:
        raise BackendProtocolError(
            "The answer broke off before its end.", details=str(failure.error)
        ) from failure.__cause__
    except (pa.ArrowException, OSError) as error:
        raise BackendProtocolError("The backend's answer is not an Arrow stream.") from error


class _File:
    """A body as a file that pyarrow can read."""

    closed = False

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._ready = bytearray()

    def read(self, size: int = -1) -> bytes:
        while (size < 0 or len(self._ready) < size) and (part := next(self._parts, b"")):
            self._ready += part
        taken = bytes(self._ready if size < 0 else self._ready[:size])
        del self._ready[: len(taken)]
        return taken

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return False

    def flush(self) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """The answer is closed by who opened it."""

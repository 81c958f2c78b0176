"""Arrow's stream and Parquet, by pyarrow, which is imported when it is first needed.

The stream leaves batch by batch. Its last batch has no rows, and carries ``row_count``, ``truncated`` and
``elapsed_ms`` as metadata, or ``error`` when the query failed; other readers see a batch of nothing. Parquet
leaves by row groups; memory holds one of them.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from shared.arrow_columns import ArrowColumns
from shared.errors import NotAcceptable
from shared.results import Batch, Column
from shared.wire import ErrorBody, QueryEnd, QueryFailedEnd

if TYPE_CHECKING:
    import pyarrow as pa

_GROUP_BYTES = 16 * 1024 * 1024
_GROUP_ROWS = 1_000_000


class _Written:
    """A file for pyarrow; what it writes is taken away by :meth:`take`."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._size += len(part)
        return len(part)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """pyarrow closes what it writes to; there is nothing to give back."""


class ArrowEncoder:
    """Arrow's IPC stream."""

    def __init__(self) -> None:
        self._file = _Written()
        self._columns = ArrowColumns(())
        self._query_id = ""
        self._writer: Any = None

    def head(self, query_id: str, columns: Sequence[Column]) -> bytes:
        """Nothing yet: the first batch settles the schema."""
        self._columns, self._query_id = ArrowColumns(columns), query_id
        return b""

    def batch(self, batch: Batch) -> bytes:
        converted = self._columns.convert(batch)
        with _InOurWords():
            self._begun().write_batch(converted)
        return self._file.take()

    def end(self, end: QueryEnd) -> Iterable[bytes]:
        fields = msgspec.to_builtins(end)
        yield self._last({name: msgspec.json.encode(value) for name, value in fields.items()})
        self._begun().close()
        yield self._file.take()

    def failed(self, error: ErrorBody) -> bytes:
        """Told to who looks for it; the missing end of the stream tells everybody."""
        return self._last({"error": msgspec.json.encode(QueryFailedEnd(error).error)})

    def close(self) -> None:
        """Nothing is held."""

    def _begun(self) -> Any:
        from pyarrow import ipc

        if self._writer is None:
            schema = self._columns.schema.with_metadata({"query_id": self._query_id})
            self._writer = ipc.new_stream(self._file, schema)
        return self._writer

    def _last(self, metadata: dict[str, bytes]) -> bytes:
        import pyarrow as pa

        nothing = pa.RecordBatch.from_pylist([], schema=self._columns.schema)
        self._begun().write_batch(nothing, custom_metadata=metadata)
        return self._file.take()


class ParquetEncoder:
    """One Parquet file, compressed by zstd inside. Its last bytes say where everything is, so that a file
    that was cut off cannot be opened."""

    def __init__(self) -> None:
        self._file = _Written()
        self._columns = ArrowColumns(())
        self._waiting: list[pa.RecordBatch] = []
        self._bytes = self._rows = 0
        self._query_id = ""
        self._writer: Any = None

    def head(self, query_id: str, columns: Sequence[Column]) -> bytes:
        """Nothing yet: the first batch settles the schema."""
        self._columns, self._query_id = ArrowColumns(_told_apart(columns)), query_id
        return b""

    def batch(self, batch: Batch) -> bytes:
        converted = self._columns.convert(batch)
        self._waiting.append(converted)
        self._bytes += converted.nbytes
        self._rows += converted.num_rows
        if self._bytes >= _GROUP_BYTES or self._rows >= _GROUP_ROWS:
            self._write_group()
        return self._file.take()

    def end(self, end: QueryEnd) -> Iterable[bytes]:
        self._write_group()
        with _InOurWords():
            writer = self._begun()
            fields = {"query_id": self._query_id} | msgspec.to_builtins(end)
            writer.add_key_value_metadata({name: str(value) for name, value in fields.items()})
            writer.close()
        yield self._file.take()

    def failed(self, error: ErrorBody) -> bytes:  # noqa: ARG002 - Parquet has no place for it
        return b""

    def close(self) -> None:
        """Nothing is held but memory."""
        self._waiting = []

    def _begun(self) -> Any:
        from pyarrow import parquet

        if self._writer is None:
            self._writer = parquet.ParquetWriter(self._file, self._columns.schema, compression="zstd")
        return self._writer

    def _write_group(self) -> None:
        import pyarrow as pa

        waiting, self._waiting = self._waiting, []
        self._bytes = self._rows = 0
        if waiting:
            with _InOurWords():
                self._begun().write_table(pa.Table.from_batches(waiting), row_group_size=_GROUP_ROWS)


def _told_apart(columns: Sequence[Column]) -> list[Column]:
    """Most readers of Parquet fail on a file that has a name twice: the second ``id`` is ``id_2``."""
    taken = {column.name for column in columns}
    seen: set[str] = set()
    found: list[Column] = []
    for column in columns:
        name, number = column.name, 1
        while name in seen or (number > 1 and name in taken):
            number += 1
            name = f"{column.name}_{number}"
        seen.add(name)
        found.append(msgspec.structs.replace(column, name=name))
    return found


class _InOurWords:
    """What a format cannot hold, although Arrow can."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        import pyarrow as pa

        if isinstance(error, pa.ArrowException):
            raise NotAcceptable(
                "This result has a column whose type cannot be written in this format.",
                details="Cast it in the query, for example to text, or ask for CSV or JSON.",
            ) from error

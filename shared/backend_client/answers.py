"""What the client gives back: a query's answer, whole. How it came here stays in client.py."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from shared.arrow_columns import ArrowColumns
from shared.backend_client.failures import from_envelope
from shared.backend_client.tables import Tabular, needed
from shared.errors import BackendProtocolError
from shared.results import Column, Rows
from shared.rows import decode_rows
from shared.wire import ErrorBody, Schema

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")


class QueryResult(msgspec.Struct, Tabular, frozen=True):
    """Columns, and rows as lists of Python values.

    ``cached`` says that the backend had the answer at hand. ``cached_at`` is None, unless the answer
    comes from this computer's cache: then it is when the backend gave it.
    """

    columns: tuple[Column, ...]
    rows: list[list[Any]]
    row_count: int
    truncated: bool
    elapsed_ms: float
    query_id: str
    cached: bool = False
    cached_at: datetime | None = None

    @property
    def age_seconds(self) -> float | None:
        """How old the answer is when it comes from this computer's cache, otherwise None."""
        if self.cached_at is None:
            return None
        return max(0.0, (datetime.now(UTC) - self.cached_at).total_seconds())

    def to_arrow(self) -> "pa.Table":
        pa = needed("pyarrow")
        columns = ArrowColumns(self.columns)
        batches = [columns.convert(Rows(self.rows))] if self.rows else []
        return pa.Table.from_batches(batches, schema=columns.schema)

    def __iter__(self) -> Iterator[list[Any]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class SchemaAnswer(Schema, frozen=True):
    """A schema; ``cached_at`` is set when it comes from this computer's cache."""

    cached_at: datetime | None = None


class _WireAnswer(msgspec.Struct, frozen=True):
    query_id: str = ""
    columns: list[Column] | None = None
    rows: msgspec.Raw = msgspec.Raw()
    row_count: int | None = None
    truncated: bool = False
    elapsed_ms: float = 0.0
    cached: bool = False
    error: ErrorBody | None = None


def decode(body: bytes, kind: type[T]) -> T:
    """A body as a message. Raises BackendProtocolError."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BackendProtocolError(
            "The backend's answer cannot be read. Check that its version fits this one.",
            details=str(error)[:200] if isinstance(error, msgspec.ValidationError) else "",
        ) from error


def decode_query(body: bytes, cached_at: datetime | None = None) -> QueryResult:
    """A query's answer in JSON; raises what its closing fields tell, or BackendProtocolError."""
    answer = decode(body, _WireAnswer)
    if answer.error is not None:
        raise from_envelope(answer.error)
    if answer.columns is None or answer.row_count is None or not memoryview(answer.rows):
        raise BackendProtocolError("The backend's answer has no columns, no rows or no end.")
    rows = decode_rows(answer.rows, answer.columns)
    if len(rows) != answer.row_count:
        raise BackendProtocolError(f"The backend announced {answer.row_count} rows and sent {len(rows)}.")
    return QueryResult(
        columns=tuple(answer.columns),
        rows=rows,
        row_count=answer.row_count,
        truncated=answer.truncated,
        elapsed_ms=answer.elapsed_ms,
        query_id=answer.query_id,
        cached=answer.cached,
        cached_at=cached_at,
    )

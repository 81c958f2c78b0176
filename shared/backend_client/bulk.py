"""Large results through the client: batch by batch, as Arrow, or straight into a file. Memory stays flat."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from shared.backend_client.arrow_stream import ARROW, ArrowStream, from_rows, open_arrow
from shared.backend_client.downloads import MEDIA_TYPES, format_of, save
from shared.backend_client.http import PartReader, Transport
from shared.backend_client.progress import Watch
from shared.backend_client.questions import ParamValue, query_request
from shared.backend_client.stream import StreamedResult, open_stream
from shared.backend_client.tables import needed

_NDJSON = "application/x-ndjson"
_GRACE_SECONDS = 5.0


class Bulk:
    """The part of BackendClient for what is large; BackendClient holds what this needs."""

    _transport: Transport
    _timeout: float

    def stream_query(
        self,
        connection: str,
        query: str,
        *,
        params: Mapping[str, ParamValue] | None = None,
        max_rows: int | None = None,
        timeout_seconds: float | None = None,
        query_id: str | None = None,
        progress: Watch | None = None,
    ) -> StreamedResult:
        """Runs a reading query; its rows come as they are read (see decode_batch).

        Close the result: closing early stops the query. Never from the cache. Raises an AppError,
        here or from the batches.
        """
        request = query_request(connection, query, params, max_rows, timeout_seconds, query_id)
        answer, parts = self._opened(request, _NDJSON, timeout_seconds)
        return open_stream(parts, answer.close, cancel=self.cancel_query, watch=progress)

    def query_batches(
        self,
        connection: str,
        query: str,
        *,
        params: Mapping[str, ParamValue] | None = None,
        max_rows: int | None = None,
        timeout_seconds: float | None = None,
        query_id: str | None = None,
        progress: Watch | None = None,
    ) -> Iterator[list[list[Any]]]:
        """The rows of a query as Python values, a batch at a time. Leaving the loop stops the query."""
        with self.stream_query(
            connection,
            query,
            params=params,
            max_rows=max_rows,
            timeout_seconds=timeout_seconds,
            query_id=query_id,
            progress=progress,
        ) as result:
            yield from result.rows()

    def stream_arrow(
        self,
        connection: str,
        query: str,
        *,
        params: Mapping[str, ParamValue] | None = None,
        max_rows: int | None = None,
        timeout_seconds: float | None = None,
        query_id: str | None = None,
        progress: Watch | None = None,
    ) -> ArrowStream:
        """The same in Arrow's record batches, which become tables of pyarrow, pandas and polars.

        Without ``max_rows`` it is the whole result; for a key without ``data_export``, and from a backend
        that cannot write Arrow, the backend's usual number of rows. Raises DriverMissing without pyarrow.
        """
        needed("pyarrow")
        request = query_request(connection, query, params, max_rows, timeout_seconds, query_id)
        answer, parts = self._opened(request, f"{ARROW}, {_NDJSON};q=0.5", timeout_seconds)
        if answer.headers.get("Content-Type", "").startswith(ARROW):
            return open_arrow(parts, answer.close, cancel=self.cancel_query, watch=progress)
        return from_rows(open_stream(parts, answer.close, cancel=self.cancel_query, watch=progress))

    def download_query(  # noqa: PLR0913 - as the others, and where to
        self,
        connection: str,
        query: str,
        path: Path | str,
        *,
        format: str | None = None,  # noqa: A002 - the word of the API
        params: Mapping[str, ParamValue] | None = None,
        max_rows: int | None = None,
        timeout_seconds: float | None = None,
        query_id: str | None = None,
        progress: Watch | None = None,
    ) -> Path:
        """Saves a query's answer as a file: json, ndjson, csv, arrow, parquet or xlsx, by ``format`` or by
        the end of the file's name. It replaces ``path`` when it is whole; half a file is never there.

        Raises an AppError.
        """
        name = format_of(path, format)
        request = query_request(connection, query, params, max_rows, timeout_seconds, query_id)
        answer, parts = self._opened(request, MEDIA_TYPES[name], timeout_seconds)
        try:
            return save(parts, Path(path), name, progress)
        finally:
            answer.close()

    def cancel_query(self, query_id: str) -> bool:
        """Stops a running query. False when there is none of that name (any more)."""
        raise NotImplementedError

    def _opened(
        self, request: msgspec.Struct, accept: str, timeout_seconds: float | None
    ) -> tuple[Any, PartReader]:
        seconds = timeout_seconds or self._timeout
        answer = self._transport.open(
            "POST",
            "/api/query",
            msgspec.json.encode(request),
            accept=accept,
            patience_seconds=max(seconds, 0) + _GRACE_SECONDS,
        )
        return answer, PartReader(answer, host=self._transport.host, patience_seconds=seconds)

"""Analysis over HTTP: rows of a query or of the caller to server/insights, which finds and says."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from server.answers import Question, Writing
from server.api.call import Call
from server.api.query import checked
from server.queries import checked_id
from shared.errors import InvalidRequest, NotPermitted
from shared.permissions import Permission
from shared.results import Batch, Column
from shared.wire import Analysis, AnalyzeRequest, ErrorBody, QueryEnd

if TYPE_CHECKING:
    from server.insights.table import Table

_LONGEST_SQL = 1_000_000


async def analyze(call: Call, body: AnalyzeRequest) -> Analysis:
    """Facts, and what stands out in them. Only statistics leave, so the limit on rows is our own."""
    from server.insights.facts import study
    from server.insights.narrate import narrate
    from server.insights.table import from_objects

    interest = f"{body.question or ''} {body.context or ''}"
    if body.data is not None:
        if body.connection is not None or body.query is not None:
            raise InvalidRequest("Send either data, or connection and query, not both.")
        rows = body.data
        call.note.row_count = len(rows)
        return await asyncio.to_thread(lambda: narrate(study(from_objects(rows), interest)))
    if body.connection is None or body.query is None:
        raise InvalidRequest("Send connection and query, or data: a list of objects.")
    table = await _gathered(call, body.connection, body.query)
    return await asyncio.to_thread(lambda: narrate(study(table, interest)))


async def _gathered(call: Call, connection: str, text: str) -> "Table":
    """The rows of a query as columns, made on the connection's own thread as they come."""
    from server.insights.table import MAX_ROWS

    note, settings = call.note, call.backend.settings.database
    note.connection, note.sql_text = connection[:63], text[:_LONGEST_SQL]
    if not call.extra:
        raise NotPermitted(f"This key lacks the permission {Permission.DB_READ.value} (run a reading query).")
    if len(text) > _LONGEST_SQL:
        raise InvalidRequest(f"A query has at most {_LONGEST_SQL} characters.")
    sql, tables = await checked(call, connection, text)
    note.tables = " ".join(sorted(tables))
    note.query_id = checked_id(None)
    question = Question(
        query_id=note.query_id,
        owner=call.caller.key_id,
        connection=connection,
        sql=sql,
        tables=tables,
        params={},
        max_rows=min(MAX_ROWS, settings.max_rows),
        timeout_seconds=settings.query_timeout,
        cut_is_an_error=False,
        data=call.caller.data,
        asked_at=call.arrived,
    )
    gathering = _Gathering()
    answer = await call.backend.queries.start(question, Writing(lambda: gathering))
    try:
        piece = answer.first
        while not piece.last:
            piece = await answer.next_piece()
        note.row_count = answer.rows
    finally:
        answer.close()
    return gathering.table


class _Gathering:
    """Takes an encoder's place, and writes nothing. A query that starts anew begins with ``head``."""

    def __init__(self) -> None:
        from server.insights.table import Gatherer

        self._gatherer = Gatherer(())
        self.table = self._gatherer.table()

    def head(self, query_id: str, columns: Sequence[Column]) -> bytes:  # noqa: ARG002 - an Encoder's
        self._gatherer = type(self._gatherer)(columns)
        return b""

    def batch(self, batch: Batch) -> bytes:
        self._gatherer.add(batch)
        return b""

    def end(self, end: QueryEnd) -> Iterable[bytes]:
        self.table = self._gatherer.table()
        self.table.truncated = self.table.truncated or end.truncated
        return ()

    def failed(self, error: ErrorBody) -> bytes:  # noqa: ARG002 - an Encoder's
        return b""

    def close(self) -> None:
        """Nothing is held."""

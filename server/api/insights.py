"""Analysis over HTTP: rows of a query or of the caller to server/insights, which finds and says."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from server.access.standing import READING, Rights
from server.answers import Question, Writing
from server.api.call import Call
from server.api.query import checked
from server.connections import ACROSS
from server.queries import checked_id
from shared.errors import AppError, InvalidRequest
from shared.permissions import Permission, lacking
from shared.results import Batch, Column
from shared.wire import Analysis, AnalyzeRequest, ErrorBody, QueryEnd

if TYPE_CHECKING:
    from server.insights.facts import Wish
    from server.insights.measured import Measured
    from server.insights.table import Table

_LONGEST_SQL = 1_000_000
_LONGEST_INTEREST = 2_000
_FEW_ROWS = 20_000
"""So many are looked at here, each by itself."""
_AT_A_TIME = 3
_LONGEST_SECONDS = 120.0

_Work = Callable[[Call, AnalyzeRequest], Coroutine[Any, Any, Analysis]]


async def analyze(call: Call, body: AnalyzeRequest) -> Analysis:
    """Facts, and what stands out in them. Only statistics leave, so the limit on rows is our own."""
    return await _cancellable(call, body, _analyzed)


async def recommend(call: Call, body: AnalyzeRequest) -> Analysis:
    """Options with what the data says they would bring."""
    return await _cancellable(call, body, _recommended)


async def _cancellable(call: Call, body: AnalyzeRequest, work: _Work) -> Analysis:
    """By its id, as a query is: the task ends, and with it whatever it has asked a source."""
    reasons: list[AppError] = []

    def stop(reason: AppError) -> None:
        reasons.append(reason)
        task.cancel()

    query_id = call.note.query_id = checked_id(body.query_id)
    with call.backend.queries.together(query_id, call.caller.key_id, stop):
        task = asyncio.get_running_loop().create_task(work(call, body))
        try:
            return await task
        except asyncio.CancelledError:
            if reasons:
                raise reasons[0] from None
            raise


async def _analyzed(call: Call, body: AnalyzeRequest) -> Analysis:
    from server.insights.facts import examine
    from server.insights.narrate import narrate

    wish, found = await _measured(call, body)
    analysis = await asyncio.to_thread(lambda: narrate(examine(found, wish), wish.asked))
    return await _told(call, body, analysis)


async def _recommended(call: Call, body: AnalyzeRequest) -> Analysis:
    from server.insights.advice import advise
    from server.insights.facts import examine
    from server.insights.options import options

    wish, found = await _measured(call, body)

    def made() -> Analysis:
        facts = examine(found, wish)
        return advise(facts, options(found, facts))

    return await asyncio.to_thread(made)


async def _told(call: Call, body: AnalyzeRequest, analysis: Analysis) -> Analysis:
    """In the words of the backend's model, where there is one and the caller may use it and wants it."""
    model = call.backend.teller
    if model is None or not call.may_export or body.words == "templates":
        return analysis
    from server.insights.telling import told

    call.note.detail = f"told by {model.label}"[:100]
    question = " ".join(part for part in (body.question, body.context) if part)
    return await asyncio.to_thread(told, analysis, model, question)


async def _measured(call: Call, body: AnalyzeRequest) -> "tuple[Wish, Measured]":
    from server.insights import by_rows, drivers, forecast
    from server.insights.facts import Wish
    from server.insights.table import from_objects

    days = body.forecast_days or 0
    if not 0 <= days <= forecast.MOST_DAYS:
        raise InvalidRequest(f"forecast_days is a number from 1 to {forecast.MOST_DAYS}.")
    interest = f"{body.question or ''} {body.context or ''}"[:_LONGEST_INTEREST]
    wish = Wish(interest, drivers.asked(body.period, body.against), days)
    if body.data is not None:
        if body.connection is not None or body.query is not None:
            raise InvalidRequest("Send either data, or connection and query, not both.")
        rows = body.data
        call.note.row_count = len(rows)
        return wish, await asyncio.to_thread(
            lambda: by_rows.measured(from_objects(rows), wish.interest, wish.periods)
        )
    if body.connection is None or body.query is None:
        raise InvalidRequest("Send connection and query, or data: a list of objects.")
    return wish, await _from_source(call, body.connection, body.query, wish)


async def _from_source(call: Call, connection: str, text: str, wish: "Wish") -> "Measured":
    """A few thousand rows are looked at here; of more, the source is asked for sums of them."""
    from server.insights import by_query, by_rows
    from server.insights.asking import Asking
    from server.insights.table import MAX_ROWS

    note = call.note
    note.connection, note.sql_text = connection[:63], text[:_LONGEST_SQL]
    if not call.extra:
        raise lacking(Permission.DB_READ)
    if len(text) > _LONGEST_SQL:
        raise InvalidRequest(f"A query has at most {_LONGEST_SQL} characters.")
    run = _Runs(call, connection)
    few = await run.ask(text, _FEW_ROWS)
    if few.table.truncated and connection == ACROSS:  # its parts would be fetched anew for every question
        few = await run.ask(text, MAX_ROWS)
    if not few.table.truncated or connection == ACROSS:
        note.row_count = few.table.rows
        return await asyncio.to_thread(lambda: by_rows.measured(few.table, wish.interest, wish.periods))
    sql, _ = await call.backend.queries.check(connection, text)
    asking = Asking(sql, call.backend.connections.dialect(connection), few.columns)

    async def ask(about: str, most: int) -> "Table":
        return (await run.ask(about, most)).table

    try:
        found = await by_query.measured(ask, asking, few.table, wish.interest, wish.periods)
    finally:
        run.stop()
    note.row_count = found.rows
    return found


class _Runs:
    """Queries of one analysis: each judged as if the caller had sent it, so many at a time, one deadline."""

    def __init__(self, call: Call, connection: str) -> None:
        self._call, self._connection = call, connection
        self._turns = asyncio.Semaphore(_AT_A_TIME)
        self._asking: set[asyncio.Task[Any] | None] = set()
        self._seconds = min(call.backend.settings.database.query_timeout, _LONGEST_SECONDS)

    async def ask(self, text: str, most: int) -> "_Gathering":
        task = asyncio.current_task()
        if task is not None:
            self._asking.add(task)
        try:
            async with self._turns:
                return await self._ask(text, most)
        finally:
            self._asking.discard(task)

    def stop(self) -> None:
        """Ends what still runs when one of them has failed."""
        for task in self._asking - {asyncio.current_task()}:
            if task is not None:
                task.cancel()

    async def _ask(self, text: str, most: int) -> "_Gathering":
        call = self._call
        sql, tables = await checked(call, self._connection, text)
        if not call.note.tables:
            call.note.tables = " ".join(sorted(tables))
        question = Question(
            query_id=checked_id(None),
            rights=Rights.of(call.caller, READING),
            connection=self._connection,
            sql=sql,
            tables=tables,
            params={},
            max_rows=min(most, call.backend.settings.database.max_rows),
            timeout_seconds=self._seconds,
            cut_is_an_error=False,
            data=call.caller.data,
            asked_at=call.arrived,
            request_id=call.request_id,
        )
        gathering = _Gathering()
        answer = await call.backend.queries.start(question, Writing(lambda: gathering))
        try:
            piece = answer.first
            while not piece.last:
                piece = await answer.next_piece()
        finally:
            answer.close()
        return gathering


class _Gathering:
    """Takes an encoder's place, and writes nothing. A query that starts anew begins with ``head``."""

    def __init__(self) -> None:
        from server.insights.table import Gatherer

        self._gatherer = Gatherer(())
        self.table = self._gatherer.table()
        self.columns: Sequence[Column] = ()

    def head(self, query_id: str, columns: Sequence[Column]) -> bytes:  # noqa: ARG002 - an Encoder's
        self._gatherer, self.columns = type(self._gatherer)(columns), columns
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

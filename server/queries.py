"""The queries that run here: each with a connection, a deadline, and an id by which it can be stopped.

What is asked and how its answer is written stays in answers; HTTP in server/api.
"""

import asyncio
import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from uuid import UUID

from server import fresh_ids
from server.access.data_policy import UNRESTRICTED, DataPolicy
from server.access.standing import Rights
from server.across.across import Across
from server.answers import Answer, Question, Told, Writing, told
from server.connections import ACROSS, Connections
from server.connectors.base import Progress, QuickAnswer
from server.governance.errors import screened
from server.leases import Lease
from server.long_texts import judged
from server.stops import LeaseStop, Stop
from shared import guard
from shared.errors import AppError, Conflict, InvalidRequest, QueryCancelled, SourceUnavailable
from shared.guard import ReadOnlySql
from shared.results import Result

_LOOK_SECONDS = 0.1
"""How often it is looked for queries whose time is up, or whose asker may not go on."""


class Queries:
    """Every query that runs here, by its id."""

    def __init__(
        self, connections: Connections, across: Across, objection: Callable[[Rights], AppError | None]
    ) -> None:
        """``objection`` tells why what was begun with such rights must stop now."""
        self._objection = objection
        self._connections = connections
        self._across = across
        self._running: dict[str, tuple[Question, Stop]] = {}
        self._together: dict[str, tuple[str, Callable[[AppError], None]]] = {}
        self._looks = False

    def __len__(self) -> int:
        """How many run or wait for a connection: those who wait for one that runs for them all are none."""
        return sum(isinstance(stop, LeaseStop) for _, stop in self._running.values())

    async def check(
        self, connection: str, text: str, data: DataPolicy = UNRESTRICTED
    ) -> tuple[ReadOnlySql, frozenset[str]]:
        """The SQL that will run, but for what ``data`` changes in it, and the tables it reads. Raises
        NotFound or QueryRefused."""
        if connection == ACROSS:
            return await self._across.check(text, data)
        dialect = self._connections.dialect(connection)

        def check() -> tuple[ReadOnlySql, frozenset[str]]:
            sql = guard.check(text, dialect)
            return sql, guard.tables(sql, dialect)

        return await judged(text, check)

    @contextlib.contextmanager
    def known(self, question: Question, stop: Stop) -> Iterator[None]:
        """By its id, while the block lasts, so that it can be cancelled, and is stopped when its time is up.
        Raises Conflict."""
        self._register(question.query_id, question, stop)
        try:
            yield
        finally:
            self._running.pop(question.query_id, None)

    @contextlib.contextmanager
    def together(self, query_id: str, owner: str, stop: Callable[[AppError], None]) -> Iterator[None]:
        """While the block lasts, what it asks is cancelled as one, by this id. Raises Conflict."""
        if query_id in self._together or query_id in self._running:
            raise Conflict(f"A query with the id {query_id} is running already.")
        self._together[query_id] = owner, stop
        try:
            yield
        finally:
            del self._together[query_id]

    def _register(self, query_id: str, question: Question, stop: Stop) -> None:
        if query_id in self._running:
            raise Conflict(f"A query with the id {query_id} is running already.")
        self._running[query_id] = question, stop
        if not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """One timer for all: most queries are over long before one of their own would have been worth it.

        One that runs for others outlives the rights of who asked first: each who waits has a stop too.
        """
        now = time.perf_counter()
        for known, (question, stop) in list(self._running.items()):
            if question.is_over(now):
                stop(question.too_slow())
            elif known == question.query_id and (reason := self._objection(question.rights)) is not None:
                stop(reason)
        self._looks = bool(self._running)
        if self._looks:
            asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    async def ask(self, question: Question, writing: Writing, *, for_others: bool = False) -> Answer | Told:
        """As :meth:`start`; but a short answer that a source gives from the event loop is told at once, and
        nothing is left to close."""
        query_id, stop = _for_others(question) if for_others else question.query_id, LeaseStop()
        self._register(query_id, question, stop)
        lease: Lease | None = None
        found: QuickAnswer | None = None
        try:
            lease = await self._leased(question, stop)
            if lease.quick is not None and writing.is_light:
                try:
                    found = await lease.ask_quickly(
                        lease.quick, question.sql, question.params, question.limits()
                    )
                except SourceUnavailable:
                    if not lease.reused:
                        raise
                    lease.release()  # it died while it lay idle
                    lease = None
            if found is not None and found.is_whole:
                said = told(question, found.result, writing)
                self._end(query_id, question, stop)
                return said
        except BaseException as error:
            self._end(query_id, question, stop)
            if question.data.restricts and isinstance(error, AppError):
                raise screened(error) from None
            raise
        result = None if found is None else found.result
        return await self._started(query_id, question, writing, stop, lease, result)

    async def start(self, question: Question, writing: Writing) -> Answer:
        """The answer with its first piece; close it. Raises AppError when there is no first piece.

        A connection that died while it lay idle is replaced once: reading twice harms nothing.
        """
        stop = LeaseStop()
        self._register(question.query_id, question, stop)
        return await self._started(question.query_id, question, writing, stop)

    async def _started(
        self,
        query_id: str,
        question: Question,
        writing: Writing,
        stop: LeaseStop,
        lease: Lease | None = None,
        result: Result | None = None,
    ) -> Answer:
        """``lease``, and the ``result`` that it has begun to bring, where they are there already."""
        end = functools.partial(self._end, query_id, question, stop)
        try:
            if lease is None:
                lease = await self._leased(question, stop)
            else:
                stop.attach(lease)
            answer = Answer(question, lease, writing, end, result)
            try:
                await answer.begin()
            except SourceUnavailable:
                if not lease.reused:
                    raise
                lease.release()
                answer = Answer(question, await self._leased(question, stop), writing, end)
                await answer.begin()
        except BaseException:
            end()
            raise
        return answer

    def _end(self, query_id: str, question: Question, stop: LeaseStop) -> None:
        for known in (query_id, question.query_id):
            running = self._running.get(known)
            if running is not None and running[1] is stop:
                del self._running[known]
        stop.release()

    async def _leased(self, question: Question, stop: LeaseStop) -> Lease:
        name, caller = question.connection, question.owner
        if name == ACROSS:
            filling = self._across.lease(
                question.sql,
                question.params,
                question.deadline,
                caller,
                question.data,
                request_id=question.request_id,
            )
            lease: Lease | None = await stop.unless_stopped(filling)
        else:
            lease = self._connections.find_idle(name, caller)
        if lease is None:
            lease = await stop.unless_stopped(self._connections.lease(name, caller))
        stop.attach(lease)  # raises when it was stopped meanwhile: nothing is asked on it then
        return lease

    def hand_over(self, question: Question) -> None:
        """What was started for others is its caller's alone, who may cancel it from now on."""
        running = self._running.pop(_for_others(question), None)
        if running is not None:
            self._running[question.query_id] = running

    def find_and_cancel(self, query_id: str, *, by: str, anybodys: bool) -> bool:
        """Stops a query inside its source; False when it does not run here or is not the caller's to stop."""
        owner, stop = self._together.get(query_id) or self._found(query_id)
        if stop is None or not (anybodys or owner == by):
            return False
        stop(QueryCancelled("The query was cancelled."))
        return True

    def _found(self, query_id: str) -> tuple[str, Stop | None]:
        question, stop = self._running.get(query_id, (None, None))
        return "" if question is None else question.owner, stop

    def progress(self, query_id: str) -> Progress | None:
        """How far its source is, when that tells. From any thread."""
        _, stop = self._running.get(query_id, (None, None))
        return None if stop is None else stop.progress()

    def reap(self) -> None:
        """Lets go of what it keeps ready for queries across connections and nobody has needed for long. To be
        called now and then."""
        self._across.reap()

    def close(self) -> None:
        """Ends what it keeps ready for queries across connections."""
        self._across.close()

    def cancel_all(self) -> None:
        for _, stop in list(self._running.values()):
            stop(QueryCancelled("The backend is being stopped.", details="Ask again in a moment."))


def _for_others(question: Question) -> str:
    return f"for others: {question.query_id}"


def checked_id(query_id: str | None) -> str:
    """A fresh id, or the caller's own when it is a UUID."""
    if query_id is None:
        return fresh_ids.query_id()
    try:
        return str(UUID(query_id))
    except ValueError as error:
        raise InvalidRequest("query_id must be a UUID.") from error

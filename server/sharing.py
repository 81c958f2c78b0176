"""Answers shared: kept for a while, and one query for all who ask the same while it runs.

Shared is only what is the same for both callers: what they may see (their scope), the connection as it
is now, the SQL, its values, the limit of rows and the format; and only an answer that is short. Each
process shares by itself. What is asked and how it is written stays in queries.
"""

import asyncio
import sys
import time
from collections import OrderedDict
from collections.abc import Hashable

import msgspec

from server.answers import Answer, Question, Told, Writing
from server.connections import Connections
from server.queries import Queries
from server.soon import Soon
from shared.errors import AppError, QueryTimeout

_OVERHEAD_BYTES = 1_000
"""What an answer takes beside its rows and its question, about."""

_WORTH_ASKING_SECONDS = 0.75


class Copy(msgspec.Struct, frozen=True):
    """An answer that is there already. ``age_seconds`` is None when it was asked for just now."""

    told: Told
    age_seconds: float | None = None


class _Kept(msgspec.Struct, frozen=True):
    copy: Copy
    size: int
    kept_at: float


class Sharing:
    """Lives on the event loop. ``most_bytes`` bounds what is kept."""

    def __init__(self, queries: Queries, connections: Connections, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.hits = self.misses = self.joined = 0
        """How many questions were answered from what is kept, were not, and joined a query that ran."""
        self._queries = queries
        self._connections = connections
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._bytes = 0
        self._flights: dict[Hashable, _Flight] = {}

    @property
    def bytes(self) -> int:
        """What they take, about."""
        return self._bytes

    def __len__(self) -> int:
        """How many answers are kept."""
        return len(self._kept)

    async def ask(
        self, question: Question, writing: Writing, *, scope: Hashable, fresh: bool
    ) -> Answer | Copy:
        """``fresh``: neither what is kept, nor what somebody else's query will bring. Raises AppError.

        The Answer, which must be closed, is that of :meth:`Queries.start`.
        """
        if not writing.is_light:
            return await self._queries.start(question, writing)
        terms = self._connections.terms(question.connection)
        seconds = terms.cache_seconds
        key = scope, terms.revision, writing.format, question.same_for_all
        if fresh:
            answer = await self._queries.ask(question, writing)
            self._keep(key, question, answer, seconds)
            return answer if isinstance(answer, Answer) else Copy(answer)
        if seconds > 0 and (copy := self._find(key, seconds)) is not None:
            self.hits += 1
            return copy
        self.misses += 1
        flight = self._flights.get(key)
        if flight is not None:
            self.joined += 1
        else:
            flight = self._flights[key] = _Flight(self._queries, question, writing)
            flight.task.add_done_callback(lambda done: self._landed(key, question, done, seconds))
        found = await flight.wait(self._queries, question)
        if isinstance(found, Answer):
            self._queries.hand_over(question)
        return found or await self._queries.start(question, writing)

    def _landed(
        self, key: Hashable, question: Question, done: "asyncio.Task[Answer | Told]", seconds: float
    ) -> None:
        del self._flights[key]
        if not done.cancelled() and done.exception() is None:
            self._keep(key, question, done.result(), seconds)

    def _find(self, key: Hashable, seconds: float) -> Copy | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        age = time.monotonic() - kept.kept_at
        if age > seconds:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return Copy(kept.copy.told, age)

    def _keep(self, key: Hashable, question: Question, answer: Answer | Told, seconds: float) -> None:
        told = _told(answer)
        if told is None or seconds <= 0:
            return
        values = [sys.getsizeof(value) for value in question.params.values()]
        asked = sys.getsizeof(question.sql) + sum(values)
        size = len(told.rows) + asked + _OVERHEAD_BYTES
        self._drop(key)
        self._kept[key] = _Kept(Copy(told), size, time.monotonic())
        self._bytes += size
        while self._bytes > self.most_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= kept.size


class _Flight:
    """One query in the source, and those who wait for it. It is stopped when the last of them has left."""

    def __init__(self, queries: Queries, question: Question, writing: Writing) -> None:
        self._leader = question.query_id
        self._waiting: list[_Passenger] = []
        self.task = asyncio.get_running_loop().create_task(queries.ask(question, writing, for_others=True))
        self.task.add_done_callback(self._land)

    async def wait(self, queries: Queries, question: Question) -> Answer | Copy | None:
        """None when this caller has to ask by itself. Raises what the query raises."""
        passenger = _Passenger(question)
        self._waiting.append(passenger)
        try:
            with queries.known(question, passenger):
                return await passenger.future
        except asyncio.CancelledError:
            passenger.leave()
            raise
        finally:
            self._waiting.remove(passenger)
            if not self._waiting:
                self.task.cancel()

    def _land(self, done: "asyncio.Task[Answer | Told]") -> None:
        waiting = [passenger for passenger in self._waiting if not passenger.future.done()]
        error = None if done.cancelled() else done.exception()
        answer = None if done.cancelled() or error is not None else done.result()
        told, taken = _told(answer), False
        for passenger in waiting:
            leads = passenger.question.query_id == self._leader
            if error is not None:
                passenger.fail(error, can_ask_again=not leads)
            elif isinstance(answer, Answer) and leads:
                taken = True
                passenger.future.set_result(answer)
            else:
                passenger.future.set_result(None if told is None else Copy(told))
        if isinstance(answer, Answer) and (told is not None or not taken):
            answer.close()


def _told(answer: Answer | Told | None) -> Told | None:
    return answer.told if isinstance(answer, Answer) else answer


class _Passenger:
    """A caller that waits; its own deadline, or its own cancelling, takes away nothing from the others."""

    def __init__(self, question: Question) -> None:
        loop = asyncio.get_running_loop()
        self.question = question
        self.future: Soon[Answer | Copy | None] = Soon(loop=loop)

    def __call__(self, reason: AppError) -> None:
        if not self.future.done():
            self.future.set_exception(reason)

    def leave(self) -> None:
        """What came in the same moment is given back."""
        if self.future.done() and not self.future.cancelled() and self.future.exception() is None:
            answer = self.future.result()
            if isinstance(answer, Answer):
                answer.close()

    def progress(self) -> None:
        """Nobody asks this of what is shared."""

    def fail(self, error: BaseException, *, can_ask_again: bool) -> None:
        """Somebody else's time being up says nothing about ours."""
        left = self.question.deadline - time.perf_counter()
        if can_ask_again and isinstance(error, QueryTimeout) and left > _WORTH_ASKING_SECONDS:
            self.future.set_result(None)
        else:
            self.future.set_exception(error)

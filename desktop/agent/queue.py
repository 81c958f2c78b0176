"""How a turn joins the queue, is asked again from it, and leaves it. The queue itself is in the store."""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Literal

import msgspec

from desktop.agent.changes import changes
from desktop.agent.loop import Asked
from desktop.agent.recorded import Recorded
from desktop.events import Changed, Event, ResultCard, TurnFailed
from desktop.store.results import Results, StoredResult
from desktop.store.turns import QUEUED, Turn, TurnEnd, Turns
from desktop.store.waiting import Waiting, WaitingTurns
from shared.errors import Conflict

_MOST_TRIES = 3
Rows = list[list[Any]]

_GIVEN_UP = TurnFailed(
    error="The backend is there, but does not answer this question in time.",
    meaning="It was asked again and again. The answer that was kept stands here with its age.",
    action="retry",
    code="backend_timeout",
)
_NO_ANSWER = TurnFailed(
    error="Asked again, the question was not answered as before.",
    meaning="What the backend offers may have changed. The answer that was kept stands here with its age.",
    action="retry",
    code="changed",
)


class QueueNews(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` questions wait. ``phase`` ``began`` or ``ended`` tells of one that is being asked again, and
    ``status`` and ``changes`` what came of it."""

    count: int
    phase: Literal["", "began", "ended"] = ""
    turn_id: str = ""
    conversation_id: str = ""
    question: str = ""
    status: str = ""
    kept_at: str | None = None
    changes: int = 0


class Queue:
    """``origin`` names the backend that is asked now; ``tell`` and ``wake`` are called when the queue has
    changed, and when there may be something to do."""

    def __init__(
        self,
        waiting: WaitingTurns,
        turns: Turns,
        results: Results,
        origin: Callable[[], str],
    ) -> None:
        self._waiting = waiting
        self._turns = turns
        self._results = results
        self._origin = origin
        self.tell: Callable[[QueueNews], None] = lambda _: None
        self.wake: Callable[[], None] = lambda: None

    @property
    def news(self) -> QueueNews:
        return QueueNews(count=len(self._waiting.list()))

    @property
    def has_backend(self) -> bool:
        """Before one is chosen there is nothing that a question could wait for."""
        return bool(self._origin())

    def told(self) -> None:
        self.tell(self.news)

    def holds(self, turn: Turn) -> bool:
        """Whether ``turn`` waits, unanswered, for the backend that is asked now: its follow-ups must wait."""
        if turn.status != QUEUED:
            return False
        entry = self._waiting.find(turn.id)
        return entry is not None and entry.backend == self._origin()

    def join(self, asked: Asked, recorded: Recorded, end: TurnEnd) -> None:
        entry = Waiting(
            turn_id=asked.turn.id,
            backend=self._origin(),
            connection=asked.connection,
            sql=asked.sql,
            as_of=asked.as_of.isoformat() if asked.as_of else None,
            kept_at=recorded.queued.kept_at if recorded.queued else None,
        )
        self._waiting.finish(entry, end, recorded.position, recorded.last)
        self.told()

    def add(self, turn: Turn) -> None:
        """A turn that was answered from what was kept, asked again as soon as that is possible. Raises
        Conflict for any other: its answer must not give way."""
        kept = [result for result in self._results.of_turn(turn.id) if result.cached_at]
        if not kept:
            raise Conflict("This is no answer of earlier. Ask the question anew.")
        entry = Waiting(
            turn_id=turn.id,
            backend=self._origin(),
            connection=kept[0].connection,
            sql=None if turn.answer else kept[0].sql,  # without words it is what SQL of the person's own gave
            kept_at=min(str(result.cached_at) for result in kept),
        )
        self._waiting.add(entry)
        self.told()
        self.wake()

    def leave(self, turn_id: str) -> None:
        self._waiting.leave(turn_id)
        self.told()

    def begin(self, entry: Waiting, show: Callable[[Event], None]) -> "Again":
        """``entry`` is asked again now, and shown."""
        before = [(result, self._results.rows(result.id)) for result in self._results.of_turn(entry.turn_id)]
        recorded = Recorded(self._turns, entry.turn_id, show, position=self._waiting.begin(entry.turn_id))
        return Again(entry, before, recorded, self._waiting, self._results, self.tell)


class Again:
    """A turn that waited and is being asked again."""

    def __init__(
        self,
        entry: Waiting,
        before: Sequence[tuple[StoredResult, Rows]],
        recorded: Recorded,
        waiting: WaitingTurns,
        results: Results,
        tell: Callable[[QueueNews], None],
    ) -> None:
        self.recorded = recorded
        self._entry = entry
        self._before = before
        self._waiting = waiting
        self._results = results
        self._tell = tell
        self._found: list[Changed] = []

    def follow(self, answering: Generator[Event, None, TurnEnd], show_end: Callable[[Event], None]) -> bool:
        """To its end; False when the backend was away again."""
        self._say("began")
        try:
            end = self.recorded.follow(answering, self._compared)
        except BaseException:
            self._waiting.put_back(self._entry.turn_id)
            raise
        status = self._settle(end)
        self._say("ended", status)
        show_end(self.recorded.last[-1])
        return status != QUEUED

    def _compared(self, event: Event) -> Changed | None:
        if not isinstance(event, ResultCard) or not self._before:
            return None
        old, rows = _counterpart(event, self._before, len(self._found))
        self._found.append(changes(old.card([]), rows, event, self._results.rows(event.result_id)))
        return self._found[-1]

    def _settle(self, end: TurnEnd) -> str:
        """What is kept of it, and the status that came of it. A kept answer only gives way to an answer."""
        entry, recorded = self._entry, self.recorded
        if recorded.queued is not None:
            if entry.kept_at is None or entry.tries + 1 < _MOST_TRIES:
                self._waiting.put_back(entry.turn_id)
                return QUEUED
            self._waiting.leave(entry.turn_id, _GIVEN_UP)
            return "failed"
        if entry.kept_at is None or end.status == "answered":
            self._waiting.replace(entry.turn_id, end, recorded.position, recorded.last)
        elif end.status == "stopped":
            self._waiting.leave(entry.turn_id)
        else:
            self._waiting.leave(entry.turn_id, recorded.failed or _NO_ANSWER)
        return end.status

    def _say(self, phase: Literal["began", "ended"], status: str = "") -> None:
        entry = self._entry
        self._tell(
            QueueNews(
                count=len(self._waiting.list()),
                phase=phase,
                turn_id=entry.turn_id,
                conversation_id=entry.conversation_id,
                question=entry.question,
                status=status,
                kept_at=entry.kept_at,
                changes=sum(one.cell_count + one.added_count + one.removed_count for one in self._found),
            )
        )


def _counterpart(
    card: ResultCard, before: Sequence[tuple[StoredResult, Rows]], place: int
) -> tuple[StoredResult, Rows]:
    """The result that stood where ``card`` stands now: that of the same query, or else of the same place."""
    for result, rows in before:
        if (result.connection, result.sql) == (card.connection, card.sql):
            return result, rows
    return before[min(place, len(before) - 1)]

"""Turns that are under way: a thread each, their events kept and shown to whoever looks."""

import threading
from collections.abc import Callable, Iterator
from datetime import date

import msgspec

from desktop.agent.approvals import Approvals
from desktop.agent.loop import Asked, Loop
from desktop.agent.queue import Queue
from desktop.agent.recorded import Recorded
from desktop.agent.standing_in import StandIn
from desktop.agent.stop import Stop
from desktop.events import Event, TextChunk, TurnFinished
from desktop.meter import Meter, TurnMeter
from desktop.store.conversations import Conversation, Conversations, title_of
from desktop.store.moment import now
from desktop.store.sent import SentStore
from desktop.store.turns import QUEUED, RUNNING, Turn, Turns
from desktop.store.waiting import Waiting
from desktop.tools.base import nobody_to_ask
from shared.errors import InvalidRequest, NotFound

LONGEST_QUESTION = 20_000


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What the person wants. ``sql`` set means: run this SQL, ``question`` is its title. ``attended``: a
    window shows the turn, where the person can say yes to an effect; elsewhere every answer is no. Only there
    a question may wait for the backend: somebody will see the answer when it comes. ``fresh``: it follows
    nothing that was asked before. ``stand_in``: when the analyst may answer for a model that is away."""

    question: str
    conversation_id: str | None = None
    connection: str | None = None
    replaces_turn_id: str | None = None
    sql: str | None = None
    as_of: date | None = None
    name: str | None = None
    attended: bool = False
    fresh: bool = False
    stand_in: StandIn = "now"


class RunningTurn:
    """A turn and its events so far. Several may watch; each sees all events from the first."""

    def __init__(self, turn_id: str, conversation_id: str) -> None:
        self.id = turn_id
        self.conversation_id = conversation_id
        self.stop = Stop()
        self._events: list[Event] = []
        self._changed = threading.Condition()
        self._over = False

    def add(self, event: Event) -> None:
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()

    def end(self, event: Event) -> None:
        """The last event; a second one is ignored."""
        with self._changed:
            if not self._over:
                self._over = True
                self._events.append(event)
                self._changed.notify_all()

    def watch(self) -> Iterator[Event]:
        """Every event up to TurnFinished; of several texts that wait to be seen only the newest."""
        return (event for event in self.watch_closely() if event is not None)

    def watch_closely(self, quiet_seconds: float | None = None) -> Iterator[Event | None]:
        """The same, and None when nothing has come for so long: whoever waits can tell that we live."""
        seen = 0
        while True:
            with self._changed:
                if len(self._events) == seen:
                    self._changed.wait(quiet_seconds)
                waiting, seen = self._events[seen:], len(self._events)
            if not waiting:
                yield None
            for number, event in enumerate(waiting):
                later = waiting[number + 1 :]
                if isinstance(event, TextChunk) and any(isinstance(other, TextChunk) for other in later):
                    continue
                yield event
                if isinstance(event, TurnFinished):
                    return


class Runner:
    """Starts turns, knows those that run, stops them."""

    def __init__(
        self,
        loop: Loop,
        conversations: Conversations,
        turns: Turns,
        sent: SentStore,
        meter: Meter,
        queue: Queue,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.approvals = Approvals()
        self._loop = loop
        self._conversations = conversations
        self._turns = turns
        self._sent = sent
        self._meter = meter
        self._queue = queue
        self._changed = changed
        self._lock = threading.Lock()
        self._running: dict[str, RunningTurn] = {}

    @property
    def label(self) -> str:
        return self._loop.label

    def ask(self, ask: Ask) -> RunningTurn:
        """Stores the question and begins; raises an AppError when it cannot even begin."""
        question = ask.question.strip()
        if not question:
            raise InvalidRequest("There is no question.")
        if len(question) > LONGEST_QUESTION:
            raise InvalidRequest(f"A question may have {LONGEST_QUESTION} characters at most.")
        conversation = self._conversation(ask, question)
        if ask.replaces_turn_id is not None:
            self._replace(ask.replaces_turn_id, conversation.id)
        connection = ask.connection or conversation.connection
        earlier = self._turns.of(conversation.id)
        title = conversation.title
        if not earlier or not title:
            title = title_of(question)
            self._conversations.rename(conversation.id, title)
        turn = self._turns.start(conversation.id, question)
        self._conversations.touch(conversation.id)
        if connection and connection != conversation.connection:
            self._conversations.use_connection(conversation.id, connection)
        behind = ask.attended and any(self._queue.holds(other) for other in earlier)
        asked = Asked(
            turn=turn,
            title=title,
            connection=connection,
            earlier=[] if ask.fresh else [o for o in earlier if o.status not in (RUNNING, QUEUED)],
            sent_before=self._sent.of_conversation(conversation.id),
            sql=ask.sql,
            as_of=ask.as_of,
            may_wait=ask.attended and self._queue.has_backend,
            behind=behind,
            stand_in=ask.stand_in,
        )
        running = self._register(turn)
        threading.Thread(
            target=self._run, args=(asked, running, ask.attended), name="turn", daemon=True
        ).start()
        self._changed()
        return running

    def ask_again(self, entry: Waiting) -> bool:
        """One that waits, now, until its end; False when the backend was away again."""
        turn = self._turns.get(entry.turn_id)
        turns = self._turns.of(turn.conversation_id)
        before = turns[: [other.id for other in turns].index(turn.id)]
        asked = Asked(
            turn=msgspec.structs.replace(turn, asked_at=now()),
            title=self._conversations.get(turn.conversation_id).title,
            connection=entry.connection,
            earlier=[other for other in before if other.status not in (RUNNING, QUEUED)],
            sent_before=self._sent.of_conversation(turn.conversation_id),
            sql=entry.sql,
            as_of=date.fromisoformat(entry.as_of) if entry.as_of else None,
            may_wait=True,
            stand_in="never" if entry.kept_at else "now",  # a kept answer is not replaced by a stand-in's
        )
        running = self._register(turn)
        again = self._queue.begin(entry, running.add)
        approvals = self.approvals.begin(turn.id, again.recorded.add, running.stop)
        try:
            with self._meter.turn(turn.id) as meter:
                answering = self._loop.answer(asked, running.stop, meter, approvals.approve)
                return again.follow(approvals.until_end(answering), running.end)
        finally:
            approvals.close()
            self._over(running)

    def busy(self, conversation_id: str) -> bool:
        with self._lock:
            return any(turn.conversation_id == conversation_id for turn in self._running.values())

    def find(self, turn_id: str) -> RunningTurn | None:
        with self._lock:
            return self._running.get(turn_id)

    def stop(self, turn_id: str) -> None:
        """Stopping what is over already is no mistake; what waits no longer does."""
        running = self.find(turn_id)
        if running is not None:
            running.stop.press()
            return
        self._turns.get(turn_id)
        self._queue.leave(turn_id)

    def stop_all(self) -> None:
        with self._lock:
            running = list(self._running.values())
        for turn in running:
            turn.stop.press()

    def _register(self, turn: Turn) -> RunningTurn:
        running = RunningTurn(turn.id, turn.conversation_id)
        with self._lock:
            self._running[turn.id] = running
        return running

    def _over(self, running: RunningTurn) -> None:
        with self._lock:
            self._running.pop(running.id, None)
        running.end(TurnFinished(turn_id=running.id, status="failed", elapsed_ms=0))
        self._changed()

    def _run(self, asked: Asked, running: RunningTurn, attended: bool) -> None:
        try:
            with self._meter.turn(asked.turn.id) as meter:
                self._follow(asked, running, meter, attended=attended)
        finally:
            self._over(running)
            self._queue.wake()

    def _follow(self, asked: Asked, running: RunningTurn, meter: TurnMeter, *, attended: bool) -> None:
        """Every event is stored before it is shown; the text only when it is whole."""
        recorded = Recorded(self._turns, asked.turn.id, running.add)
        approvals = self.approvals.begin(asked.turn.id, recorded.add, running.stop)
        try:
            approve = approvals.approve if attended else nobody_to_ask
            answering = self._loop.answer(asked, running.stop, meter, approve)
            end = recorded.follow(approvals.until_end(answering))
        finally:
            approvals.close()
        if recorded.queued is None:
            self._turns.finish(asked.turn.id, end, recorded.position, recorded.last)
        else:
            self._queue.join(asked, recorded, end)
        running.end(recorded.last[-1])

    def _conversation(self, ask: Ask, question: str) -> Conversation:
        if ask.conversation_id is not None:
            return self._conversations.get(ask.conversation_id)
        if ask.name is not None:
            found = self._conversations.find_named(ask.name)
            if found is not None:
                return found
        return self._conversations.create(title=title_of(question), connection=ask.connection, name=ask.name)

    def _replace(self, turn_id: str, conversation_id: str) -> None:
        turn = self._turns.get(turn_id)
        if turn.conversation_id != conversation_id:
            raise NotFound("That turn is not in this conversation.")
        for later in self._turns.of(conversation_id):
            running = self.find(later.id)
            if running is not None:
                running.stop.press()
        self._turns.drop_from(turn_id)
        self._queue.told()

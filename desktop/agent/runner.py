"""Turns that are under way: a thread each, their events kept and shown to whoever looks."""

import threading
from collections.abc import Callable, Iterator
from datetime import date

import msgspec

from desktop.agent.approvals import Approvals
from desktop.agent.loop import Asked, Loop
from desktop.agent.stop import Stop
from desktop.events import Event, TextChunk, TurnFinished
from desktop.meter import Meter, TurnMeter
from desktop.store.conversations import Conversation, Conversations, title_of
from desktop.store.sent import SentStore
from desktop.store.turns import Turns
from desktop.tools.base import nobody_to_ask
from shared.errors import InvalidRequest, NotFound

LONGEST_QUESTION = 20_000


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What the person wants. ``sql`` set means: run this SQL, ``question`` is its title. ``attended``: a
    window shows the turn, where the person can say yes to an effect; elsewhere every answer is no.
    ``fresh``: it follows nothing that was asked before."""

    question: str
    conversation_id: str | None = None
    connection: str | None = None
    replaces_turn_id: str | None = None
    sql: str | None = None
    as_of: date | None = None
    name: str | None = None
    attended: bool = False
    fresh: bool = False


class RunningTurn:
    """A turn and its events so far. Several may watch; each sees all events from the first."""

    def __init__(self, turn_id: str) -> None:
        self.id = turn_id
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
        seen = 0
        while True:
            with self._changed:
                while len(self._events) == seen:
                    self._changed.wait()
                waiting, seen = self._events[seen:], len(self._events)
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
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.approvals = Approvals()
        self._loop = loop
        self._conversations = conversations
        self._turns = turns
        self._sent = sent
        self._meter = meter
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
        asked = Asked(
            turn=turn,
            title=title,
            connection=connection,
            earlier=[] if ask.fresh else [other for other in earlier if other.status != "running"],
            sent_before=self._sent.of_conversation(conversation.id),
            sql=ask.sql,
            as_of=ask.as_of,
        )
        running = RunningTurn(turn.id)
        with self._lock:
            self._running[turn.id] = running
        threading.Thread(
            target=self._run, args=(asked, running, ask.attended), name="turn", daemon=True
        ).start()
        self._changed()
        return running

    def find(self, turn_id: str) -> RunningTurn | None:
        with self._lock:
            return self._running.get(turn_id)

    def stop(self, turn_id: str) -> None:
        """Stopping what is over already is no mistake."""
        running = self.find(turn_id)
        if running is None:
            self._turns.get(turn_id)
            return
        running.stop.press()

    def stop_all(self) -> None:
        with self._lock:
            running = list(self._running.values())
        for turn in running:
            turn.stop.press()

    def _run(self, asked: Asked, running: RunningTurn, attended: bool) -> None:
        try:
            with self._meter.turn(asked.turn.id) as meter:
                self._follow(asked, running, meter, attended=attended)
        finally:
            with self._lock:
                self._running.pop(asked.turn.id, None)
            running.end(TurnFinished(turn_id=asked.turn.id, status="failed", elapsed_ms=0))
            self._changed()

    def _follow(self, asked: Asked, running: RunningTurn, meter: TurnMeter, *, attended: bool) -> None:
        """Every event is stored before it is shown; the text only when it is whole."""
        record = _Record(asked.turn.id, self._turns, running)
        approvals = self.approvals.begin(asked.turn.id, record.tell, running.stop)
        try:
            answering = self._loop.answer(
                asked, running.stop, meter, approvals.approve if attended else nobody_to_ask
            )
            last: list[Event] = []
            while True:
                try:
                    event = next(answering)
                except StopIteration as done:
                    end = done.value
                    break
                if isinstance(event, TextChunk | TurnFinished):
                    last = [*(other for other in last if type(other) is not type(event)), event]
                    if isinstance(event, TextChunk):
                        running.add(event)
                else:
                    record.tell(event)
        finally:
            approvals.close()
        for event in last:
            record.keep(event)
        self._turns.finish(asked.turn.id, end)
        running.end(last[-1])

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


class _Record:
    """The events of one turn, stored and shown in one order, whichever thread tells them."""

    def __init__(self, turn_id: str, turns: Turns, running: RunningTurn) -> None:
        self._turn_id = turn_id
        self._turns = turns
        self._running = running
        self._lock = threading.Lock()
        self._position = 0

    def tell(self, event: Event) -> None:
        with self._lock:
            self._keep(event)
            self._running.add(event)

    def keep(self, event: Event) -> None:
        """Stores what was shown already, or is shown by the end."""
        with self._lock:
            self._keep(event)

    def _keep(self, event: Event) -> None:
        self._turns.add_event(self._turn_id, self._position, event)
        self._position += 1

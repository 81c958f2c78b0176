"""What waits for the person's yes. One place for all turns: asked by tools, answered by the window.

What the effect is, and doing it, stays with whoever asks. An answer counts once, and only while the
turn is under way: nothing is done for a turn that has ended.
"""

import secrets
import threading
from collections.abc import Callable, Generator, Sequence
from typing import Literal, TypeVar

import msgspec

from desktop.agent.stop import Stop
from desktop.agent.visible import visible_effect
from desktop.events import ApprovalAnswered, ApprovalAsked, Effect, Event
from shared.errors import Cancelled, Conflict, EffectDeclined, NotFound

T = TypeVar("T")
Answer = Literal["yes", "no", "stopped", "lapsed"]

_SAID_NO = "The person said no: {title}. Nothing was done. Do not try it in another way; go on without it."
_ASKED_BEFORE = "The person has said no to this already: {title}. Nothing was done."


class Approvals:
    """Finds the question of an id, whichever turn asks it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[str, TurnApprovals] = {}

    def begin(self, turn_id: str, tell: Callable[[Event], None], stop: Stop) -> "TurnApprovals":
        """``tell`` stores an event of the turn and shows it. Whoever begins ends with ``close``."""
        asking = TurnApprovals(tell, stop, lambda: self._forget(turn_id))
        with self._lock:
            self._turns[turn_id] = asking
        return asking

    def answer(self, approval_id: str, answer: Literal["yes", "no"]) -> None:
        """Saying the same again is no mistake. Raises NotFound for what does not wait any more, and
        Conflict when it was answered otherwise."""
        with self._lock:
            turns = list(self._turns.values())
        for turn in turns:
            if turn.answer(approval_id, answer):
                return
        raise NotFound("This does not wait for an answer any more. Nothing was done.")

    def _forget(self, turn_id: str) -> None:
        with self._lock:
            self._turns.pop(turn_id, None)


class TurnApprovals:
    """The questions of one turn. ``approve`` is what its tools call, from any thread."""

    def __init__(self, tell: Callable[[Event], None], stop: Stop, forget: Callable[[], None]) -> None:
        self._tell = tell
        self._stop = stop
        self._forget = forget
        self._changed = threading.Condition()
        self._answers: dict[str, Answer | None] = {}
        self._declined: list[Effect] = []
        self._over = False

    def approve(self, effect: Effect) -> None:
        """Returns after a yes. Raises EffectDeclined after a no, Cancelled when the turn is over."""
        effect = visible_effect(effect)
        approval_id = secrets.token_hex(8)
        with self._changed:
            if self._over or self._stop.pressed:
                raise Cancelled("Stopped.")
            if effect in self._declined:
                raise EffectDeclined(_ASKED_BEFORE.format(title=effect.title))
            self._answers[approval_id] = None
            self._tell(ApprovalAsked(approval_id=approval_id, effect=effect))
        forget = self._stop.when_pressed(lambda: self._stopped(approval_id))
        try:
            answer = self._wait(approval_id)
        finally:
            forget()
        if answer == "no":
            with self._changed:
                self._declined.append(effect)
            raise EffectDeclined(_SAID_NO.format(title=effect.title))
        if answer != "yes":
            raise Cancelled("Stopped.")

    def answer(self, approval_id: str, answer: Literal["yes", "no"]) -> bool:
        """Whether it is a question of this turn. Raises Conflict when it was answered otherwise."""
        with self._changed:
            if approval_id not in self._answers:
                return False
            given = self._settle(approval_id, answer)
            if given != answer:
                raise Conflict("This was answered already, otherwise.")
            return True

    def until_end(self, answering: Generator[Event, None, T]) -> Generator[Event, None, T]:
        """The same events; at their end, before anybody hears of it, nothing is open any more."""
        try:
            return (yield from answering)
        finally:
            self.close()

    def close(self) -> None:
        """The turn is over: what is still open counts as declined, and nothing new is asked."""
        with self._changed:
            self._over = True
            last: Answer = "stopped" if self._stop.pressed else "lapsed"
            for approval_id in self._answers:
                self._settle(approval_id, last)
        self._forget()

    def _stopped(self, approval_id: str) -> None:
        self._settle(approval_id, "stopped")

    def _settle(self, approval_id: str, answer: Answer) -> Answer:
        """The answer that counts: the first. It is stored before whoever waits goes on."""
        with self._changed:
            given = self._answers[approval_id]
            if given is not None:
                return given
            self._tell(ApprovalAnswered(approval_id=approval_id, answer=answer))
            self._answers[approval_id] = answer
            self._changed.notify_all()
            return answer

    def _wait(self, approval_id: str) -> Answer:
        with self._changed:
            while (answer := self._answers[approval_id]) is None:
                self._changed.wait()
            return answer


def left_open(events: Sequence[msgspec.Raw]) -> list[str]:
    """The ids of what was asked and never answered in the stored ``events`` of a turn."""
    asked: list[str] = []
    for raw in events:
        event = msgspec.json.decode(raw, type=_Line)
        if event.event == "approval_asked":
            asked.append(event.approval_id)
        elif event.event == "approval_answered" and event.approval_id in asked:
            asked.remove(event.approval_id)
    return asked


class _Line(msgspec.Struct, frozen=True):
    event: str
    approval_id: str = ""

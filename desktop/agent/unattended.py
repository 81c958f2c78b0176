"""An answer to a task, while nobody sits by: asked as a person asks, read off the turn's events, judged.

A turn like any other: it is stored, and can be looked at. Nothing with an effect is allowed in it, for
there is nobody to say yes.
"""

from collections.abc import Callable

from msgspec.structs import replace

from desktop.agent.runner import Ask, RunningTurn
from desktop.events import Clarification, Event, ResultCard, SteppedIn, TurnFailed, TurnFinished
from desktop.store.conversations import Conversations
from desktop.store.results import Results
from desktop.store.turns import Turns
from desktop.tasks.answering import Answered, Asking, Outcome
from shared import errors

_AWAY = (
    errors.BackendConnectionError,
    errors.BackendTimeoutError,
    errors.SourceUnavailable,
    errors.SourceBusy,
    errors.RateLimited,
    errors.ModelUnavailable,
    errors.ModelRateLimited,
)
_AWAY_CODES = {kind.code for kind in _AWAY}
_FROM_CACHE = "The backend is away, and an answer from before is no answer to a task."
_LONGEST_TEXT = 300


class Unattended:
    def __init__(
        self,
        ask: Callable[[Ask], RunningTurn],
        conversations: Conversations,
        turns: Turns,
        results: Results,
    ) -> None:
        self._ask = ask
        self._conversations = conversations
        self._turns = turns
        self._results = results

    def __call__(self, asking: Asking, on_stop: Callable[[Callable[[], None]], None]) -> Answered:
        conversation_id = asking.conversation_id or self._begin(asking)
        running = self._ask(
            Ask(
                question=asking.question,
                conversation_id=conversation_id,
                connection=asking.connection,
                sql=asking.sql,
                fresh=True,
                stand_in=asking.stand_in,
            )
        )
        on_stop(running.stop.press)
        events = list(running.watch())
        return self._read(events, running.id, conversation_id)

    def _begin(self, asking: Asking) -> str:
        made = self._conversations.create(title=asking.name, connection=asking.connection, of_task=True)
        return made.id

    def _read(self, events: list[Event], turn_id: str, conversation_id: str) -> Answered:
        text = " ".join(self._turns.get(turn_id).answer.split())[:_LONGEST_TEXT]
        stepped_in = next((event for event in events if isinstance(event, SteppedIn)), None)
        cards = [event for event in events if isinstance(event, ResultCard)]
        status, message = _outcome(events, text)
        if stepped_in is not None:
            message = f"{stepped_in.says} {message}"
        answered = Answered(
            status=status,
            turn_id=turn_id,
            conversation_id=conversation_id,
            message=message,
            stood_in=stepped_in is not None,
        )
        if status != "answered" or not cards:
            return answered
        result = self._results.get(cards[-1].result_id)
        if result.cached_at is not None:
            return replace(answered, status="away", message=_FROM_CACHE)
        return replace(answered, result=result, rows=self._results.rows(result.id))


def _outcome(events: list[Event], text: str) -> tuple[Outcome, str]:
    status = next(event.status for event in reversed(events) if isinstance(event, TurnFinished))
    match status:
        case "answered":
            return "answered", text
        case "stopped":
            return "stopped", "Stopped."
        case "needs_clarification":
            asked = next((each.question for each in events if isinstance(each, Clarification)), "")
            return "failed", f"The question can be read in several ways. {asked}".strip()
        case "cannot_answer":
            return "failed", text or "The question could not be answered."
    failure = next((each for each in events if isinstance(each, TurnFailed)), None)
    if failure is None:
        return "failed", "The question was not answered."
    return "away" if failure.code in _AWAY_CODES else "failed", failure.error

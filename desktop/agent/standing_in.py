"""The built-in analyst in the place of a model that is away: when it may, and how the person hears of it.

How it answers is beside this file. What it does not understand is left to the model's own failure.
"""

from collections.abc import Generator
from typing import Literal

from desktop.agent.failures import turn_failed
from desktop.agent.progress import Progress
from desktop.events import (
    Clarification,
    Event,
    InsightCard,
    ResultCard,
    StepFinished,
    SteppedIn,
    StepStarted,
)
from shared.errors import (
    AppError,
    BackendError,
    Cancelled,
    ModelError,
    ModelRateLimited,
    ModelRejected,
    ModelUnavailable,
)

StandIn = Literal["now", "unless_tried_again", "never"]
"""``unless_tried_again``: the question is asked again soon, so only for what another try would not mend."""


def may_stand_in(error: ModelError, progress: Progress, stand_in: StandIn) -> bool:
    """Only while nothing of the model's was said or done: two voices in one answer would mislead."""
    if progress.text.strip() or progress.effect_asked or stand_in == "never":
        return False
    if isinstance(error, ModelUnavailable | ModelRateLimited):
        return stand_in == "now"
    return isinstance(error, ModelRejected)


def standing_in(
    error: ModelError, answering: Generator[Event, None, str], progress: Progress, label: str
) -> Generator[Event, None, str]:
    """The analyst's ``answering``, told as such. Raises ``error`` when it comes to no answer either."""
    yield from progress.left_open(error)
    progress.cells_inside = True  # the model's choice no longer says what is in the text
    told = False
    held: list[Event] = []
    try:
        while True:
            event = next(answering)
            if not told and isinstance(event, ResultCard | InsightCard | Clarification):
                told = True
                yield _stepped_in(error, label, asks=isinstance(event, Clarification))
            if told or isinstance(event, StepStarted | StepFinished):
                yield event
            else:
                held.append(event)
    except StopIteration as done:
        status = str(done.value)
    except AppError as failure:
        if told or isinstance(failure, Cancelled) or (isinstance(failure, BackendError) and failure.away):
            raise
        yield from progress.left_open(failure)
        raise error from failure
    if told:
        return status
    if status == "cannot_answer":
        progress.text, progress.lacks_files = "", False
        raise error
    yield _stepped_in(error, label)
    yield from held
    return status


def _stepped_in(error: ModelError, label: str, *, asks: bool = False) -> SteppedIn:
    named = "Gemini" if label.startswith("Gemini") else "the language model"
    does = "asks back" if asks else "did"
    failed = turn_failed(error)
    return SteppedIn(
        says=f"{named[0].upper()}{named[1:]} did not answer, so the built-in analyst {does}.",
        why=failed.error,
        model=named,
        action=failed.action,
    )

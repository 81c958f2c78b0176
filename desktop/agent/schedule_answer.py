"""A task made in the chat without a model: the sentence is read by its words, its question by the analyst."""

from collections.abc import Generator, Iterator

from desktop.agent.progress import Progress
from desktop.agent.pump import pumped
from desktop.agent.sources import Sources
from desktop.analyst.meaning import Outcome, Question, Refusal
from desktop.events import Choice, Clarification, Event, FollowUps
from desktop.store.tasks import Plan
from desktop.tasks.agenda import Agenda, TaskLine
from desktop.tasks.words import Unclear, Wanted, read
from desktop.tools.base import ToolContext
from desktop.tools.schedule import approved


class ScheduleAnswer:
    """Deterministic, as the analyst is: what it does not understand it asks back."""

    def __init__(self, agenda: Agenda, sources: Sources) -> None:
        self._agenda = agenda
        self._sources = sources

    def read(self, question: str) -> Wanted | Unclear | None:
        """None when it is no task that is wanted."""
        return read(question, self._agenda.folders())

    def answer(
        self, wanted: Wanted | Unclear, progress: Progress, context: ToolContext
    ) -> Generator[Event, None, str]:
        step = progress.step("Reading what is to be scheduled")
        yield step
        if isinstance(wanted, Unclear):
            yield progress.done(step.step_id, "something is missing")
            progress.lacks_files = wanted.lacks_folder
            return (yield from _ask_back(wanted.text, wanted.choices, progress))
        [outcome] = pumped(self._outcome(wanted, context), progress.stop)
        if isinstance(outcome, Question):
            yield progress.done(step.step_id, "its question can be read in several ways")
            choices = [
                Choice(c.label, wanted.frame.replace("{question}", c.question)) for c in outcome.choices
            ]
            return (yield from _ask_back(outcome.text, choices, progress))
        if isinstance(outcome, Refusal):
            yield progress.done(step.step_id, "its question is not understood")
            progress.text = outcome.text
            yield progress.chunk()
            if outcome.suggestions:
                yield FollowUps(questions=outcome.suggestions)
            return "cannot_answer"
        yield progress.done(step.step_id, wanted.question)
        step = progress.step("Making the task")
        yield step
        [made] = pumped(self._made(wanted, context), progress.stop)
        yield progress.done(step.step_id, made.when)
        progress.text = (
            f"Done. “{made.plan.name}” runs {made.when[:1].lower()}{made.when[1:]}. It is on the page Tasks."
        )
        yield progress.chunk()
        return "answered"

    def _outcome(self, wanted: Wanted, context: ToolContext) -> Iterator[Outcome]:
        yield self._sources.analyst(context.connection).read(wanted.question, None)

    def _made(self, wanted: Wanted, context: ToolContext) -> Iterator[TaskLine]:
        question = wanted.question[:1].upper() + wanted.question[1:]
        plan = Plan(
            name=question[:80],
            question=question,
            connection=context.connection,
            timetable=wanted.timetable,
            condition=wanted.condition,
            saving=wanted.saving,
        )
        yield approved(self._agenda, plan, context)


def _ask_back(text: str, choices: list[Choice], progress: Progress) -> Generator[Event, None, str]:
    if choices:
        yield Clarification(question=text, choices=choices)
        return "needs_clarification"
    progress.text = text
    yield progress.chunk()
    return "cannot_answer"

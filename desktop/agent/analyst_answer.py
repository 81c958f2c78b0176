"""An answer by the built-in analyst: read the question, run its plan, tell what came out."""

from collections.abc import Generator, Iterator, Sequence
from datetime import date

import msgspec

from desktop.agent import mentions
from desktop.agent.insight_answer import InsightAnswer
from desktop.agent.progress import Progress
from desktop.agent.pump import pumped
from desktop.agent.sheet_answer import SheetAnswer
from desktop.agent.sources import AnalystLike, Sources
from desktop.analyst.analyst import UNREAD
from desktop.analyst.meaning import InsightPlan, Outcome, Plan, Question, Refusal
from desktop.events import Choice, Clarification, Event, FollowUps
from desktop.sheets.known import THIS_PC
from desktop.store.results import Results
from desktop.store.turns import Turn
from desktop.tools.base import ToolContext
from desktop.tools.query import Queries, Query, Ran, rows_text
from shared.errors import FileNotFound, ToolRefused

_MANY_TABLES = 200
"""From here on it takes more than a moment to read them, which is told."""


class AnalystAnswer:
    """Deterministic: the same question over the same data gives the same answer."""

    def __init__(
        self,
        sources: Sources,
        queries: Queries,
        results: Results,
        sheets: SheetAnswer | None = None,
        insights: InsightAnswer | None = None,
    ) -> None:
        """``sheets`` answers what is asked about a file of the person's, ``insights`` why and what to do."""
        self._sheets = sheets
        self._insights = insights
        self._sources = sources
        self._queries = queries
        self._results = results

    def answer(
        self, progress: Progress, context: ToolContext, earlier: Sequence[Turn], as_of: date | None
    ) -> Generator[Event, None, str]:
        context = msgspec.structs.replace(context, as_of=as_of)
        memory = _memory(earlier)
        if self._sheets is not None:
            try:
                status = yield from self._about_a_sheet(self._sheets, progress, context, memory)
            except (ToolRefused, FileNotFound) as error:
                progress.lacks_files = isinstance(error, FileNotFound)
                yield from progress.left_open(error)
                progress.text = str(error)
                yield progress.chunk()
                return "cannot_answer"
            if status:
                return status
        if memory and "sheet" in memory:
            memory = None  # what was said about a file means nothing here
        step = progress.step("Reading the question")
        yield step

        read = pumped(self._read(progress.question, context.connection, as_of, memory), progress.stop)
        learning, answered = None, None
        for found in read:
            if not isinstance(found, int):
                answered = found
            elif found >= _MANY_TABLES:
                learning = progress.step(f"Reading {found:,} tables for the first time")
                yield learning
        if answered is None:
            raise RuntimeError("A question was read, and nothing came of it.")
        analyst, outcome = answered
        if learning is not None:
            yield progress.done(learning.step_id, "known from now on")
        if isinstance(outcome, InsightPlan):
            if self._insights is None:
                raise RuntimeError("A question for an insight was read, and nobody answers it.")
            detail = "\n".join(f"{reading.name}: {reading.value}" for reading in outcome.readings)
            yield progress.done(step.step_id, outcome.title, detail)
            yield from self._insights.answer(outcome, progress, context)
            return "answered"
        return (yield from self._told(step.step_id, outcome, analyst, progress, context, ""))

    def _read(
        self, question: str, connection: str, as_of: date | None, memory: dict[str, object] | None
    ) -> Iterator[int | tuple[AnalystLike, Outcome | InsightPlan]]:
        """How many tables must be read before, then what became of the question."""
        yield self._sources.tables_to_learn(connection, as_of)
        analyst = self._sources.analyst(connection, as_of)
        wondered = None if self._insights is None else analyst.wonder(question)
        yield analyst, wondered or analyst.read(question, memory)

    def _about_a_sheet(
        self, sheets: SheetAnswer, progress: Progress, context: ToolContext, memory: dict[str, object] | None
    ) -> Generator[Event, None, str]:
        """Empty when the question is about none."""
        sheet = sheets.looked(progress.question, context)
        before = str(memory.get("sheet", "")) if memory else ""
        if sheet is None and not before:
            return ""
        path = sheet.path if sheet else before
        if sheet is not None and (wish := mentions.comparison(progress.question, path)) is not None:
            return (yield from sheets.compared(path, wish, progress, context))
        if sheet is not None:
            yield from sheets.opened(path, progress)
        analyst = yield from sheets.analyst(path, progress, context)
        question = sheet.question if sheet else progress.question

        def read() -> Iterator[Outcome]:
            yield analyst.read(question, memory if path == before else None)

        [outcome] = pumped(read(), progress.stop)
        if sheet is None and not isinstance(outcome, Plan):
            return ""  # the question leaves the file
        step = progress.step("Reading the question")
        yield step
        here = msgspec.structs.replace(context, connection=THIS_PC)
        return (yield from self._told(step.step_id, outcome, analyst, progress, here, path))

    def _told(
        self,
        step_id: str,
        outcome: Outcome,
        analyst: AnalystLike,
        progress: Progress,
        context: ToolContext,
        path: str,
    ) -> Generator[Event, None, str]:
        """``path`` is the file that the question is about, or empty."""
        match outcome:
            case Question():
                yield progress.done(step_id, "it can be read in several ways")
                choices = outcome.choices
                if path:
                    choices = [Choice(c.label, f"{c.question} in {path}") for c in choices]
                yield Clarification(question=outcome.text, choices=choices)
                return "needs_clarification"
            case Refusal():
                yield progress.done(step_id, "not understood")
                progress.text = outcome.text
                yield progress.chunk()
                if outcome.suggestions:
                    yield FollowUps(questions=outcome.suggestions)
                return "cannot_answer"
            case Plan():
                detail = "\n".join(f"{reading.name}: {reading.value}" for reading in outcome.readings)
                yield progress.done(step_id, outcome.title, detail)
                yield from self._carry_out(outcome, analyst, progress, context, path)
                return "answered"

    def _carry_out(
        self, plan: Plan, analyst: AnalystLike, progress: Progress, context: ToolContext, path: str
    ) -> Generator[Event, None, None]:
        step = progress.step(f"Running SQL on {context.connection}")
        yield step
        origin = self._sheets.origin(path, plan.sql) if path and self._sheets is not None else []
        query = Query(
            connection=context.connection,
            sql=plan.sql,
            title=plan.title,
            formats=plan.formats,
            readings=[*plan.readings, *origin],
            chart=plan.chart,
            as_of=plan.as_of.isoformat() if plan.as_of else None,
        )

        def run() -> Iterator[Ran]:
            yield self._queries.run(query, context)

        [ran] = pumped(run(), progress.stop)
        result = ran.result
        yield progress.done(step.step_id, rows_text(result.row_count, truncated=result.truncated), plan.sql)
        told = analyst.tell(plan, result.columns, ran.exact, truncated=result.truncated)
        if told.headline is not None:
            result = msgspec.structs.replace(result, headline=told.headline)
            self._results.change(result)
        card = result.card(ran.rows)
        progress.add_evidence(card, ran.rows)
        yield card
        progress.text = told.text
        about = {"sheet": path} if path else {}
        progress.memory = msgspec.json.encode(plan.memory | about).decode()
        yield progress.chunk()
        if plan.follow_ups:
            yield FollowUps(questions=plan.follow_ups)


def _memory(earlier: Sequence[Turn]) -> dict[str, object] | None:
    """That of the last answer. A model's answer leaves none: a follow-up of it cannot be read here."""
    for turn in reversed(earlier):
        if turn.memory:
            memory: dict[str, object] = msgspec.json.decode(turn.memory)
            return memory
        if turn.transcript:
            return {UNREAD: True}
    return None

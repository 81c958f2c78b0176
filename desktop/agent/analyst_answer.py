"""An answer by the built-in analyst: read the question, run its plan, tell what came out."""

from collections.abc import Generator, Iterator, Sequence
from datetime import date

import msgspec

from desktop.agent.progress import Progress
from desktop.agent.pump import pumped
from desktop.agent.sources import Sources
from desktop.analyst.meaning import Outcome, Plan, Question, Refusal
from desktop.events import Clarification, Event, FollowUps
from desktop.store.results import Results
from desktop.store.turns import Turn
from desktop.tools.base import ToolContext
from desktop.tools.query import Queries, Query, Ran, rows_text


class AnalystAnswer:
    """Deterministic: the same question over the same data gives the same answer."""

    def __init__(self, sources: Sources, queries: Queries, results: Results) -> None:
        self._sources = sources
        self._queries = queries
        self._results = results

    def answer(
        self, progress: Progress, context: ToolContext, earlier: Sequence[Turn], as_of: date | None
    ) -> Generator[Event, None, str]:
        step = progress.step("Reading the question")
        yield step
        memory = next((turn.memory for turn in reversed(earlier) if turn.memory), None)

        def read() -> Iterator[Outcome]:
            analyst = self._sources.analyst(context.connection, as_of)
            yield analyst.read(progress.question, msgspec.json.decode(memory) if memory else None)

        [outcome] = pumped(read(), progress.stop)
        match outcome:
            case Question():
                yield progress.done(step.step_id, "it can be read in several ways")
                yield Clarification(question=outcome.text, choices=outcome.choices)
                return "needs_clarification"
            case Refusal():
                yield progress.done(step.step_id, "not understood")
                progress.text = outcome.text
                yield progress.chunk()
                if outcome.suggestions:
                    yield FollowUps(questions=outcome.suggestions)
                return "cannot_answer"
            case Plan():
                detail = "\n".join(f"{reading.name}: {reading.value}" for reading in outcome.readings)
                yield progress.done(step.step_id, outcome.title, detail)
                yield from self._carry_out(outcome, progress, context, as_of)
                return "answered"

    def _carry_out(
        self, plan: Plan, progress: Progress, context: ToolContext, as_of: date | None
    ) -> Generator[Event, None, None]:
        step = progress.step(f"Running SQL on {context.connection}")
        yield step
        query = Query(
            connection=context.connection,
            sql=plan.sql,
            title=plan.title,
            formats=plan.formats,
            readings=plan.readings,
            chart=plan.chart,
            as_of=plan.as_of.isoformat() if plan.as_of else None,
        )

        def run() -> Iterator[Ran]:
            yield self._queries.run(query, context)

        [ran] = pumped(run(), progress.stop)
        result = ran.result
        yield progress.done(step.step_id, rows_text(result.row_count, truncated=result.truncated), plan.sql)
        analyst = self._sources.analyst(context.connection, as_of)
        told = analyst.tell(plan, result.columns, ran.exact, truncated=result.truncated)
        if told.headline is not None:
            result = msgspec.structs.replace(result, headline=told.headline)
            self._results.change(result)
        card = result.card(ran.rows)
        progress.add_evidence(card, ran.rows)
        yield card
        progress.text = told.text
        progress.memory = msgspec.json.encode(plan.memory).decode()
        yield progress.chunk()
        if plan.follow_ups:
            yield FollowUps(questions=plan.follow_ups)

"""One question, answered: a generator of events. How a model or the analyst thinks is beside this file."""

import logging
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import date

import msgspec

from desktop.agent import mentions
from desktop.agent.analyst_answer import AnalystAnswer
from desktop.agent.failures import turn_failed, unexpected
from desktop.agent.file_answer import FileAnswer
from desktop.agent.model_answer import ModelAnswer
from desktop.agent.progress import Progress
from desktop.agent.pump import pumped
from desktop.agent.schedule_answer import ScheduleAnswer
from desktop.agent.sources import Sources
from desktop.agent.standing_in import StandIn, may_stand_in, standing_in
from desktop.agent.stop import Stop
from desktop.events import (
    Counted,
    Effect,
    Event,
    OpenPlace,
    Queued,
    TurnFailed,
    TurnFinished,
    TurnStarted,
)
from desktop.meter import TurnMeter
from desktop.sheets.known import THIS_PC
from desktop.store.results import Results
from desktop.store.turns import QUEUED, Turn, TurnEnd
from desktop.tools.base import ToolContext, nobody_to_ask
from desktop.tools.query import Queries, Query, Ran, rows_text
from shared.errors import (
    AppError,
    BackendConnectionError,
    BackendError,
    Cancelled,
    EffectDeclined,
    ModelError,
)

ANALYST = "Built-in analyst"

_log = logging.getLogger(__name__)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """``sql`` set means: run this, the person wrote it. ``as_of`` is the day that "today" means.
    ``may_wait``: it joins the queue when the backend is away; ``behind``: at once, because one before it
    waits there; ``stand_in``: when the analyst may answer in the model's place."""

    turn: Turn
    title: str
    connection: str | None
    earlier: list[Turn]
    sent_before: Counted
    sql: str | None = None
    as_of: date | None = None
    may_wait: bool = False
    behind: bool = False
    stand_in: StandIn = "now"


@dataclass(frozen=True)
class Loop:
    """``model`` None means that the built-in analyst answers. ``answers`` asks if the backend is there."""

    model: ModelAnswer | None
    analyst: AnalystAnswer
    sources: Sources
    queries: Queries
    results: Results
    scheduling: ScheduleAnswer | None = None
    files: FileAnswer | None = None
    answers: Callable[[], bool] = lambda: True

    @property
    def label(self) -> str:
        return self.model.label if self.model else ANALYST

    def answer(
        self,
        asked: Asked,
        stop: Stop,
        meter: TurnMeter,
        approve: Callable[[Effect], None] = nobody_to_ask,
    ) -> Generator[Event, None, TurnEnd]:
        """From TurnStarted to TurnFinished, whatever happens; returns what the store keeps. ``approve``
        is what the tools ask before they do something with an effect."""
        began = time.monotonic()
        progress = Progress(
            asked.turn.question, stop, meter=meter, sent_before=asked.sent_before, approve=approve
        )
        yield TurnStarted(
            conversation_id=asked.turn.conversation_id,
            turn_id=asked.turn.id,
            title=asked.title,
            started_at=asked.turn.asked_at,
            model=self.label,
        )
        waits = Queued(turn_id=asked.turn.id)
        try:
            if asked.behind:
                yield waits
                status = QUEUED
            else:
                status = yield from self._think(asked, progress)
                progress.keep_figures(self.results)
                if progress.lacks_files:
                    yield OpenPlace(place="files")
                if asked.may_wait and progress.kept_at is not None:
                    yield Queued(turn_id=asked.turn.id, kept_at=progress.kept_at)
        except Cancelled as error:
            yield from progress.left_open(error)
            status = "stopped"
        except EffectDeclined as error:
            yield from progress.left_open(error)
            progress.text = progress.text or str(error)
            yield progress.chunk()
            status = "cannot_answer"
        except AppError as error:
            _log.warning("A turn failed: %s (%s)", error, error.code)
            yield from progress.left_open(error)
            yield from progress.sent()
            if asked.may_wait and isinstance(error, BackendError) and error.away and not self.answers():
                yield waits
                status = QUEUED
            else:
                yield turn_failed(error)
                status = "failed"
        except Exception:  # noqa: BLE001 - the outer edge of a turn: the window must not be left waiting
            _log.exception("A turn ended unexpectedly.")
            failed: TurnFailed = unexpected()
            yield from progress.left_open(AppError(failed.error))
            yield failed
            status = "failed"
        yield from progress.sent()
        elapsed_ms = round((time.monotonic() - began) * 1000, 1)
        yield TurnFinished(turn_id=asked.turn.id, status=status, elapsed_ms=elapsed_ms)
        return progress.end(status)

    def _think(self, asked: Asked, progress: Progress) -> Generator[Event, None, str]:
        if asked.sql is not None:
            return (yield from self._rerun(asked.sql, asked, progress, self._context(asked, progress)))
        if self.model is None:
            return (yield from self._by_analyst(asked, progress))
        context = self._context(asked, progress)
        try:
            return (yield from self.model.answer(progress, context, asked.earlier, asked.as_of))
        except ModelError as error:
            if not may_stand_in(error, progress, asked.stand_in):
                raise
            _log.warning("The model did not answer, so the analyst is asked: %s (%s)", error, error.code)
            failed = error
        # it reads, and does nothing else: a schedule or a file is for whoever was asked for it
        answering = self.analyst.answer(progress, context, asked.earlier, asked.as_of)
        return (yield from standing_in(failed, answering, progress, self.model.label))

    def _context(self, asked: Asked, progress: Progress) -> ToolContext:
        [connection] = pumped(self._connection(asked), progress.stop)
        return progress.context(
            connection=connection, conversation_id=asked.turn.conversation_id, turn_id=asked.turn.id
        )

    def _by_analyst(self, asked: Asked, progress: Progress) -> Generator[Event, None, str]:
        """What is asked of files, of schedules and of the data, read without a model."""
        wish = self.files.read(asked.turn.question) if self.files is not None else None
        if self.files is not None and wish is not None:
            context = progress.context(
                connection="", conversation_id=asked.turn.conversation_id, turn_id=asked.turn.id
            )
            return (yield from self.files.answer(wish, progress, context))
        context = self._context(asked, progress)
        wanted = self.scheduling.read(asked.turn.question) if self.scheduling else None
        if self.scheduling is not None and wanted is not None:
            return (yield from self.scheduling.answer(wanted, progress, context))
        return (yield from self.analyst.answer(progress, context, asked.earlier, asked.as_of))

    def _connection(self, asked: Asked) -> Iterator[str]:
        try:
            yield self.sources.choose(asked.connection)
        except BackendConnectionError:
            if self.model is not None or not mentions.names_a_file(asked.turn.question):
                raise
            yield THIS_PC  # what is asked of a file needs no backend

    def _rerun(
        self, sql: str, asked: Asked, progress: Progress, context: ToolContext
    ) -> Generator[Event, None, str]:
        step = progress.step(f"Running SQL on {context.connection}")
        yield step
        query = Query(connection=context.connection, sql=sql, title=asked.turn.question)
        [ran] = pumped(self._ran(query, context), progress.stop)
        result = ran.result
        yield progress.done(step.step_id, rows_text(result.row_count, truncated=result.truncated), sql)
        card = result.card(ran.rows)
        progress.add_evidence(card, ran.rows)
        yield card
        return "answered"

    def _ran(self, query: Query, context: ToolContext) -> Iterator[Ran]:
        yield self.queries.run(query, context)

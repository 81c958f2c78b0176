"""Builds the agent and hands every part what it needs. The only place that does."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from desktop import charts
from desktop.agent.analyst_answer import AnalystAnswer
from desktop.agent.file_answer import FileAnswer
from desktop.agent.insight_answer import InsightAnswer
from desktop.agent.loop import Loop
from desktop.agent.model_answer import ModelAnswer
from desktop.agent.outgoing import Outgoing
from desktop.agent.queue import Queue
from desktop.agent.resuming import Resuming
from desktop.agent.runner import Ask, Runner, RunningTurn
from desktop.agent.schedule_answer import ScheduleAnswer
from desktop.agent.sheet_answer import SheetAnswer
from desktop.agent.sources import Sources
from desktop.agent.unattended import Unattended
from desktop.analyst.analyst import Analyst
from desktop.backend import Backend
from desktop.figures import Figures
from desktop.files.desk import FileDesk
from desktop.files.grants import Grants
from desktop.files.writing import Written
from desktop.sheets.joining import Joining
from desktop.sheets.sheets import Sheets
from desktop.sheets.shelf import Shelf
from desktop.store import rescue
from desktop.store.conversations import Conversations
from desktop.store.database import Database
from desktop.store.grants import GrantStore
from desktop.store.preferences import PreferenceStore
from desktop.store.private_answers import PrivateAnswers
from desktop.store.results import Results
from desktop.store.runs import Run, Runs
from desktop.store.sent import SentStore
from desktop.store.sheets import SheetStore
from desktop.store.tasks import Task, Tasks
from desktop.store.turns import Turns
from desktop.store.waiting import WaitingTurns
from desktop.tasks.agenda import Agenda
from desktop.tasks.clock import Clock, SystemClock
from desktop.tasks.saving import GrantedFolders
from desktop.tasks.scheduler import Scheduler
from desktop.tasks.work import Work
from desktop.tools.base import Tool
from desktop.tools.chart import ChartTool
from desktop.tools.files import file_tools
from desktop.tools.insight import Insights, InsightTool
from desktop.tools.local_tables import LocalTablesTool
from desktop.tools.private_join import PrivateJoinTool
from desktop.tools.query import Queries, QueryTool
from desktop.tools.query_local import QueryLocalTool
from desktop.tools.schedule import ScheduleTool
from desktop.tools.schema import SchemaTool
from shared.llm.figures import CountedModel, ModelFigures
from shared.settings import AgentSettings


@dataclass(frozen=True)
class Agent:
    """Everything that answers questions; the window's server is in serving."""

    database: Database
    backend: Backend
    sources: Sources
    queries: Queries
    runner: Runner
    conversations: Conversations
    turns: Turns
    results: Results
    preferences: PreferenceStore
    sent: SentStore
    queue: Queue
    resuming: Resuming
    grants: Grants
    files: FileDesk
    agenda: Agenda
    scheduler: Scheduler
    sheets: Sheets
    model_kind: str
    figures: Figures

    def close(self) -> None:
        """Stops tasks and what else runs, ends the demo if it is ours, closes the store."""
        self.scheduler.stop()
        self.resuming.close()
        self.runner.stop_all()
        self.sheets.close()
        self.files.close()
        with contextlib.suppress(OSError):  # figures are no reason not to end
            self.figures.keep()
        self.backend.close()
        self.database.close()


def build(
    settings: AgentSettings,
    folder: Path,
    backend: Backend,
    *,
    changed: Callable[[str], None] = lambda _: None,
    file_written: Callable[[Written], None] = lambda _: None,
    run_ended: Callable[[Task, Run], None] = lambda *_: None,
    today: Callable[[], date] = date.today,
    clock: Clock | None = None,
) -> Agent:
    """``folder`` is a person's: all that is kept for them lies there. ``backend`` is made by the caller, who
    may have started it before the rest was imported. Tasks begin to run when the caller starts the
    scheduler. ``changed`` hears ``conversations``, ``tasks`` or ``grants``."""
    rescue.mend(folder / "agent.db")
    database = Database(folder / "agent.db")
    results = Results(database, folder / "results")
    turns, conversations, sent = Turns(database), Conversations(database), SentStore(database)
    backend.meter.keep_in(sent.add)
    preferences = PreferenceStore(database)
    granted = GrantStore(database)
    sheets = Sheets(Grants(granted, folder), SheetStore(database), Shelf(folder / "sheets"))

    def grants_changed() -> None:
        sheets.forget_revoked()
        files.search.forget_revoked()
        changed("grants")

    grants = Grants(granted, folder, grants_changed)
    files = FileDesk(grants, folder, file_written)
    joining = Joining(sheets, backend.client)
    sources = Sources(backend.client, Analyst, today, sheets)
    private_answers = PrivateAnswers(database)
    queries = Queries(
        backend.client,
        results,
        sources.type_of,
        charts.of_result,
        backend.look,
        sheets,
        private_answers,
    )
    insights = Insights(
        backend.client,
        results,
        sources.type_of,
        backend.look,
        keep_cells=lambda: preferences.get().never_send_cells,
    )
    tasks, runs, folders = Tasks(database), Runs(database), GrantedFolders(grants)
    clock = clock or SystemClock()

    def tasks_changed() -> None:
        changed("tasks")

    def ask(wanted: Ask) -> RunningTurn:
        return runner.ask(wanted)  # made below: a task asks, and an answer may make a task

    unattended = Unattended(ask, conversations, turns, results)
    work = Work(tasks, runs, results, unattended, folders, clock, run_ended, tasks_changed)
    scheduler = Scheduler(tasks, runs, work, clock, tasks_changed)
    agenda = Agenda(tasks, runs, scheduler, folders, clock, tasks_changed)
    model_figures = ModelFigures()
    more: list[Tool] = [
        LocalTablesTool(sheets),
        QueryLocalTool(queries),
        PrivateJoinTool(joining, queries, private_answers),
        ScheduleTool(agenda),
        InsightTool(insights),
        *file_tools(files, private_answers),
    ]
    loop = Loop(
        model=_model(settings, preferences, sources, queries, results, more, model_figures),
        analyst=AnalystAnswer(
            sources,
            queries,
            results,
            SheetAnswer(sheets, joining, sources, queries),
            InsightAnswer(insights, results),
        ),
        scheduling=ScheduleAnswer(agenda, sources),
        files=FileAnswer(files),
        sources=sources,
        queries=queries,
        results=results,
        answers=backend.answers,
    )
    waiting = WaitingTurns(database)

    def said() -> None:
        changed("conversations")

    queue = Queue(waiting, turns, results, lambda: backend.origin)
    runner: Runner = Runner(loop, conversations, turns, sent, backend.meter, queue, said)
    resuming = Resuming(waiting, runner, lambda: backend.state.state == "online", lambda: backend.origin)
    queue.wake = resuming.wake
    backend.listen(lambda _: resuming.wake())
    return Agent(
        database=database,
        backend=backend,
        sources=sources,
        queries=queries,
        runner=runner,
        conversations=conversations,
        turns=turns,
        results=results,
        preferences=preferences,
        sent=sent,
        queue=queue,
        resuming=resuming,
        agenda=agenda,
        scheduler=scheduler,
        grants=grants,
        files=files,
        sheets=sheets,
        model_kind=_model_kind(settings) if loop.model else "analyst",
        figures=Figures(folder, lambda: backend.metrics, model_figures.snapshot),
    )


def _model(
    settings: AgentSettings,
    preferences: PreferenceStore,
    sources: Sources,
    queries: Queries,
    results: Results,
    more: Sequence[Tool],
    figures: ModelFigures,
) -> ModelAnswer | None:
    if not (settings.gemini.api_key.strip() or settings.openai.base_url.strip()):
        return None
    from shared.llm.choose import choose

    model = choose(settings)
    if model is None:
        return None
    tools: list[Tool] = [
        QueryTool(queries),
        SchemaTool(sources.schema),
        ChartTool(results),
        *more,
    ]
    outgoing = Outgoing(CountedModel(model, figures), lambda: preferences.get().never_send_cells)
    return ModelAnswer(outgoing, tools, sources, results)


def _model_kind(settings: AgentSettings) -> str:
    return "gemini" if settings.gemini.api_key.strip() else "openai"

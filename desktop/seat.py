"""What is open for one person: their agent on their folder, and the addresses that show it to the window."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from wsgiref.types import WSGIApplication

from desktop import __version__, autostart, settings_file
from desktop.agent.answered_later import AnsweredLater
from desktop.agent.queue import QueueNews
from desktop.app import Agent, build
from desktop.backend import Backend
from desktop.backend_state import BackendState
from desktop.choice import ChoiceFile, chosen
from desktop.configuration import Configuration
from desktop.diagnostics import Diagnostics
from desktop.notifications import Notifier
from desktop.offer import Offers
from desktop.people import LOCAL, People, Person
from desktop.setup import Setup
from desktop.store.runs import Run
from desktop.store.tasks import Task
from desktop.tasks.clock import Clock
from desktop.tasks.scheduler import Scheduler
from desktop.tasks.telling import Telling
from desktop.web.announcements import Announcements
from desktop.web.front import Front
from desktop.web.parts import Dialogs, Parts
from desktop.web.replies import encoded
from desktop.web.routes import personal
from desktop.web.tasks import run_news
from shared.settings import AgentSettings, BackendSection


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What is the same for everybody here. ``config`` is the file that the settings came from, if it was
    named; with ``ask`` a person chooses a backend when none is set up, and otherwise it is the demo."""

    settings: AgentSettings
    home: Path
    config: Path | None
    ask: bool
    dialogs: Dialogs
    people: People
    task_clock: Clock
    notifier: Notifier
    is_locked: Callable[[], bool]
    offers: Offers


class Seat:
    """Open from the start. ``close`` ends turns, tasks and the demo."""

    def __init__(self, machine: Machine, person: Person) -> None:
        settings, folder = machine.settings, machine.people.folder_of(person)
        self._announcements = announcements = Announcements()
        self._scheduler: Scheduler | None = None
        choices = ChoiceFile(folder)
        own = _OwnBackend(machine, person, folder)
        backend = Backend(
            chosen(own.section, choices.find(), ask=machine.ask),
            machine.home,
            folder / "cache",
            self._backend_changed,
        )
        backend.start()
        self.agent: Agent = build(
            settings,
            folder,
            backend,
            changed=announcements.announce,
            run_ended=self._run_ended,
            file_written=lambda written: announcements.announce("file_written", encoded(written)),
            clock=machine.task_clock,
        )
        front = Front(lambda: announcements.heard)
        self._answered_later = AnsweredLater(
            self.agent.preferences,
            machine.notifier,
            self._conversation_opened,
            is_locked=machine.is_locked,
            is_seen=lambda: front.is_taken,
        )
        self.agent.queue.tell = self._queue_changed
        self._scheduler = self.agent.scheduler
        setup = Setup(own.section, own.file, choices, backend)
        self._dialogs, self._offers = machine.dialogs, machine.offers
        self._telling = Telling(
            self.agent.preferences, machine.notifier, machine.task_clock, self._task_opened, machine.is_locked
        )
        file = settings_file.place(machine.config, machine.home)
        self.parts = Parts(
            version=__version__,
            model_kind=self.agent.model_kind,
            backend=backend,
            autostart=autostart.here(),
            setup=setup,
            configuration=Configuration(
                file, settings, lambda changed: setup.take_over(own.with_own(changed))
            ),
            figures=self.agent.figures,
            diagnostics=Diagnostics(__version__, machine.home, folder, file, lambda: setup.section),
            sources=self.agent.sources,
            runner=self.agent.runner,
            queries=self.agent.queries,
            conversations=self.agent.conversations,
            turns=self.agent.turns,
            results=self.agent.results,
            preferences=self.agent.preferences,
            sent=self.agent.sent,
            agenda=self.agent.agenda,
            queue=self.agent.queue,
            files=self.agent.files,
            sheets=self.agent.sheets,
            telling=self._telling,
            announcements=announcements,
            front=front,
            dialogs=machine.dialogs,
            offers=machine.offers,
        )
        self.application: WSGIApplication = personal(self.parts)
        self._scheduler.start()
        self.agent.resuming.start()

    def _backend_changed(self, state: BackendState) -> None:
        self._announcements.announce("backend", encoded(state))
        if state.state == "online" and self._scheduler is not None:
            self._scheduler.backend_back()

    def _run_ended(self, task: Task, run: Run) -> None:
        self._announcements.announce("task_run", encoded(run_news(task, run)))
        self._telling.tell(task, run)

    def _queue_changed(self, news: QueueNews) -> None:
        self._announcements.announce("queue", encoded(news))
        self._answered_later.tell(news)

    def _task_opened(self, task_id: str) -> None:
        """Its notification was clicked: the window comes to the front, at that task."""
        self._come_forward("task_open", {"task_id": task_id})

    def _conversation_opened(self, conversation_id: str) -> None:
        self._come_forward("conversation_open", {"conversation_id": conversation_id})

    def _come_forward(self, name: str, news: dict[str, str]) -> None:
        self._announcements.announce(name, encoded(news))
        if self._dialogs.front is not None:
            self._dialogs.front()

    def cut(self) -> None:
        self._announcements.cut()

    def close(self) -> None:
        self._offers.drop()  # it holds a code that was meant for whoever was here
        self.agent.close()


class _OwnBackend:
    """Which backend a person uses, and the ``file`` that remembers it. Where people sign in each has a file
    of their own; what the machine's says is for whoever has chosen nothing yet."""

    def __init__(self, machine: Machine, person: Person, folder: Path) -> None:
        several = bool(machine.settings.google_oauth.client_id) or person != LOCAL
        self._own = settings_file.own(folder, needed=several)
        self.file = self._own or settings_file.place(machine.config, machine.home)
        self.section = self.with_own(machine.settings.backend)

    def with_own(self, section: BackendSection) -> BackendSection:
        """The machine's section as this person's file has it. Raises SettingsInvalid."""
        return settings_file.with_own_backend(section, self._own) if self._own else section

"""What is open for one person: their agent on their folder, and the addresses that show it to the window."""

from dataclasses import dataclass
from pathlib import Path
from wsgiref.types import WSGIApplication

from desktop import __version__, autostart, settings_file
from desktop.app import Agent, build
from desktop.backend import Backend
from desktop.choice import ChoiceFile, chosen
from desktop.people import People, Person
from desktop.setup import Setup
from desktop.web.announcements import Announcements
from desktop.web.parts import Dialogs, Parts
from desktop.web.replies import encoded
from desktop.web.routes import personal
from shared.settings import AgentSettings


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


class Seat:
    """Open from the start. ``close`` ends turns, tasks and the demo."""

    def __init__(self, machine: Machine, person: Person) -> None:
        settings, folder = machine.settings, machine.people.folder_of(person)
        self._announcements = announcements = Announcements()
        choices = ChoiceFile(folder)
        backend = Backend(
            chosen(settings.backend, choices.find(), ask=machine.ask),
            machine.home,
            folder / "cache",
            lambda state: announcements.announce("backend", encoded(state)),
        )
        backend.start()
        self.agent: Agent = build(
            settings,
            folder,
            backend,
            conversations_changed=lambda: announcements.announce("conversations"),
        )
        file = settings_file.place(machine.config, machine.home)
        self.parts = Parts(
            version=__version__,
            model_kind=self.agent.model_kind,
            backend=backend,
            autostart=autostart.here(),
            setup=Setup(settings.backend, file, choices, backend),
            sources=self.agent.sources,
            runner=self.agent.runner,
            queries=self.agent.queries,
            conversations=self.agent.conversations,
            turns=self.agent.turns,
            results=self.agent.results,
            preferences=self.agent.preferences,
            announcements=announcements,
            dialogs=machine.dialogs,
        )
        self.application: WSGIApplication = personal(self.parts)

    def cut(self) -> None:
        self._announcements.cut()

    def close(self) -> None:
        self.agent.close()

"""What the routes work with, handed down by app. Nothing is made here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from wsgiref.types import WSGIApplication

from desktop.agent.queue import Queue
from desktop.agent.runner import Runner
from desktop.agent.sources import Sources
from desktop.autostart import Autostart
from desktop.backend import Backend
from desktop.configuration import Configuration
from desktop.diagnostics import Diagnostics
from desktop.figures import Figures
from desktop.files.desk import FileDesk
from desktop.offer import Offers
from desktop.setup import Setup
from desktop.sheets.sheets import Sheets
from desktop.store.conversations import Conversations
from desktop.store.preferences import PreferenceStore
from desktop.store.results import Results
from desktop.store.sent import SentStore
from desktop.store.turns import Turns
from desktop.tasks.agenda import Agenda
from desktop.tasks.telling import Telling
from desktop.tools.query import Queries
from desktop.web.announcements import Announcements
from desktop.web.front import Front


class Dialogs:
    """What a native window can do and a page cannot. ``choose`` asks where to save a file of that name;
    ``choose_folder`` asks for a folder, ``front`` brings it before all others. All are None as long as
    there is no such window."""

    def __init__(self) -> None:
        self.choose: Callable[[str], Path | None] | None = None
        self.choose_folder: Callable[[], Path | None] | None = None
        self.front: Callable[[], None] | None = None


@dataclass(frozen=True)
class Parts:
    """``model_kind`` is ``analyst gemini openai``."""

    version: str
    model_kind: str
    backend: Backend
    setup: Setup
    configuration: Configuration
    figures: Figures
    diagnostics: Diagnostics
    autostart: Autostart
    sources: Sources
    runner: Runner
    queries: Queries
    conversations: Conversations
    turns: Turns
    results: Results
    preferences: PreferenceStore
    agenda: Agenda
    sheets: Sheets
    telling: Telling
    sent: SentStore
    queue: Queue
    files: FileDesk
    announcements: Announcements
    front: Front
    dialogs: Dialogs
    offers: Offers


class Sitting(Protocol):
    """What is open for one person, as the gate needs it."""

    @property
    def application(self) -> WSGIApplication: ...
    def cut(self) -> None: ...
    def close(self) -> None: ...

"""The agent with its window's server: started, waited for, ended as one. What shows it is in window."""

import signal
import socket
import threading
from pathlib import Path

from desktop import __version__, autostart, settings_file
from desktop.app import Agent, build
from desktop.backend import Backend
from desktop.choice import ChoiceFile, chosen
from desktop.people import LOCAL, People
from desktop.setup import Setup
from desktop.vega import VegaBundle
from desktop.web.announcements import Announcements
from desktop.web.door import Door
from desktop.web.parts import Dialogs, Parts
from desktop.web.replies import encoded
from desktop.web.routes import application
from desktop.web.server import WebServer, listen
from shared.settings import AgentSettings

_UI = Path(__file__).resolve().parent / "ui"


class Serving:
    """Use ``with``: leaving ends the server, the turns and the demo."""

    def __init__(
        self,
        settings: AgentSettings,
        home: Path,
        listening: socket.socket,
        *,
        config: Path | None = None,
        ask: bool = False,
    ) -> None:
        """``config`` is the file that the settings came from, if it was named; with ``ask`` the person
        chooses a backend when none is set up, and otherwise it is the demo."""
        announcements = Announcements()
        folder = People(home).folder_of(LOCAL)
        choices = ChoiceFile(folder)
        backend = Backend(
            chosen(settings.backend, choices.find(), ask=ask),
            home,
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
        vega = VegaBundle(home / "agent" / "vendor")
        self.parts = Parts(
            version=__version__,
            model_kind=self.agent.model_kind,
            backend=backend,
            autostart=autostart.here(),
            setup=Setup(settings.backend, settings_file.place(config, home), choices, backend),
            sources=self.agent.sources,
            runner=self.agent.runner,
            queries=self.agent.queries,
            conversations=self.agent.conversations,
            turns=self.agent.turns,
            results=self.agent.results,
            preferences=self.agent.preferences,
            announcements=announcements,
            dialogs=Dialogs(),
            vega=vega.path,
            ui=_UI,
        )
        self.door = Door(application(self.parts), listening.getsockname()[1])
        self._server = WebServer(listening, self.door)
        self._vega = vega

    def __enter__(self) -> "Serving":
        self._server.start()
        self._vega.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._vega.stop()
        self.agent.close()


class Ending:
    """Set when the person or the system wants the program to end: Ctrl-C, SIGTERM, the window closed.

    A native window's loop does not let Python look at signals, so a pipe tells a thread of them.
    """

    def __init__(self) -> None:
        self._wanted = threading.Event()
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._wanted.set())
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        self._pipe, self._kept_open = ours, theirs
        threading.Thread(target=self._listen, name="ending", daemon=True).start()

    def want(self) -> None:
        self._wanted.set()

    def wait(self) -> None:
        """In pieces: on Windows a long wait does not notice Ctrl-C."""
        while not self._wanted.wait(0.5):
            pass

    def _listen(self) -> None:
        if self._pipe.recv(1):
            self._wanted.set()


def take_port(wanted: int) -> tuple[socket.socket, bool]:
    """A listening socket; the flag says that ``wanted`` was taken and this is another one."""
    try:
        return listen(wanted), False
    except OSError:
        return listen(0), True

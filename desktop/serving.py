"""The agent with its window's server: started, waited for, ended as one. What shows it is in window."""

import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from desktop.browser import open_link
from desktop.clock import Clock
from desktop.entrance import Entrance
from desktop.identity.google import Google
from desktop.keychain import Keychain
from desktop.notifications import Notifier
from desktop.offer import Offers
from desktop.people import People
from desktop.seat import Machine, Seat
from desktop.session import Session
from desktop.tasks.clock import Clock as TaskClock
from desktop.tasks.clock import SystemClock
from desktop.vega import VegaBundle
from desktop.web.door import Door
from desktop.web.gate import Gate
from desktop.web.pages import Pages
from desktop.web.parts import Dialogs
from desktop.web.routes import outside
from desktop.web.server import WebServer, listen
from desktop.web.session import SessionPages
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
        clock: Clock | None = None,
        task_clock: TaskClock | None = None,
        open_browser: Callable[[str], bool] = open_link,
    ) -> None:
        """``config`` is the file that the settings came from, if it was named; with ``ask`` the person
        chooses a backend when none is set up, and otherwise it is the demo."""
        clock = clock or Clock()
        self.dialogs = Dialogs()
        self._notifier = Notifier()
        self.offers = Offers()
        self.offers.on_offer = self._tell_of_offer
        people = People(home)
        machine = Machine(
            settings=settings,
            home=home,
            config=config,
            ask=ask,
            dialogs=self.dialogs,
            people=people,
            task_clock=task_clock or SystemClock(),
            notifier=self._notifier,
            is_locked=lambda: self.session.news.state != "open",
            offers=self.offers,
        )
        self.session: Session[Seat] = Session(
            lambda person: Seat(machine, person), settings.chatbot.session_timeout, clock
        )
        self.entrance = Entrance(
            self.session,
            people,
            Google(settings.google_oauth, now=lambda: clock.now().wall),
            Keychain(people.root),
            clock,
            open_browser,
        )
        self.entrance.begin()
        self._vega = VegaBundle(home / "agent" / "vendor")
        pages = Pages(_UI, self._vega.path)
        session_pages = SessionPages(
            self.session,
            self.entrance,
            self.dialogs,
            self.offers,
            lambda: self.door.launch_link(),  # noqa: PLW0108 - made below
        )
        gate = Gate(self.session, outside(pages, session_pages))
        self.door = Door(gate, listening.getsockname()[1])
        self._server = WebServer(listening, self.door)

    @property
    def seat(self) -> Seat | None:
        """What is open for the person who is here, if any."""
        return self.session.seat

    @property
    def theme(self) -> str:
        seat = self.seat
        return seat.parts.preferences.get().theme if seat else "system"

    def _tell_of_offer(self) -> None:
        seat = self.seat
        if seat is not None:
            seat.parts.announcements.announce("offer")

    def __enter__(self) -> "Serving":
        self._server.start()
        self._vega.start()
        self.session.watch()
        self.entrance.watch()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._vega.stop()
        self.entrance.close()
        self.session.close()
        self._notifier.close()


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

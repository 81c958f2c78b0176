"""Who uses the program now, and whether the window may show what is theirs. How they sign in is not here.

The program holds what is open for one person, a seat. A session is ``open``; ``locked`` when nobody has done
anything for a while: what runs for the person goes on, and nothing is shown; or ``signed_out``: there is no
seat.
"""

import secrets
import threading
from collections.abc import Callable
from typing import Generic, Literal, Protocol, TypeVar

import msgspec

from desktop.clock import Clock, Moment, seconds_between
from desktop.people import Person
from shared.errors import SessionOver

State = Literal["open", "locked", "signed_out"]
_LONGEST_WAIT = 5.0


class Seat(Protocol):
    """What is open for one person."""

    def cut(self) -> None:
        """Ends what is being told to windows. What runs goes on."""

    def close(self) -> None:
        """Ends everything."""


S_co = TypeVar("S_co", bound=Seat, covariant=True)


class SessionNews(msgspec.Struct, frozen=True):
    """``id`` is another one whenever a person comes or a session is opened again; ``why`` says in a sentence
    why it is not open."""

    state: State
    id: str
    person: Person | None
    why: str = ""


class Session(Generic[S_co]):
    """Safe to use from several threads. ``timeout_seconds`` of doing nothing lock it; 0 means never."""

    def __init__(self, open_seat: Callable[[Person], S_co], timeout_seconds: float, clock: Clock) -> None:
        self._open_seat = open_seat
        self.timeout_seconds = timeout_seconds
        self._clock = clock
        self._changing = threading.Lock()
        """Held while somebody comes or goes, which may take a moment."""
        self._lock = threading.RLock()
        self._seat: S_co | None = None
        self._active_at: Moment = clock.now()
        self._news = SessionNews("signed_out", _fresh(), None)
        self._wake = threading.Event()
        self._closed = False

    def watch(self) -> None:
        """From now on an idle session is locked when its time has come, not only when somebody asks."""
        threading.Thread(target=self._watch, name="session", daemon=True).start()

    @property
    def news(self) -> SessionNews:
        self._lock_if_idle()
        return self._news

    @property
    def seat(self) -> S_co | None:
        """What runs for the person, seen or not."""
        return self._seat

    def admit(self, session_id: str | None) -> tuple[S_co, str]:
        """The seat and the session that it is shown in. Raises SessionOver, also for a window that belongs
        to an earlier session; who names none speaks for whoever is there."""
        self._lock_if_idle()
        with self._lock:
            news, seat = self._news, self._seat
        if news.state != "open" or seat is None:
            raise SessionOver(news.why or "Sign in to go on.")
        if session_id is not None and session_id != news.id:
            raise SessionOver("This window belongs to an earlier session. Load it again.")
        return seat, news.id

    def goes_on(self, session_id: str) -> bool:
        return self._news.id == session_id and self._news.state == "open"

    def act(self) -> None:
        """The person did something in the window."""
        self._lock_if_idle()
        with self._lock:
            self._active_at = self._clock.now()

    def enter(self, person: Person) -> None:
        """Opens the session for ``person``; what was open for somebody else ends before."""
        with self._changing:
            here = self._news.person
            if self._news.state == "open" and here == person:
                return self.act()
            if here is None or here.id != person.id or self._seat is None:
                self._end("")
                seat = self._open_seat(person)
            else:
                seat = self._seat
                seat.cut()
            with self._lock:
                self._seat = seat
                self._active_at = self._clock.now()
                self._news = SessionNews("open", _fresh(), person)
        return self._wake.set()

    def lock(self, why: str, *, only_if_idle: bool = False) -> None:
        with self._lock:
            if self._news.state != "open" or (only_if_idle and not self._is_idle()):
                return
            self._news = msgspec.structs.replace(self._news, state="locked", id=_fresh(), why=why)
            seat = self._seat
        if seat is not None:
            seat.cut()

    def leave(self, why: str = "") -> None:
        """What was open ends."""
        with self._changing:
            self._end(why)

    def close(self) -> None:
        self._closed = True
        self._wake.set()
        self.leave()

    # -- Inside ---------------------------------------------------------------------------

    def _end(self, why: str) -> None:
        with self._lock:
            seat, self._seat = self._seat, None
            self._news = SessionNews("signed_out", _fresh(), None, why)
        if seat is not None:
            seat.cut()
            seat.close()

    def _lock_if_idle(self) -> None:
        self.lock("Nobody has used this window for a while.", only_if_idle=True)

    def _is_idle(self) -> bool:
        return bool(self.timeout_seconds) and self._left() <= 0

    def _left(self) -> float:
        return self.timeout_seconds - seconds_between(self._active_at, self._clock.now())

    def _watch(self) -> None:
        """In short steps: while the machine sleeps no wait goes on, and its end must be seen soon."""
        while not self._closed:
            waiting = self.timeout_seconds and self._news.state == "open"
            self._wake.wait(min(max(self._left(), 0.05), _LONGEST_WAIT) if waiting else None)
            self._wake.clear()
            self._lock_if_idle()


def _fresh() -> str:
    return secrets.token_urlsafe(12)

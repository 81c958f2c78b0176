"""The backend as this machine sees it: which one, whether it answers, a client for it."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from desktop.backend_state import BackendState, Look, PastClients, State, first_state
from desktop.demo import DemoChild, DemoPlace, find_running
from desktop.meter import Meter
from desktop.store.moment import now
from shared.backend_client import BackendClient, MetricsSnapshot
from shared.errors import AppError, BackendConnectionError
from shared.paths import private_folder
from shared.settings import BackendSection

_log = logging.getLogger(__name__)

_WATCH_SECONDS = 4.0
_LOOK_SECONDS = 8.0
_POLICY_SECONDS = 60.0
_SLOWEST_WATCH_SECONDS = 30.0
_START_SECONDS = 180.0


class Backend:
    """The configured backend, or without an address the demo, or none as long as nobody has chosen.

    ``start`` returns at once; ``client`` waits. ``switch`` goes over to another one while it runs.
    ``home`` is where the demo lives, ``cache`` the folder of a person in which answers are kept.
    """

    def __init__(
        self,
        section: BackendSection | None,
        home: Path,
        cache: Path,
        on_change: Callable[[BackendState], None] = lambda _: None,
    ) -> None:
        self._section = section
        self._home = home
        self._cache = cache
        self._listeners = [on_change]
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._settled = threading.Event()
        self._look_now = threading.Event()
        self._start_wanted = threading.Event()
        self._switched = threading.Event()
        self._client: BackendClient | None = None
        self._past = PastClients()
        self._child: DemoChild | None = None
        self.meter = Meter()
        self._looking: Look | None = None
        self._policy_due = 0.0
        self.demo_connection: str | None = None
        self._state = first_state(section)

    @property
    def state(self) -> BackendState:
        return self._state

    @property
    def settled(self) -> bool:
        """Whether the first attempt to connect is over; until then ``client`` waits."""
        return self._settled.is_set()

    def start(self) -> None:
        threading.Thread(target=self._run, name="backend", daemon=True).start()

    def open_now(self) -> None:
        """For one question: finds or starts it, without watching; ``client`` tells of a failure."""
        try:
            self._connect()
        except AppError as error:
            self._change("offline", detail=str(error))
        finally:
            self._settled.set()

    def client(self) -> BackendClient:
        """Waits while the first connection is being made. Raises BackendConnectionError."""
        self._settled.wait(_START_SECONDS)
        client = self._client
        if client is None:
            if self._section is None:
                raise BackendConnectionError("No backend is chosen yet.")
            detail = self._state.detail if self._settled.is_set() else "It is still starting."
            raise BackendConnectionError("The backend is not running.", details=detail)
        return client

    def listen(self, call: Callable[[BackendState], None]) -> None:
        """``call`` hears of every change from now on."""
        self._listeners.append(call)

    def answers(self) -> bool:
        """Asked now, within a few seconds: whether it is there. What follows needs no time-out to know."""
        return self._look()

    @property
    def origin(self) -> str:
        """Which backend this is, whatever port a demo has taken this time."""
        section = self._section
        return "" if section is None else section.url or "demo"

    @property
    def metrics(self) -> MetricsSnapshot:
        """How requests have fared since the start, of all backends that were used."""
        return self._past.with_one(self._client)

    def look(self) -> None:
        """Somebody noticed that it may have gone, or come back: asks at once."""
        self._look_now.set()

    def start_again(self) -> None:
        """Looks at once; starts the demo anew when it is the demo that has gone."""
        child = self._child
        if self._is_demo() and (child is None or not child.alive):
            self._start_wanted.set()
        self._look_now.set()

    def switch(self, section: BackendSection | None) -> None:
        """Another backend from now on. Returns at once; ``client`` waits for the new one."""
        with self._lock:
            self._switched.set()
            self._settled.clear()
            self._section = section
            child, self._child = self._child, None
            client, self._client = self._client, None
            self.demo_connection = None
            self._state = first_state(section)
        self._tell(self._state)
        self._look_now.set()
        if child is not None:
            threading.Thread(target=child.stop, name="demo-end").start()
        self._past.close(client)

    def close(self) -> None:
        """Ends the demo, if it is ours."""
        self._closing.set()
        self._look_now.set()
        with self._lock:
            child, self._child = self._child, None
            client, self._client = self._client, None
        if child is not None:
            child.stop()
        if client is not None:
            client.close()

    # -- Inside ---------------------------------------------------------------------------

    def _run(self) -> None:
        self._try_to_connect()
        pause = _WATCH_SECONDS
        while not self._closing.is_set():
            self._say_when(pause)
            self._look_now.wait(pause)
            self._look_now.clear()
            if self._closing.is_set():
                return
            if self._switched.is_set():
                self._try_to_connect()
                pause = _WATCH_SECONDS
                continue
            answers = self._look()
            if not answers and self._may_start():
                self._change("demo-starting", detail="Starting the demo again")
                self._restart_demo()
                answers = self._look()
            pause = _WATCH_SECONDS if answers else min(pause * 1.5, _SLOWEST_WATCH_SECONDS)

    def _may_start(self) -> bool:
        """A demo of ours that has died starts again when the person says so; one that another window had
        started, and took along, is replaced without asking."""
        wanted = self._start_wanted.is_set()
        self._start_wanted.clear()
        return self._is_demo() and (wanted or self._child is None)

    def _is_demo(self) -> bool:
        return self._section is not None and not self._section.url

    def _try_to_connect(self) -> None:
        """Again from the beginning when somebody switches meanwhile: then nothing of it counts."""
        while True:
            self._switched.clear()
            try:
                self._connect()
            except AppError as error:
                if not self._switched.is_set():
                    _log.warning("%s", error)
                    self._change("offline", detail=str(error))
            finally:
                with self._lock:
                    if not self._switched.is_set():
                        self._settled.set()
            if not self._switched.is_set() or self._closing.is_set():
                break
        self._look()

    def _restart_demo(self) -> None:
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.stop()
        self._try_to_connect()

    def _connect(self) -> None:
        section = self._section
        if section is None:
            return
        if section.url:
            self._use(section, section.url, section.api_key)
            return
        place = find_running(self._home)
        if place is not None and self._answers(place):
            self._use(section, place.url, place.key(), connection=place.connection)
            return
        child = DemoChild(self._home)
        with self._lock:
            if self._closing.is_set() or self._switched.is_set():
                raise BackendConnectionError("The program is ending.")
            self._child = child
        place = child.start(lambda line: self._change("demo-starting", detail=line))
        if self._closing.is_set() or self._switched.is_set():
            child.stop()
            return
        self._use(section, place.url, place.key(), connection=place.connection)

    def _answers(self, place: DemoPlace) -> bool:
        with BackendClient(place.url, place.key(), timeout=2, retry_attempts=0) as client:
            return client.health_check()

    def _use(self, section: BackendSection, url: str, key: str, *, connection: str | None = None) -> None:
        folder = private_folder(self._cache) / ("demo" if connection else "backend")
        client = BackendClient(
            url,
            key,
            timeout=section.timeout,
            retry_attempts=section.retry_attempts,
            cache_ttl=section.cache_ttl,
            cache_path=folder,
            verify=section.verify_tls,
            on_sent=self.meter.to_backend,
        )
        with self._lock:
            if self._switched.is_set():
                old: BackendClient | None = client
            else:
                old, self._client = self._client, client
                self.demo_connection = connection
                self._state = msgspec.structs.replace(self._state, url=url)
        self._past.close(old)

    def _look(self) -> bool:
        """Asks for its health; True when it answers in time."""
        client = self._client
        if client is None:
            return False
        with self._lock:
            look = self._looking
            if look is None or look.client is not client or look.over.is_set():
                look = self._looking = Look(client, also_policy=self._policy_is_due())
                look.start()
        if not look.over.wait(_LOOK_SECONDS):
            look.error = "It does not answer. Its name may not be found, or something holds the line."
        if look.error is not None:
            if not self._closing.is_set() and client is self._client:
                self._change("offline", detail=look.error)
            return False
        if client is self._client:
            self._change("online", latency_ms=look.latency_ms)
        return True

    def _policy_is_due(self) -> bool:
        """After an absence, and now and then: what may no longer be seen must not be kept."""
        if self._state.state == "online" and time.monotonic() < self._policy_due:
            return False
        self._policy_due = time.monotonic() + _POLICY_SECONDS
        return True

    def _say_when(self, pause: float) -> None:
        """An absent backend's next look, for the countdown in the window."""
        with self._lock:
            if self._switched.is_set() or self._state.state != "offline":
                return
            self._state = msgspec.structs.replace(self._state, next_look_at=now(pause))
            state = self._state
        self._tell(state)

    def _tell(self, state: BackendState) -> None:
        for listener in list(self._listeners):
            listener(state)

    def _change(self, state: State, *, detail: str = "", latency_ms: float | None = None) -> None:
        with self._lock:
            if self._switched.is_set():
                return  # news of the one before
            before = self._state
            since = before.since if before.state == state else now()
            self._state = msgspec.structs.replace(
                before, state=state, since=since, detail=detail, latency_ms=latency_ms, next_look_at=None
            )
            if self._client is not None:
                self._client.offline = state == "offline"
        if (before.state, before.detail) != (state, detail):
            self._tell(self._state)

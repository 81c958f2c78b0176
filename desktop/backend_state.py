"""How the backend is, as the window is told, and one look at it. When to look is backend's."""

import logging
import threading
import time
from typing import Literal

import msgspec

from desktop.store.moment import now
from shared.backend_client import BackendClient, MetricsSnapshot
from shared.backend_client.metrics import NONE, added
from shared.errors import AppError
from shared.settings import BackendSection

_log = logging.getLogger(__name__)

State = Literal["online", "offline", "connecting", "demo-starting", "not_configured"]


class BackendState(msgspec.Struct, frozen=True, kw_only=True):
    """``since`` is when this state began; ``detail`` is a sentence, or the demo's progress; ``next_look_at``
    is when an absent backend is looked for again."""

    state: State
    since: str
    next_look_at: str | None = None
    url: str = ""
    latency_ms: float | None = None
    detail: str = ""
    demo: bool = False


class Look:
    """One question for its health, in a thread of its own: looking up a name has no time-out. With
    ``also_policy`` what this key may no longer see is forgotten."""

    def __init__(self, client: BackendClient, *, also_policy: bool) -> None:
        self.client = client
        self._also_policy = also_policy
        self.over = threading.Event()
        self.error: str | None = None
        self.latency_ms: float | None = None

    def start(self) -> None:
        threading.Thread(target=self._ask, name="look", daemon=True).start()

    def _ask(self) -> None:
        began = time.monotonic()
        try:
            self.client.health()
        except AppError as error:
            self.error = str(error)
        else:
            self.error = None
            self.latency_ms = round((time.monotonic() - began) * 1000, 1)
            self._check_policy()
        self.over.set()

    def _check_policy(self) -> None:
        try:
            if self._also_policy and self.client.forget_what_is_hidden_now():
                _log.info("What this key may see has changed: kept answers were forgotten.")
        except AppError as error:
            _log.debug("What this key may see is not known: %s", error)


def first_state(section: BackendSection | None) -> BackendState:
    if section is None:
        return BackendState(state="not_configured", since=now())
    first: State = "connecting" if section.url else "demo-starting"
    return BackendState(state=first, since=now(), url=section.url, demo=not section.url)


class PastClients:
    """What clients that are closed by now have counted: switching to another backend does not begin anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted = NONE

    def with_one(self, client: BackendClient | None) -> MetricsSnapshot:
        """Together with one that is in use."""
        return added(self._counted, client.metrics) if client else self._counted

    def close(self, client: BackendClient | None) -> None:
        if client is None:
            return
        with self._lock:
            self._counted = added(self._counted, client.metrics)
        client.close()

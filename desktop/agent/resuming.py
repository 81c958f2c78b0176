"""Asks questions that wait again, in their order, when the backend is back. How is up to the runner."""

import logging
import threading
from collections.abc import Callable

from desktop.agent.runner import Runner
from desktop.store.waiting import WaitingTurns

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 20.0


class Resuming:
    """``online`` and ``origin`` tell of the backend: a question waits for the one that it was asked of."""

    def __init__(
        self,
        waiting: WaitingTurns,
        runner: Runner,
        online: Callable[[], bool],
        origin: Callable[[], str],
    ) -> None:
        self._waiting = waiting
        self._runner = runner
        self._online = online
        self._origin = origin
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="resuming", daemon=True)

    def start(self) -> None:
        self._waiting.recover()
        self._thread.start()

    def wake(self) -> None:
        """Something has changed: the backend is back, or another question waits."""
        self._wake.set()

    def close(self) -> None:
        self._closing.set()
        self._wake.set()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait(_LOOK_SECONDS)
            self._wake.clear()
            try:
                self._ask_all()
            except Exception:  # noqa: BLE001 - the outer edge of a thread: the next try is a few seconds away
                _log.exception("The questions that wait could not be asked.")

    def _ask_all(self) -> None:
        for entry in self._waiting.list():
            if self._closing.is_set() or not self._online():
                return
            if entry.backend != self._origin() or self._runner.busy(entry.conversation_id):
                continue
            if not self._runner.ask_again(entry):
                return  # it has gone again; the rest keep their order

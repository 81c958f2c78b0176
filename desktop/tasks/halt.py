"""What ends a run early, and why: the person, its deadline, or the end of the program."""

import threading
from collections.abc import Callable
from typing import Literal

Reason = Literal["person", "deadline", "closing"]


class Halt:
    """The first reason stays. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reason: Reason | None = None
        self._call: Callable[[], None] | None = None

    @property
    def reason(self) -> Reason | None:
        return self._reason

    def press(self, reason: Reason) -> None:
        with self._lock:
            if self._reason is not None:
                return
            self._reason, call = reason, self._call
        if call is not None:
            call()

    def on_press(self, call: Callable[[], None]) -> None:
        """``call`` is made when it is pressed, at once when it was."""
        with self._lock:
            self._call, pressed = call, self._reason is not None
        if pressed:
            call()

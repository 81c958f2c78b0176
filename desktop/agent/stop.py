"""The stop button of one turn: a flag that can be asked, and calls to make when it is pressed."""

import threading
from collections.abc import Callable

from shared.errors import Cancelled


class Stop:
    """Pressed at most once. Safe to use from any thread."""

    def __init__(self) -> None:
        self._pressed = threading.Event()
        self._lock = threading.Lock()
        self._calls: dict[int, Callable[[], None]] = {}
        self._next = 0

    @property
    def pressed(self) -> bool:
        return self._pressed.is_set()

    def press(self) -> None:
        """Makes the calls, each in a thread of its own: one may have to wait for a network."""
        with self._lock:
            if self._pressed.is_set():
                return
            self._pressed.set()
            calls = list(self._calls.values())
        for call in calls:
            threading.Thread(target=call, name="stop", daemon=True).start()

    def check(self) -> None:
        """Raises Cancelled when the button was pressed."""
        if self.pressed:
            raise Cancelled("Stopped.")

    def when_pressed(self, call: Callable[[], None]) -> Callable[[], None]:
        """``call`` is made when the button is pressed, at once when it was. The answer takes it back."""
        with self._lock:
            number = self._next
            self._next += 1
            self._calls[number] = call
            pressed = self.pressed
        if pressed:
            threading.Thread(target=call, name="stop", daemon=True).start()

        def forget() -> None:
            with self._lock:
                self._calls.pop(number, None)

        return forget

"""A word of the system's own, beside whatever the person is doing: shown, and clicked.

The library is imported with the first one, in a thread of its own: the start must not wait for it.
"""

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_notifier import DesktopNotifier

_log = logging.getLogger(__name__)

_NAME, _ICON = "V-Mart AI Agent", "vmart-agent"
_SHOW_SECONDS = 10.0
_LONGEST_TITLE, _LONGEST_TEXT = 100, 400
# Some systems read a text as markup: what stands in a result must stay text there, and load nothing.
_PLAIN = str.maketrans({"<": "‹", ">": "›", "&": "＆", "\x00": None})


class Notifier:
    """Safe to use from any thread. Where nothing can be shown, nothing is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._library: DesktopNotifier | None = None
        self._closed = False

    def show(
        self,
        title: str,
        text: str,
        *,
        clicked: Callable[[], None] = lambda: None,
        shown: Callable[[], None] = lambda: None,
    ) -> None:
        """Returns at once. ``shown`` hears that the system has taken it, ``clicked`` of the click on it."""
        loop = self._running_loop()
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._show(title, text, clicked, shown), loop)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    def _running_loop(self) -> asyncio.AbstractEventLoop | None:
        with self._lock:
            if self._closed:
                return None
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_run, args=(self._loop,), name="notifications", daemon=True).start()
            return self._loop

    async def _show(
        self, title: str, text: str, clicked: Callable[[], None], shown: Callable[[], None]
    ) -> None:
        taken = asyncio.Event()

        def on_taken() -> None:
            taken.set()
            shown()

        try:
            sending = self._made().send(
                title=_cut(title, _LONGEST_TITLE),
                message=_cut(text, _LONGEST_TEXT),
                on_clicked=clicked,
                on_dispatched=on_taken,
            )
            await asyncio.wait_for(sending, _SHOW_SECONDS)
        except Exception:  # noqa: BLE001 - the edge to a service of the system, which fails in its own ways
            _log.warning("A notification could not be shown.", exc_info=True)
        if not taken.is_set():
            self._library = None  # its line to the service may be broken: the next one makes another

    def _made(self) -> "DesktopNotifier":
        if self._library is None:
            from desktop_notifier import DesktopNotifier, Icon

            icon = Icon(name=_ICON) if sys.platform == "linux" else None
            self._library = DesktopNotifier(app_name=_NAME, app_icon=icon)
        return self._library


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _cut(text: str, longest: int) -> str:
    plain = " ".join(text.translate(_PLAIN).split())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"

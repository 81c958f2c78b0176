"""What the person is told of a question that waited for the backend, when they look elsewhere: a notification
of the system. The window's own word is in waiting.js."""

from collections.abc import Callable

from desktop.agent.queue import QueueNews
from desktop.numbers import grouped
from desktop.store.preferences import PreferenceStore
from desktop.tasks.telling import Notifying

_UNTOLD = ("queued", "stopped")
_ANSWERED = ("answered", "needs_clarification")
_TITLE = "V-Mart AI Agent"
_DISCREET = "A question that waited was asked. Open the window to see what came of it."
_LONGEST_QUESTION = 90


class AnsweredLater:
    """``opened`` is called with the conversation whose notification was clicked. ``is_locked`` hides what
    was asked; while ``is_seen`` the window says it."""

    def __init__(
        self,
        preferences: PreferenceStore,
        notifier: Notifying,
        opened: Callable[[str], None],
        *,
        is_locked: Callable[[], bool],
        is_seen: Callable[[], bool],
    ) -> None:
        self._preferences = preferences
        self._notifier = notifier
        self._opened = opened
        self._is_locked = is_locked
        self._is_seen = is_seen

    def tell(self, news: QueueNews) -> None:
        """Of one that has come to its end."""
        if news.phase != "ended" or news.status in _UNTOLD or self._is_seen():
            return
        chosen = self._preferences.get()
        if not chosen.notifications:
            return
        discreet = self._is_locked() or not chosen.notification_details
        title = _TITLE if discreet else _short(news.question)
        self._notifier.show(
            title,
            _DISCREET if discreet else _words(news),
            clicked=lambda: self._opened(news.conversation_id),
        )


def _words(news: QueueNews) -> str:
    if news.status not in _ANSWERED:
        return "It was asked, and not answered."
    if news.kept_at is None:
        return "It has its answer now."
    if not news.changes:
        return "It was asked again: nothing has changed."
    count = "1 change" if news.changes == 1 else f"{grouped(news.changes)} changes"
    return f"It was asked again: {count}."


def _short(question: str) -> str:
    return question if len(question) <= _LONGEST_QUESTION else question[: _LONGEST_QUESTION - 1] + "…"

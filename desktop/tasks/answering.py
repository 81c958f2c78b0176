"""What a task needs of the rest of the agent: an answer while nobody sits by, and folders to save in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from desktop.store.results import StoredResult

Outcome = Literal["answered", "away", "failed", "stopped"]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """``away``: the backend could not be reached, or the answer came from the cache of this PC; it is worth
    another try. ``failed``: another try would fail the same way. ``message`` says why, to the person.
    ``stood_in``: the built-in analyst answered for a model that was away, and ``message`` says so."""

    status: Outcome
    turn_id: str
    conversation_id: str
    message: str = ""
    result: StoredResult | None = None
    rows: list[list[Any]] = []
    stood_in: bool = False


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """``conversation_id`` None begins the conversation of the task, called ``name``. ``stand_in``: when the
    built-in analyst may answer for a model that is away."""

    name: str
    question: str
    sql: str | None
    connection: str | None
    conversation_id: str | None
    stand_in: Literal["now", "unless_tried_again", "never"] = "now"


class Answering(Protocol):
    def __call__(self, asking: Asking, on_stop: Callable[[Callable[[], None]], None]) -> Answered:
        """Blocks. Hands ``on_stop`` a call that ends it early, the query in the source included."""
        ...


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    path: str


class Folders(Protocol):
    """The folders that the person granted for writing."""

    def list(self) -> list[Folder]: ...

    def keep(
        self, folder_id: str, stem: str, ending: str, data: bytes, claim: Callable[[Path], None]
    ) -> Path:
        """A new file, whole or not at all, never in place of another. ``claim`` hears its path just before
        it appears. Raises an AppError."""
        ...

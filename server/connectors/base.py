"""What a connector is. One package for each kind beside this one; the list of them is in ``__init__``.

Plain blocking code, used by one caller at a time; threads, deadlines and pools are in
server/pools. (``Quick`` is the exception, for what is over before a thread would have begun.) A
driver is imported inside the connector's ``open``, so that the backend starts without it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from shared.errors import AppError
from shared.guard import ReadOnlySql
from shared.results import Result
from shared.wire import Schema

ParamValue = str | int | float | bool | None

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Limits(msgspec.Struct, frozen=True):
    """What one query may use. ``max_rows`` rows are delivered, and ``Result.truncated`` is set when
    there would have been more; past ``timeout_seconds`` the source itself stops the work."""

    max_rows: int
    timeout_seconds: float
    request_id: str = ""
    """Of the call that asks: letters, digits, dots, dashes and underscores. A source that can show it beside
    the running query, and at no cost, does."""

    @property
    def label(self) -> str:
        """``request_id`` when it is as it says, whoever gave it, and otherwise empty: what may stand in a
        statement or a head for the source as it is."""
        return self.request_id if _PLAIN.fullmatch(self.request_id) else ""


@runtime_checkable
class Connector(Protocol):
    """One open connection to a source.

    Every method may raise SourceUnavailable, after which the connection is thrown away.
    """

    def ping(self) -> None:
        """Cheap; proves that the source answers."""
        ...

    def schema(self) -> Schema:
        """Tables and columns that this account can read."""
        ...

    def warnings(self) -> list[str]:
        """What the account can do that it should not, a sentence each; empty when it only reads."""
        ...

    def reset(self) -> bool:
        """Before going back to the pool: undo all session state. False: throw it away."""
        ...

    def close(self) -> None:
        """Never raises."""
        ...


@runtime_checkable
class SqlConnector(Connector, Protocol):
    """A source that speaks SQL."""

    dialect: str
    """sqlglot's name for it."""

    def query(self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits) -> Result:
        """Runs it in a read-only session. Raises QueryFailed, QueryTimeout or QueryCancelled, here
        or from the batches."""
        ...

    def cancel(self) -> None:
        """From another thread: stops the running query inside the source. Never raises, and does
        nothing when none is running."""
        ...


class QuickAnswer(msgspec.Struct, frozen=True):
    """``is_whole``: the batches are here. Otherwise they are read on the connection's thread, as those of
    ``SqlConnector.query``. ``is_clean``: the connection needs no ``reset``."""

    result: Result
    is_whole: bool
    is_clean: bool = False


@runtime_checkable
class Quick(Protocol):
    """A connector that answers some queries from the event loop, without a change of thread.

    Its two methods are called on the event loop, and must never wait.
    """

    def quickly(
        self,
        sql: ReadOnlySql,
        params: Mapping[str, ParamValue],
        limits: Limits,
        ended: Callable[[QuickAnswer | AppError | None], None],
    ) -> bool:
        """False when ``query`` should be called for this one. Otherwise ``ended`` is called later, once: with
        None for the same reason, or with what ``query`` would raise; until then, no other method but
        ``cancel`` is called."""
        ...

    def stop_listening(self) -> None:
        """The answer is given up: the event loop must have nothing more to do with the connection."""
        ...


class Progress(msgspec.Struct, frozen=True):
    """How far a running query has come inside its source: what was read so far, not what was delivered.
    ``percent`` is None when the source does not know how much there is to read."""

    rows: int
    bytes: int
    percent: float | None = None


@runtime_checkable
class Progressing(Protocol):
    """The ability to say how far the running query is."""

    def progress(self) -> Progress | None:
        """From another thread, while ``query`` or its batches run. Cheap, never raises, does not wait for
        the source; None when no query runs or nothing is known yet."""
        ...


@runtime_checkable
class Abortable(Connector, Protocol):
    """A connector whose thread can be freed, whatever it waits for."""

    def abort(self) -> None:
        """From another thread, without waiting: whatever blocks in this connection fails at once. Never
        raises. Only ``close`` is called afterwards."""
        ...


class Entry(msgspec.Struct, frozen=True):
    """A file or folder of a source. ``path`` finds it again, ``media_type`` is what reading it gives, and
    ``size`` None what only reading tells. ``modified_at`` is ISO 8601, or empty."""

    path: str
    folder: bool = False
    media_type: str = ""
    size: int | None = None
    modified_at: str = ""


class Document(msgspec.Struct, frozen=True):
    """A file's content, whole."""

    name: str
    media_type: str
    data: bytes


@runtime_checkable
class FileConnector(Connector, Protocol):
    """A source that holds files. Paths are relative to its root, with ``/`` between their parts, and never
    lead out of it. Each raises NotFound for what is not there."""

    def list(self, path: str, limit: int) -> Sequence[Entry]:
        """What lies in a folder, by name, at most ``limit``; the root is ``""``."""
        ...

    def search(self, text: str, limit: int) -> Sequence[Entry]:
        """Files and folders with ``text`` in their names, or in what the source has indexed."""
        ...

    def read(self, path: str, max_bytes: int) -> Document:
        """Raises TooLarge past ``max_bytes``."""
        ...


class Field(msgspec.Struct, frozen=True):
    """One field of a kind of connection: drives the form, the check and the vault."""

    name: str
    label: str
    type: type = str
    secret: bool = False
    required: bool = True
    default: Any = None
    help: str = ""
    guards_secret: bool = False
    """It says where the secret goes or how it is protected on its way: whoever changes it must give the
    secret again, or could have it sent elsewhere without knowing it."""
    between: tuple[int, int] | None = None
    """The least and the most that a number may be."""


def memory_field(about: str) -> Field:
    """Of a kind whose rows go through the files engine: how much of this machine that may take."""
    return Field(
        "memory_mb",
        "Memory (MB)",
        type=int,
        between=(64, 1_000_000),
        required=False,
        default=1024,
        help=about,
    )


def _no_folder(_params: Mapping[str, Any]) -> Sequence[str]:
    return []


def _host(params: Mapping[str, Any]) -> Sequence[str]:
    return [str(params["host"])] if params.get("host") else []


class Kind(msgspec.Struct, frozen=True):
    """A kind of connection. ``open`` takes checked params (secrets opened) and a connect time-out
    in seconds; it raises SourceUnavailable or DriverMissing."""

    type: str
    label: str
    dialect: str
    fields: tuple[Field, ...]
    open: Callable[[Mapping[str, Any], float], Connector]
    hosts: Callable[[Mapping[str, Any]], Sequence[str]] = _host
    folders: Callable[[Mapping[str, Any]], Sequence[str]] = _no_folder
    """Where checked params would lead. Both may block, and raise InvalidRequest for what leads nowhere."""

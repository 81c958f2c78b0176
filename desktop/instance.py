"""One agent for each home: a lock that ends with its process, and a note of where the first one answers.

The lock is the operating system's, so nothing is left behind by a process that was killed. The note
holds the key to the window's server; only its owner can read it.
"""

import contextlib
import http.client
import os
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import msgspec

from desktop.locking import HELD, take
from shared.errors import Conflict
from shared.paths import private_folder

_WAIT_SECONDS = 30.0
_ANSWER_SECONDS = 5.0


class Place(msgspec.Struct, frozen=True):
    """Where the first one answers. ``link`` opens its window's page in a browser; it holds the key, so it is
    for a person to read, and never a part of a command line."""

    pid: int
    link: str
    token: str


class Shown(msgspec.Struct, frozen=True):
    """Whether the first one has a ``window``, which is in front now; otherwise ``link`` opens its page in a
    browser, once."""

    window: bool
    link: str = ""


class Instance:
    """Use ``with``. ``take`` says whether this process is the one of its home."""

    def __init__(self, home: Path) -> None:
        folder = private_folder(home / "agent")
        folder.chmod(0o700)  # an earlier version had left it open
        self._lock = folder / "running.lock"
        self._note = folder / "running.json"
        self._held: int | None = None

    def __enter__(self) -> "Instance":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        held, self._held = self._held, None
        if held is not None:
            with contextlib.suppress(OSError):
                self._note.unlink(missing_ok=True)
            os.close(held)

    def take(self) -> bool:
        opened = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            take(opened)
        except OSError as error:
            if error.errno in HELD:
                os.close(opened)
                return False
            # a file system without locks: two windows are better than none
        self._held = opened
        self._note.unlink(missing_ok=True)  # of one that was killed
        return True

    def announce(self, place: Place) -> None:
        """Tells later starts where this one answers."""
        beside = self._note.with_suffix(f".{os.getpid()}.new")
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(msgspec.json.encode(place))
        beside.replace(self._note)

    def find_first(self) -> tuple[Place, Shown] | None:
        """The one that runs already, asked to show itself, and how it did. None when it has ended
        meanwhile: then this process is the one. Raises Conflict when it runs and does not answer."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            if self.take():
                return None
            place = self._read()
            if place is not None:
                shown = _bring_forward(place)
                if shown is not None:
                    return place, shown
            if time.monotonic() > deadline:
                which = f" (process {place.pid})" if place else ""
                raise Conflict(
                    f"V-Mart AI Agent runs already{which}, but does not answer. End it, then start it again."
                )
            time.sleep(0.2)

    def _read(self) -> Place | None:
        try:
            return msgspec.json.decode(self._note.read_bytes(), type=Place)
        except (OSError, msgspec.DecodeError):
            return None


def hand_over(place: Place, link: str) -> None:
    """Gives a connect link to the one that runs already. Raises Conflict when it does not take it."""
    try:
        status, _ = _asked(place, "/api/window/link", msgspec.json.encode({"link": link}))
    except (OSError, http.client.HTTPException):
        status = 0
    if status != 202:
        raise Conflict(
            "V-Mart AI Agent runs already, and does not take the link. End it, then open the link again."
        )


def _bring_forward(place: Place) -> Shown | None:
    """None when nobody answers there."""
    try:
        status, data = _asked(place, "/api/window/front", b"{}")
        if status == 404:  # an older version, which cannot come forward
            return Shown(window=False)
        return msgspec.json.decode(data, type=Shown) if status == 200 else None
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return None


def _asked(place: Place, path: str, body: bytes) -> tuple[int, bytes]:
    address = urlsplit(place.link)
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=_ANSWER_SECONDS)
    headers = {"Authorization": f"Bearer {place.token}", "Content-Type": "application/json"}
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(10_000)
    finally:
        connection.close()

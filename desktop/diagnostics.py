"""A bundle for whoever helps: what runs where, its settings, what the log and a test of the backend say.

No secret, no conversation, no question, no name of a file or a person is in it; see redaction. It is shown
before it is saved, and what is saved is what was shown.
"""

import getpass
import io
import os
import platform
import socket
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import msgspec

from desktop import settings_file
from desktop.address import address_of
from desktop.configuration import SECRETS, every_key, value_of
from desktop.probe import probe
from desktop.redaction import Redaction, secrets_in, secrets_of_address
from desktop.store.sizes import row_counts
from shared.errors import AppError, SettingsInvalid
from shared.settings import AgentSettings, BackendSection

_LOG_BYTES = 256 * 1024
_KNOWN = ("agent.db", "results", "cache", "vendor", "people")
_PACKAGES = ("bottle", "msgspec", "requests", "urllib3", "truststore", "duckdb", "pywebview", "google-genai")
_ADDRESSES = ("backend.url", "gemini.base_url", "openai.base_url")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
NAME = "vmart-agent-diagnostics.zip"


class Part(msgspec.Struct, frozen=True):
    """One file of the bundle, as it will stand in it."""

    name: str
    text: str


class Diagnostics:
    """``folder`` is the person's, ``file`` the settings file, whether it is there or not; ``backend`` tells
    which one the person has, when that is not the file's."""

    def __init__(
        self,
        version: str,
        home: Path,
        folder: Path,
        file: Path,
        backend: Callable[[], BackendSection] | None = None,
    ) -> None:
        self._version = version
        self._home = home
        self._folder = folder
        self._file = file
        self._backend = backend
        self._lock = threading.Lock()
        self._newest: list[Part] = []

    def make(self) -> list[Part]:
        """Looks at everything now; takes some seconds when the backend does not answer."""
        settings, trouble = self._settings()
        secrets = _secrets(settings, os.environ)
        if self._backend is not None:
            settings = msgspec.structs.replace(settings, backend=self._backend())
        redaction = Redaction(secrets | _secrets(settings, {}))
        clean = redaction.text
        made = [
            Part("about.txt", clean(_about(self._version))),
            Part("settings.txt", clean(_told_settings(settings, trouble, redaction))),
            Part("backend.txt", clean("\n".join(_told_backend(settings, redaction)) + "\n")),
            Part("kept.txt", clean("\n".join(self._told_sizes()) + "\n")),
            Part("log.txt", redaction.log(self._log(settings)) + "\n"),
        ]
        made = [Part(part.name, _without_person(part.text)) for part in made]
        with self._lock:
            self._newest = made
        return made

    def bundle(self) -> bytes:
        """What was made last, as a zip file; made now when nothing was."""
        with self._lock:
            parts = self._newest
        return zipped(parts or self.make())

    def _settings(self) -> tuple[AgentSettings, str]:
        try:
            there = self._file if self._file.exists() else None
            return settings_file.load(there, self._file.parent), ""
        except SettingsInvalid:
            return AgentSettings(), "The settings file cannot be used; these are the usual values."

    def _log(self, settings: AgentSettings) -> str:
        file = Path(settings.logging.file or self._home / "agent" / "agent.log")
        try:
            with file.open("rb") as opened:
                opened.seek(0, os.SEEK_END)
                opened.seek(max(0, opened.tell() - _LOG_BYTES))
                return opened.read().decode("utf-8", "replace")
        except OSError:
            return ""

    def _told_sizes(self) -> Iterator[str]:
        for where in (self._home / "agent", self._folder):
            yield "the program's folder" if where == self._home / "agent" else "the person's folder"
            for name in _KNOWN:
                files, size = _size(where / name)
                if files:
                    yield f"  {name}: {files} files, {size:,} bytes"
        yield "rows"
        for table, count in row_counts(self._folder / "agent.db").items():
            yield f"  {table}: {count:,}"


def zipped(parts: list[Part]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            archive.writestr(part.name, part.text)
    return out.getvalue()


def _secrets(settings: AgentSettings, environ: Mapping[str, str]) -> set[str]:
    found = secrets_in(environ)
    for name, _ in every_key():
        value = value_of(settings, name)
        if isinstance(value, str):
            found |= {value} if name in SECRETS else secrets_of_address(value)
    return found


def _about(version: str) -> str:
    lines = [
        f"V-Mart AI Agent {version}",
        f"made at {datetime.now(UTC).isoformat(timespec='seconds')}",
        f"installed program: {'yes' if getattr(sys, 'frozen', False) else 'no'}",
        f"system: {platform.system()} {platform.release()}, {platform.machine()}",
        f"python: {platform.python_version()}",
    ]
    for name in _PACKAGES:
        try:
            lines.append(f"{name}: {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return "\n".join(lines) + "\n"


def _told_settings(settings: AgentSettings, trouble: str, redaction: Redaction) -> str:
    lines = [trouble] if trouble else []
    for name, kind in every_key():
        value = value_of(settings, name)
        if kind == "secret" or name == "logging.file":
            lines.append(f"{name} is {'set' if value else 'not set'}")
        elif name in _ADDRESSES:
            lines.append(f"{name}: {redaction.address(str(value)) if value else '-'}")
        else:
            lines.append(f"{name}: {value}")
    for name in _PROXIES:
        proxy = os.environ.get(name)
        if not proxy:
            continue
        lines.append(f"${name}: {'set' if name.lower() == 'no_proxy' else redaction.address(proxy)}")
    return "\n".join(lines) + "\n"


def _told_backend(settings: AgentSettings, redaction: Redaction) -> Iterator[str]:
    if not settings.backend.url:
        yield "No backend is in the settings; the demo, or none, is used."
        return
    try:
        address = address_of(settings.backend.url)
        for step in probe(settings.backend, address, plain_allowed=False):
            says = redaction.address(settings.backend.url) if step.step == "address" else step.says
            yield f"{step.state:8}{step.step:12}{says}"
    except AppError as error:
        yield f"failed  {error.message}"


def _size(path: Path) -> tuple[int, int]:
    if path.is_file():
        return 1, path.stat().st_size
    files = size = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                size += (Path(folder) / name).lstat().st_size
            except OSError:
                continue
            files += 1
    return files, size


def _without_person(text: str) -> str:
    """Their home, their account and the name of their machine."""
    names = {str(Path.home()): "~"}
    try:
        names[getpass.getuser()] = "(account)"
        names[socket.gethostname()] = "(this computer)"
    except (OSError, KeyError):
        pass
    for name, shown in sorted(names.items(), key=lambda pair: -len(pair[0])):
        if len(name) >= 5:
            text = text.replace(name, shown)
    return text

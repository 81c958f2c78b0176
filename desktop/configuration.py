"""Every key of the settings file as the window shows and changes it. How the text is changed: settings_edit.

A secret goes in and never comes out. A value that a variable gives is shown as the variable, and replaced
only when that is said.
"""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from desktop import settings_edit, settings_file
from desktop.redaction import is_secret_name
from desktop.settings_edit import Value
from shared import settings
from shared.errors import Conflict, InvalidRequest, SettingsInvalid
from shared.logs import FORMATS, masked
from shared.settings import AgentSettings, BackendSection

Kind = Literal["text", "whole", "number", "switch", "choice", "secret"]

SECRETS = frozenset({"backend.api_key", "google_oauth.client_secret", "gemini.api_key", "openai.api_key"})
CHOICES = {
    "gemini.sdk": ("google-genai", "google-generativeai"),
    "logging.level": ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
    "logging.format": FORMATS,
}
_LEAST = {
    "chatbot.port": 0,
    "chatbot.session_timeout": 0,
    "backend.retry_attempts": 0,
    "backend.cache_ttl": 0,
    "backend.timeout": 0.1,
    "gemini.timeout": 0.1,
    "openai.timeout": 0.1,
    "logging.max_size_mb": 1,
}
_MOST = {"chatbot.port": 65_535, "backend.retry_attempts": 20, "logging.max_size_mb": 100_000}
_TESTED = ("backend.url", "backend.api_key")
"""These two are changed by connecting, where they are tested before they are kept."""
_VARIABLE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)(:[^}]*)?\}")
_LONGEST = 4_000


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """``value`` is what the file gives now, None of a secret; ``variable`` the text in the file when that
    takes it from elsewhere. ``restart``: it differs from what this program runs with."""

    name: str
    kind: Kind
    value: Value | None
    is_set: bool
    default: Value | None
    variable: str = ""
    choices: tuple[str, ...] = ()
    restart: bool = False
    tested: bool = False


class Configuration:
    """``running`` is what this program was started with; ``on_backend`` takes a changed section over at once,
    so nothing of it waits for a restart."""

    def __init__(
        self, file: Path, running: AgentSettings, on_backend: Callable[[BackendSection], None]
    ) -> None:
        self._file = file
        self._running = running
        self._on_backend = on_backend
        self._lock = threading.Lock()

    def settings(self) -> list[Setting]:
        """In the order of the structs. Raises SettingsInvalid when the file cannot be used."""
        now, written = self._read()
        return [self._setting(name, kind, now, written) for name, kind in every_key()]

    def change(self, name: str, value: Value | None, *, replace_variable: bool = False) -> Setting:
        """None takes it out of the file. Raises SettingsInvalid, InvalidRequest, or Conflict when a variable
        would be overwritten unsaid."""
        kinds = dict(every_key())
        if name not in kinds:
            raise InvalidRequest(f"There is no setting called {name[:60]!r}.")
        if name in _TESTED:
            raise InvalidRequest("The backend is changed where it is tested: Settings, Connection.")
        with self._lock:
            _, written = self._read()
            if _variable_in(written.get(name)) and not replace_variable:
                raise Conflict(
                    f"{name} is given by {written[name]}. Say that it is to be replaced, or change it there."
                )
            fitting = None if value is None else _fitting(name, kinds[name], value)
            kept = settings_edit.change(self._file, {name: fitting})
            if name.startswith("backend."):
                self._on_backend(kept.backend)
            now, written = self._read()
        return self._setting(name, kinds[name], now, written)

    def _read(self) -> tuple[AgentSettings, dict[str, Any]]:
        now = settings_file.load(self._file if self._file.exists() else None, self._file.parent)
        try:
            text = self._file.read_text(encoding="utf-8-sig") if self._file.exists() else None
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsInvalid(f"The settings file {self._file} cannot be read.") from error
        tree = settings.tree_of(settings_file.WITHOUT_FILE if text is None else text, source=str(self._file))
        sections = tree.items() if isinstance(tree, dict) else ()
        return now, {
            f"{section}.{key}": value
            for section, inside in sections
            if isinstance(inside, dict)
            for key, value in inside.items()
        }

    def _setting(self, name: str, kind: Kind, now: AgentSettings, written: dict[str, Any]) -> Setting:
        value, default = value_of(now, name), value_of(AgentSettings(), name)
        variable = str(written[name]) if _variable_in(written.get(name)) else ""
        shown = masked(value) if isinstance(value, str) else value
        return Setting(
            name=name,
            kind=kind,
            value=None if kind == "secret" else shown,
            is_set=value != "" if kind == "secret" else name in written,
            default=None if kind == "secret" else default,
            variable=masked(variable) if kind != "secret" else _names_only(variable),
            choices=CHOICES.get(name, ()),
            restart=not name.startswith("backend.") and value != value_of(self._running, name),
            tested=name in _TESTED,
        )


def every_key() -> Iterator[tuple[str, Kind]]:
    """``chatbot.port`` and so on, from the structs themselves: none can be forgotten."""
    for section in msgspec.structs.fields(AgentSettings):
        for field in msgspec.structs.fields(section.type):
            name = f"{section.name}.{field.name}"
            yield name, _kind(name, field.type)


def value_of(settings: AgentSettings, name: str) -> Value:
    section, _, key = name.partition(".")
    found: Value = getattr(getattr(settings, section), key)
    return found


def _kind(name: str, declared: object) -> Kind:
    type_ = getattr(declared, "__origin__", declared)  # with a bound it is Annotated
    if name in SECRETS:
        return "secret"
    if name in CHOICES:
        return "choice"
    kinds: dict[object, Kind] = {bool: "switch", int: "whole", float: "number", str: "text"}
    return kinds[type_]


def _variable_in(written: object) -> bool:
    return isinstance(written, str) and _VARIABLE.search(written) is not None


def _names_only(variable: str) -> str:
    """Without the default that may stand in it: it may be the secret itself."""
    return ", ".join(f"${{{found[1]}}}" for found in _VARIABLE.finditer(variable))


def _number(name: str, kind: Kind, text: str) -> float:
    """As it was typed; its bounds are looked at like any other's."""
    try:
        return int(text) if kind == "whole" else float(text)
    except ValueError:
        raise InvalidRequest(f"{name}: {text[:60]!r} is no number. Correct the value.") from None


def _refuse_to_fetch(name: str, kind: Kind, found: re.Match[str]) -> None:
    """What is set here is shown here: no way may lead so to any file, or to a secret of the environment."""
    if found[1] == "file" and found[2]:
        raise InvalidRequest(f"{name}: a file is named in the settings file itself, not from here.")
    if kind != "secret" and is_secret_name(found[1]):
        raise InvalidRequest(
            f"{name} is shown, and {found[1]} is called like a secret. Use another variable."
        )


def _fitting(name: str, kind: Kind, value: Value) -> Value:
    """As it goes into the file. Raises InvalidRequest."""
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _LONGEST or not text.isprintable():
            raise InvalidRequest(f"{name}: this is no text on one line. Correct the value.")
        if found := _VARIABLE.fullmatch(text):
            _refuse_to_fetch(name, kind, found)
            return text
        if kind == "choice" and text not in CHOICES[name]:
            raise InvalidRequest(f"{name} is one of {', '.join(CHOICES[name])}. Correct the value.")
        if kind not in ("whole", "number"):
            return text.replace("${", "$${")
        value = _number(name, kind, text)
    if isinstance(value, bool):
        return value
    least, most = _LEAST.get(name), _MOST.get(name)
    if value != value or abs(value) > 1e9 or (least is not None and value < least):  # noqa: PLR0124 - NaN
        raise InvalidRequest(f"{name}: {value} is too small or too large. Correct the value.")
    if most is not None and value > most:
        raise InvalidRequest(f"{name} is {most:,} at most. Correct the value.")
    return value

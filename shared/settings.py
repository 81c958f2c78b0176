"""The two settings files as structs: YAML with ``${VAR}``, strict. What a setting does is not here.

Grammar of a value: ``${VAR}`` must be set, ``${VAR:default}`` need not be, ``${file:/run/secrets/name}`` is
the content of a file, and ``$${`` a plain ``${``. Substitution happens in the parsed values, never in the
text of the settings, so the content of a variable or a file can not add keys.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from shared.errors import SettingsInvalid


class _Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    pass


# -- chatbot_config.yaml ------------------------------------------------------------------


class ChatbotSection(_Section, frozen=True):
    port: int = 8000
    session_timeout: int = 3600


class BackendSection(_Section, frozen=True):
    """Where the agent finds its backend. Without ``url`` it offers the demo."""

    url: str = ""
    api_key: str = ""
    timeout: float = 30
    retry_attempts: int = 3
    cache_ttl: int = 300
    verify_tls: bool = True


class GoogleOAuthSection(_Section, frozen=True):
    client_id: str = ""
    client_secret: str = ""


class GeminiSection(_Section, frozen=True):
    """``sdk`` chooses Google's package; ``base_url`` a proxy, or a test server."""

    api_key: str = ""
    model: str = "gemini-3-flash-preview"
    sdk: str = "google-genai"
    base_url: str = ""
    timeout: float = 60


class OpenAiSection(_Section, frozen=True):
    """A model on the LAN that speaks the OpenAI protocol; used when ``base_url`` is set."""

    base_url: str = ""
    api_key: str = ""
    model: str = ""
    timeout: float = 60


class LoggingSection(_Section, frozen=True):
    level: str = "INFO"
    file: str = ""
    max_size_mb: int = 100


class AgentSettings(_Section, frozen=True):
    """chatbot_config.yaml"""

    chatbot: ChatbotSection = ChatbotSection()
    backend: BackendSection = BackendSection()
    google_oauth: GoogleOAuthSection = GoogleOAuthSection()
    gemini: GeminiSection = GeminiSection()
    openai: OpenAiSection = OpenAiSection()
    logging: LoggingSection = LoggingSection()


# -- backend_config.yaml ------------------------------------------------------------------


class ServerSection(_Section, frozen=True):
    """TLS when ``ssl_cert`` is set; with ``client_ca`` callers must show a certificate of that authority.

    ``workers`` is the number of processes that serve."""

    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = 1
    ssl_cert: str = ""
    ssl_key: str = ""
    client_ca: str = ""


class SecuritySection(_Section, frozen=True):
    """``rate_limit`` is ``"100/hour"`` style per key, empty for none; ``allowed_ips`` empty for all."""

    api_keys_file: str = ""
    rate_limit: str = ""
    allowed_ips: list[str] = []
    trusted_proxies: list[str] = []
    max_body_mb: int = 16


class DatabaseSection(_Section, frozen=True):
    """Per connection; the times are seconds. ``max_rows`` is what one answer may hold at most. ``cache_mb``
    bounds the answers that one process keeps, of all connections together.

    ``max_waiting`` callers may stand in line for a connection; a connection is closed when it was idle for
    ``idle_timeout``, or older than ``max_age``."""

    max_connections: int = 20
    max_waiting: int = 1_000
    connection_timeout: float = 30
    query_timeout: float = 300
    idle_timeout: float = 300
    max_age: float = 3_600
    max_rows: int = 10_000_000
    default_rows: int = 1_000
    cache_mb: int = 64


class JoinsSection(_Section, frozen=True):
    """Queries across connections: ``max_running`` at a time in each process, each with ``memory_mb`` and, for
    what does not fit, ``disk_mb``; ``max_rows`` is what one table may give to one."""

    max_rows: int = 5_000_000
    memory_mb: int = 1024
    disk_mb: int = 4096
    max_running: int = 2


class JobsSection(_Section, frozen=True):
    """Long queries. ``timeout`` in seconds; ``max_running`` at a time, the rest waits; ``max_mb`` is what one
    result may hold, ``total_mb`` all that are kept; ``keep_hours`` after its end a result is deleted."""

    timeout: float = 3600
    max_running: int = 4
    max_mb: int = 4096
    total_mb: int = 20480
    keep_hours: float = 24


class StoreSection(_Section, frozen=True):
    """``url`` is SQLAlchemy's; empty means SQLite in our own folder."""

    url: str = ""


class BackendSettings(_Section, frozen=True):
    """backend_config.yaml"""

    server: ServerSection = ServerSection()
    security: SecuritySection = SecuritySection()
    database: DatabaseSection = DatabaseSection()
    joins: JoinsSection = JoinsSection()
    jobs: JobsSection = JobsSection()
    logging: LoggingSection = LoggingSection()
    store: StoreSection = StoreSection()


S = TypeVar("S", AgentSettings, BackendSettings)

_VARIABLE = re.compile(
    r"\$\$\{|\$\{file:(?P<file>[^}]*)\}|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<default>[^}]*))?\}"
)
_LARGEST_SECRET = 64 * 1024


def load(file: Path, kind: type[S], environ: Mapping[str, str] | None = None) -> S:
    """The settings in ``file``; raises SettingsInvalid naming file, key and remedy."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsInvalid(
            f"There is no settings file at {file}. Create it, or leave out --config."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsInvalid(f"The settings file {file} cannot be read: {reason}.") from error
    return parse(text, kind, source=str(file), environ=os.environ if environ is None else environ)


def parse(text: str, kind: type[S], *, source: str, environ: Mapping[str, str]) -> S:
    """The settings in a YAML text; ``source`` is what error sentences call it."""
    tree = tree_of(text, source=source)
    filled = _filled({} if tree is None else tree, source=source, path="", environ=environ)
    try:
        return msgspec.convert(filled, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(_sentence(str(error), source)) from error


def tree_of(text: str, *, source: str) -> object:
    """What a YAML text says, with its variables still in it. Raises SettingsInvalid."""
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - it is a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise SettingsInvalid(f"{source}: {problem}{where}. Correct the YAML there.") from error
    except (ValueError, LookupError, AttributeError, RecursionError) as error:
        # what PyYAML lets through for values such as 2026-99-99, and for very deep nests
        raise SettingsInvalid(
            f"{source}: a value is not what YAML takes it for. Put it in quotes."
        ) from error


class _StrictLoader(yaml.SafeLoader):
    """A SafeLoader that refuses a key written twice, since one of the two would be lost in silence,
    and references (``*name``), which can blow a file up or never end."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "a reference such as *name is not used here", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str):
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key!r} stands there twice", key_node.start_mark
                    )
                seen.add(key)
        return super().construct_mapping(node, deep)


def _filled(value: object, *, source: str, path: str, environ: Mapping[str, str]) -> object:
    match value:
        case str():
            return _substituted(value, source=source, path=path, environ=environ)
        case dict():
            return {
                key: _filled(item, source=source, path=f"{path}.{key}".lstrip("."), environ=environ)
                for key, item in value.items()
            }
        case list():
            return [
                _filled(item, source=source, path=f"{path}[{i}]", environ=environ)
                for i, item in enumerate(value)
            ]
        case _:
            return value


def _substituted(text: str, *, source: str, path: str, environ: Mapping[str, str]) -> str:
    def value_of(found: re.Match[str]) -> str:
        name, default = found["name"], found["default"]
        if found["file"] is not None:
            return _content(found["file"].strip(), f"{source}: {path}")
        if name is None:
            return "${"
        if name in environ:
            return environ[name]
        if default is not None:
            return default
        raise SettingsInvalid(
            f"{source}: {path} needs the environment variable {name}, which is not set. "
            f"Set it, or write ${{{name}:default}}."
        )

    return _VARIABLE.sub(value_of, text)


def _content(file: str, where: str) -> str:
    """What stands in the file of a ``${file:…}``, without the line break at its end. No error repeats it."""
    takes = f"{where} takes its value from the file {file!r}"
    if not Path(file).is_absolute():
        raise SettingsInvalid(f"{takes}. Write its whole path, like ${{file:/run/secrets/name}}.")
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(_LARGEST_SECRET + 1)
        if len(content) > _LARGEST_SECRET:
            raise SettingsInvalid(f"{takes}, which is too large. Correct the file.")
        text = content.decode()
    except FileNotFoundError as error:
        raise SettingsInvalid(f"{takes}, which is not there. Put it there, or correct the path.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsInvalid(f"{takes}, which cannot be read: {reason}.") from error
    if not text.strip():
        raise SettingsInvalid(f"{takes}, which is empty. Correct the file.")
    return text.rstrip("\r\n")


def _sentence(problem: str, source: str) -> str:
    """msgspec says ``Object contains unknown field `x` - at `$.server` ``; we say where and what to do."""
    what, _, where = problem.partition(" - at ")
    key = where.strip("`").removeprefix("$").lstrip(".") or "the top level"
    unknown = re.search(r"unknown field `(.+?)`", what)
    if unknown:
        return f"{source}: {key} has no setting called {unknown[1]!r}. Remove it or correct its spelling."
    return f"{source}: {key}: {what[:1].lower()}{what[1:]}. Correct the value."

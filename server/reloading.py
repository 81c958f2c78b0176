"""SIGHUP: settings and certificates read again while serving goes on. What a setting does is not here.

All or nothing: a file that is broken leaves everything as it was.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from pathlib import Path

import msgspec

from server.access.provisioned import provisioned_by
from server.certificates import tls
from server.reporting import Reporting
from server.serving import Serving
from server.store.keys import KeyRow
from shared import logs
from shared.errors import AppError
from shared.paths import home
from shared.settings import BackendSettings, LoggingSection

_log = logging.getLogger(__name__)

_TLS = (
    "server.ssl_cert",
    "server.ssl_key",
    "security.client_ca",
    "security.client_certificates",
    "security.client_users",
)

AT_ONCE = frozenset(
    {
        *_TLS,
        "security.connection_hosts",
        "security.connection_folders",
        "security.api_keys_file",
        "security.rate_limit",
        "security.rate_limit_per_address",
        "security.allowed_ips",
        "security.trusted_proxies",
        "database.query_timeout",
        "database.max_rows",
        "database.default_rows",
        "jobs.timeout",
        "jobs.max_mb",
        "jobs.total_mb",
        "jobs.keep_hours",
        "audit.keep_days",
        "metrics.allowed_ips",
        "logging.level",
        "logging.file",
        "logging.format",
        "logging.max_size_mb",
    }
)
"""What takes effect without a restart; every other setting is named when it changed."""


class Change(msgspec.Struct, frozen=True):
    """``settings`` has what can be taken over; ``later`` names what waits for the next start."""

    settings: BackendSettings
    now: tuple[str, ...]
    later: tuple[str, ...]


def compare(old: BackendSettings, new: BackendSettings) -> Change:
    """What changed, and what of it can be in force at once."""
    at_once = AT_ONCE
    if bool(old.server.ssl_cert) != bool(new.server.ssl_cert):
        at_once = at_once.difference(_TLS)  # a socket speaks TLS from its first byte, or never
    now: list[str] = []
    later: list[str] = []
    for section in BackendSettings.__struct_fields__:
        was, wanted = getattr(old, section), getattr(new, section)
        for field in was.__struct_fields__:
            if getattr(was, field) == getattr(wanted, field):
                continue
            name = f"{section}.{field}"
            if name not in at_once:
                later.append(name)
                continue
            now.append(name)
            part = msgspec.structs.replace(getattr(old, section), **{field: getattr(wanted, field)})
            old = msgspec.structs.replace(old, **{section: part})
    return Change(old, tuple(now), tuple(later))


def log_to(section: LoggingSection) -> None:
    """As the settings say; a file is opened anew, so that it may have been moved away."""
    logs.set_up(
        level=section.level,
        file=Path(section.file) if section.file else None,
        max_size_mb=section.max_size_mb,
        format=section.format,
    )


class Reloading:
    """``read`` gives the settings that the file has now, checked, or raises AppError."""

    def __init__(self, serving: Serving, read: Callable[[], BackendSettings], reporting: Reporting) -> None:
        self._serving = serving
        self._read = read
        self._reporting = reporting
        self._asked = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def ask(self) -> None:
        """From a signal handler, also before :meth:`run`. Asked twice while one runs, it runs once more."""
        if self._loop is None:
            self._asked.set()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._asked.set)

    async def run(self) -> None:
        """Until it is cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            await self._asked.wait()
            self._asked.clear()
            self._reporting.reloading()
            trouble = ""
            try:
                await self._reload()
            except (AppError, OSError) as error:
                trouble = logs.masked(str(error))
                _log.error("The settings stay as they were: %s", error)
            except Exception:  # noqa: BLE001 - serving goes on, whatever was in the file
                trouble = "something unexpected, see the log"
                _log.exception("The settings stay as they were")
            self._reporting.reloaded(trouble)

    async def _reload(self) -> None:
        change, context, provisioned = await asyncio.to_thread(self._prepared)
        log_to(change.settings.logging)
        await asyncio.to_thread(self._serving.backend.keyring.provision, provisioned)
        self._serving.take_over(change.settings, context)
        _log.info("Read the settings and certificates again: %s", _listed(change.now) or "no setting changed")
        if change.later:
            _log.warning("Changed too, but in force only from the next start on: %s", _listed(change.later))

    def _prepared(self) -> tuple[Change, ssl.SSLContext | None, tuple[KeyRow, ...]]:
        """Everything that can fail, before anything changes."""
        change = compare(self._serving.backend.settings, self._read())
        return change, tls(change.settings), provisioned_by(change.settings, home())


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)

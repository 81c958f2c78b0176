"""One backend behind HTTP: Sanic's app, its socket, its watch over what others change, its end."""

import asyncio
import contextlib
import logging
import secrets
import socket
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.application.state import ApplicationServerInfo
from sanic.http.constants import HTTP
from sanic.server import AsyncioServer
from sanic.server.protocols.http_protocol import HttpProtocol

from server.address import url_of
from server.api.call import Backend
from server.api.dispatch import Dispatch, Handle
from server.api.edge import EdgeProtocol, StrictRequest
from server.api.outside_routes import OutsideRoutes
from server.api.routes import ROUTES
from server.app import allowlist_of, build, rates_of, reach_of, scrapers_of
from server.certificates import RenewableContext, Watched, tls
from server.connectors import KINDS
from server.connectors.base import Kind
from server.siblings import Message, Order, Place
from shared.errors import SettingsInvalid, VaultClosed
from shared.settings import BackendSettings, DatabaseSection

_log = logging.getLogger(__name__)

_WATCH_SECONDS = 0.5
"""How soon a key or a connection that another process changed is seen here."""

_DRAIN_SECONDS = 20.0
_LAST_WORDS_SECONDS = 3.0
_LAST_LINES_SECONDS = 5.0
"""For the lines of the audit trail of what was cut off."""
_IDLE_SECONDS = 120


def create_app(backend: Backend) -> Sanic[Any, Any]:
    """The HTTP face of a backend."""
    app: Sanic[Any, Any] = Sanic(
        f"vmart_{secrets.token_hex(4)}", configure_logging=False, request_class=StrictRequest
    )
    app.config.update(
        {
            "MOTD": False,
            "ACCESS_LOG": False,
            "AUTO_EXTEND": False,
            "KEEP_ALIVE_TIMEOUT": _IDLE_SECONDS,
            "REQUEST_TIMEOUT": backend.settings.server.request_timeout,
            "RESPONSE_TIMEOUT": _response_timeout(backend.settings.database),
            "REQUEST_MAX_SIZE": backend.settings.security.max_body_mb * 1024 * 1024,
            # It takes unused hooks out of Sanic's classes, for the whole process, and so only once.
            "TOUCHUP": not getattr(HttpProtocol, "__touched__", False),
        }
    )
    app.state.server_info.append(ApplicationServerInfo({"version": HTTP.VERSION_1}))  # no Alt-Svc header
    dispatch = Dispatch(backend)
    app.error_handler = OutsideRoutes(backend.monitoring.requests)
    app.ctx.lean = {}
    for route in ROUTES:
        handle = dispatch.around(route)
        if "<" not in route.path:
            app.ctx.lean[f"{route.method} {route.path} HTTP/1.1"] = handle, route.at_once
        app.add_route(
            _for_sanic(handle),
            route.path,
            methods=[route.method],
            name=f"{route.method.lower()}_{route.action.replace('.', '_')}",
            stream=True,  # the body is read by dispatch, when the caller is known
            error_format="json",  # else Sanic reads and parses its handler's source, for each route
        )
    return app


def _for_sanic(handle: Handle) -> Any:
    async def answer(request: Request, **path: str) -> HTTPResponse | None:
        response = await handle(request, **path)
        return None if response is None else response.for_sanic()

    return answer


def _response_timeout(section: DatabaseSection) -> float:
    """Longer than any query may take: Sanic's own limit is for what hangs."""
    return section.query_timeout + section.connection_timeout + 30


def _handshake(context: ssl.SSLContext | None, settings: BackendSettings) -> dict[str, float]:
    return {} if context is None else {"ssl_handshake_timeout": settings.server.request_timeout}


class Serving:
    """One backend on one socket, until it is told to stop."""

    def __init__(
        self,
        settings: BackendSettings,
        home: Path,
        sock: socket.socket,
        kinds: Mapping[str, Kind] = KINDS,
        place: Place | None = None,
    ) -> None:
        context = tls(settings)
        self._tls = None if context is None else RenewableContext(context)
        self._certificates = Watched(settings)
        self._key_trouble = ""
        self._sock = sock
        self._state, self.backend = build(settings, home, kinds, place)
        self._app: Sanic[Any, Any] | None = None
        self._server: AsyncioServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.drain_seconds = _DRAIN_SECONDS
        """How long what runs may go on when it is told to stop."""
        self._told_to_stop = False
        self._stopping = asyncio.Event()

    @property
    def url(self) -> str:
        return url_of(self.backend.settings.server, self._sock)

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Serves until :meth:`stop`, then lets running calls end, for a while."""
        self._loop = asyncio.get_running_loop()
        if self._told_to_stop:
            self._stopping.set()
        logging.getLogger("sanic").setLevel(logging.WARNING)
        app = self._app = create_app(self.backend)
        try:
            server = await app.create_server(
                sock=self._sock,
                ssl=self._tls,
                protocol=EdgeProtocol,
                asyncio_server_kwargs={
                    "start_serving": False,
                    **_handshake(self._tls, self.backend.settings),
                },
            )
            if server is None:
                raise RuntimeError("Sanic gave no server.")
            self._server = server
            await server.startup()  # type: ignore[no-untyped-call]
            await server.start_serving()  # type: ignore[no-untyped-call]
            watching = self._loop.create_task(self._watch())
            tending = self._loop.create_task(self.backend.jobs.tend())
            self.backend.siblings.listen(self._do_for_a_sibling)
            on_ready()
            await self._stopping.wait()
            await self._drain(server)
            self.backend.siblings.close()
            watching.cancel()
            tending.cancel()
        finally:
            Sanic.unregister_app(app)
            await self.backend.jobs.close()
            self.backend.queries.close()
            self.backend.accounts.close()
            self.backend.connections.close()
            await asyncio.to_thread(self.backend.audit.close)
            if self.backend.tracer is not None:
                await asyncio.to_thread(self.backend.tracer.close)
            with contextlib.suppress(Exception):  # a state that is away: who was last is not worth more
                await asyncio.to_thread(self.backend.keyring.write_last_used)
            self._state.close()

    def stop(self) -> None:
        """From any thread or a signal, also before :meth:`run`."""
        self._told_to_stop = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def until_told_to_stop(self) -> None:
        await self._stopping.wait()

    async def read_state(self) -> None:
        """Raises whatever a state that cannot be read raises."""
        await asyncio.to_thread(self._state.version_of, "access")

    def take_over(self, settings: BackendSettings, context: ssl.SSLContext | None) -> None:
        """What can change while serving goes on; on the event loop, from the next call on. The settings
        were checked; what they say about the address, the state and the pools must be what it was."""
        security = settings.security
        (by_key, by_address), allowlist = rates_of(security), allowlist_of(security)
        if self._tls is not None and context is not None:
            self._tls.renew(context)
            self._certificates = Watched(settings)
        self.backend.allowlist = allowlist
        self.backend.scrapers = scrapers_of(settings)
        before = self.backend.settings.security
        if (security.connection_hosts, security.connection_folders) != (
            before.connection_hosts,
            before.connection_folders,
        ):
            self.backend.connections.lead_only_to(reach_of(security))
        self.backend.limiter.rate, self.backend.addresses.rate = by_key, by_address
        self.backend.settings = settings
        self.backend.jobs.take_over(settings.jobs)
        self.backend.audit.keep_days = settings.audit.keep_days
        timeout = _response_timeout(settings.database)
        if self._app is not None:
            self._app.config.update({"RESPONSE_TIMEOUT": timeout})
        for connection in self._server.connections if self._server is not None else ():
            connection.response_timeout = timeout

    async def _drain(self, server: AsyncioServer) -> None:
        """No new calls; what runs may end; what does not is stopped in its source, and told so."""
        self.backend.connections.drain()
        self.backend.queries.close()
        server.close()  # type: ignore[no-untyped-call]
        self._sock.close()
        if not await _closed(server, self.drain_seconds):
            self.backend.queries.cancel_all()
            if not await _closed(server, _LAST_WORDS_SECONDS):
                self.backend.is_stopping = True
                for connection in list(server.connections):
                    connection.abort()
        await _until(lambda: not self.backend.calls, _LAST_LINES_SECONDS)

    async def _watch(self) -> None:
        """Sees what other processes change: keys made or revoked, connections."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            try:
                self.backend.connections.reap()
                self.backend.queries.reap()
                self.backend.monitoring.tell_now_and_then()
                await self._renew_certificates()
                await asyncio.to_thread(self._renew_key)
                await self._refresh()
            except Exception:  # noqa: BLE001 - the watch must outlive a state that is away for a moment
                _log.exception("The state could not be read; going on with what is known")

    def _renew_key(self) -> None:
        """When another master key was put before the one in use."""
        try:
            if self.backend.vault.refresh():
                _log.info("Another master key is in use from now on")
            self._key_trouble = ""
        except VaultClosed as error:
            if str(error) != self._key_trouble:
                self._key_trouble = str(error)
                _log.error("The master key stays as it was: %s", error)

    async def _renew_certificates(self) -> None:
        """When other files lie there than before."""
        if self._tls is None or not self._certificates.due():
            return
        try:
            context = await asyncio.to_thread(tls, self.backend.settings)
        except SettingsInvalid as error:
            _log.error("The certificates stay as they were: %s", error)
            return
        if context is not None:
            self._tls.renew(context)
            _log.info("The certificates were renewed")

    async def _refresh(self) -> None:
        await asyncio.to_thread(self.backend.keyring.tend)
        await self.backend.connections.refresh()

    async def _do_for_a_sibling(self, message: Message) -> bool:
        if message.order is Order.CANCEL:
            if message.anybodys and self.backend.jobs.stop_here(message.query_id):
                return True
            return self.backend.queries.find_and_cancel(
                message.query_id, by=message.by, anybodys=message.anybodys
            )
        if message.order is Order.FIGURES:
            self.backend.monitoring.tell()
            return False
        await self._refresh()
        return False


async def _closed(server: AsyncioServer, seconds: float) -> bool:
    def closed() -> bool:
        for connection in list(server.connections):
            connection.close_if_idle()
        return not server.connections

    return await _until(closed, seconds)


async def _until(is_so: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not is_so():  # noqa: ASYNC110 - Sanic tells nobody of it
                await asyncio.sleep(0.02)
    return is_so()

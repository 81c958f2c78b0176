"""Around every handler: identify, allow the address, limit, permit, decode, answer, audit. In this order.

The one place where a failure of a route becomes HTTP, and one of the two edges where anything unexpected
is caught: it is logged under its request id, and its text goes no further.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import msgspec
from sanic import Request
from sanic.exceptions import SanicException

from server.access import client_certificates
from server.access.allowlist import check_within, counted_as, within
from server.access.identity import NOBODY, Identity, bearer
from server.access.key_text import digest_of, looks_like_a_key
from server.access.policy import may, permit
from server.api import recording, replies
from server.api.call import Backend, Call, Handled, Route, Stream, Wishes
from server.api.recording import Outcome
from server.api.remembered import ANYBODY, Known, memo_of, wishes_of
from server.api.replies import Response
from server.api.under_way import UnderWay
from server.certificates import INSTEAD_OF_KEY
from server.store.audit.repeats import REPEATING
from shared.errors import AppError, InvalidRequest, NotAuthenticated, RequestTimedOut, UnsupportedMedia

_log = logging.getLogger(__name__)

_LEFT = 499, "client_left"
_CUT = 503, "backend_stopped"
_LONG_SECONDS = 0.5
_SLOWEST_BYTES_PER_SECOND = 16 * 1024


Handle = Callable[..., Coroutine[Any, Any, Response | None]]
"""Of a request, and the names in its path."""


class Dispatch:
    """Makes handlers of routes, for one backend."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._under_way = UnderWay(backend)
        self._over_tls = replies.OVER_TLS if backend.settings.server.ssl_cert else {}
        self._most_bytes = backend.settings.security.max_body_mb * 1024 * 1024

    def around(self, route: Route) -> Handle:
        """Answers requests to a route. None has been sent already, in pieces."""
        decoder = None if route.body is None else msgspec.json.Decoder(route.body)
        action, is_changing, is_open = route.action, recording.is_changing(route), route.open
        figures = self._backend.monitoring.requests
        requests = figures.of(action)
        under_way = self._under_way

        async def handle(request: Request, **path: str) -> Response | None:
            arrived = time.perf_counter()
            request_id = request.ctx.request_id = recording.request_id(
                request.headers.getone("x-request-id", None)
            )
            outcome = Outcome(NOBODY, audited=is_open and not route.on_record)
            outcome.headers |= self._over_tls
            if (tracer := self._backend.tracer) is not None:
                outcome.trace = tracer.begin(request.headers.getone("traceparent", None))
                outcome.headers["traceresponse"] = outcome.trace.passed_on()
            under_way.begin(outcome, action, request_id, arrived)
            try:
                admitted = await (self._anybody if is_open else self._admit)(request, route, outcome)
                call = self._call(request, admitted, outcome, request_id, arrived, path)
                body = await self._body(request, call.wishes, decoder)
                if is_changing:
                    recording.note_change(outcome.note, path, body)
                handled = await route.handler(call, body)
                _ask_again(call, handled, is_changing=is_changing)
                headers = {"x-request-id": request_id, **outcome.headers}
                outcome.status = replies.status_of(handled, route.status)
                under_way.answers(outcome, handled)
                audited = partial(self._audit, action, request_id, arrived, outcome)
                return await replies.send(request, handled, outcome.status, headers, audited)
            except asyncio.CancelledError:
                outcome.status, outcome.code = _CUT if self._backend.is_stopping else _LEFT
                raise
            except AppError as error:
                outcome.status, outcome.code = error.status, error.code
                return replies.failure(error, request_id, outcome.headers)
            except SanicException as error:
                known = replies.in_our_words(error)
                outcome.status, outcome.code = known.status, known.code
                return replies.failure(known, request_id, outcome.headers)
            except Exception:  # noqa: BLE001 - the outer edge
                _log.exception("Request %s failed unexpectedly", request_id, extra={"request_id": request_id})
                outcome.status, outcome.code = 500, AppError.code
                return replies.unexpected(request_id)
            finally:
                if not outcome.audited:
                    await self._audit(action, request_id, arrived, outcome)
                under_way.end(outcome)
                requests.count(outcome.status, time.perf_counter() - arrived)
                if tracer is not None:
                    recording.trace(tracer, route, outcome, request_id, arrived)
                if code := outcome.failure_code:
                    figures.failed(code)

        return handle

    async def _anybody(self, request: Request, route: Route, outcome: Outcome) -> Known:
        if not route.from_anywhere:
            outcome.origin = self._origin(request)
            self._backend.allowlist.check(outcome.origin)
        return ANYBODY

    async def _admit(self, request: Request, route: Route, outcome: Outcome) -> Known:
        backend = self._backend
        if route.scraped and within(self._origin(request), backend.scrapers):
            outcome.audited = True
            return ANYBODY
        # by a certificate, the same head on another connection may be somebody else
        memo = {} if backend.settings.security.client_users else memo_of(request)
        known: Known | None = memo.get("admitted")
        if known is None or not known.holds(backend):
            known = await self._find_out(request, outcome)
        outcome.origin, outcome.caller = known.origin, known.caller
        if backend.addresses.rate is not None:
            backend.addresses.count(counted_as(outcome.origin), outcome.headers)
        backend.limiter.count(outcome.caller.key_id, outcome.headers, outcome.caller.rate)
        if not known.is_permitted:
            if route.permission is not None:
                permit(known.caller, route.permission)
            for permission in route.also:
                permit(known.caller, permission)
            known.is_permitted = True
            known.extra = route.extra is not None and may(known.caller, route.extra)
            known.may_export = route.export is not None and may(known.caller, route.export)
            memo["admitted"] = known
        return known

    async def _find_out(self, request: Request, outcome: Outcome) -> Known:
        """Who is calling, and whether from an address that may."""
        backend = self._backend
        outcome.origin = self._origin(request)
        user = self._user_of_certificate(request)
        authorization = request.headers.getone("authorization", None)
        digest = b""
        if user and authorization is None and self._instead_of_key():
            outcome.caller = self._certified(user)
        else:
            key = self._key(authorization, outcome.origin)
            outcome.caller = await self._identify(key, outcome.origin)
            digest = digest_of(key)
            if user and outcome.caller.user != user:
                raise NotAuthenticated("This key is not that of the user whose the certificate is.")
        backend.allowlist.check(outcome.origin)
        if outcome.caller.allowed_ips:
            check_within(outcome.origin, outcome.caller.allowed_ips)
        return Known(outcome.origin, outcome.caller, digest, backend.allowlist)

    def _user_of_certificate(self, request: Request) -> str:
        """Empty when the settings say of no certificate whose it is, and when none was shown."""
        users = self._backend.settings.security.client_users
        if not users:
            return ""
        transport: Any = request.transport
        shown = transport.get_extra_info("peercert")
        user = client_certificates.user_of(shown or {}, users)
        if not user and (shown or not self._instead_of_key()):
            raise NotAuthenticated("The certificate that you showed is no user's here.")
        return user

    def _instead_of_key(self) -> bool:
        return self._backend.settings.security.client_certificates == INSTEAD_OF_KEY

    def _certified(self, user: str) -> Identity:
        found = self._backend.keyring.find_user(user)
        if found is None:
            raise NotAuthenticated("The user whose this certificate is is not active, or not known.")
        return found

    def _origin(self, request: Request) -> str:
        # A proxy may add a header of its own below the one that the caller wrote: all of them, in order.
        hops = ",".join(request.headers.getall("x-forwarded-for", []))
        return self._backend.allowlist.origin(request.ip, hops)

    def _key(self, authorization: str | None, origin: str) -> str:
        try:
            return bearer(authorization)
        except NotAuthenticated:
            self._backend.failures.count(counted_as(origin), {})
            raise

    async def _identify(self, key: str, origin: str) -> Identity:
        """A good key costs one lookup in memory; failures are counted per address."""
        keyring = self._backend.keyring
        found = keyring.find(key)
        if found is None:
            self._backend.failures.count(counted_as(origin), {})
            if looks_like_a_key(key) and await asyncio.to_thread(keyring.refresh):
                found = keyring.find(key)
        if found is None:
            raise NotAuthenticated("This API key is not valid.", details="It is unknown, expired or revoked.")
        return found

    def _call(
        self,
        request: Request,
        known: Known,
        outcome: Outcome,
        request_id: str,
        arrived: float,
        path: dict[str, str],
    ) -> Call:
        memo = memo_of(request)
        return Call(
            backend=self._backend,
            request_id=request_id,
            arrived=arrived,
            caller=outcome.caller,
            origin=outcome.origin,
            wishes=wishes_of(request, memo),
            memo=memo,
            extra=known.extra,
            may_export=known.may_export,
            path=path,
            query={name: values[0] for name, values in request.args.items()} if request.query_string else {},
            note=outcome.note,
        )

    async def _body(
        self, request: Request, wishes: Wishes, decoder: "msgspec.json.Decoder[Any] | None"
    ) -> Any:
        """Read only now: who may not call cannot make us hold a body either."""
        stream = request.stream
        if stream is not None and stream.request_body:
            if request.headers.getone("content-encoding", "identity").strip().lower() != "identity":
                raise UnsupportedMedia("Send the body as it is, without Content-Encoding.")
            await self._received(request, stream)
        if decoder is None:
            return None
        if not wishes.sends_json:
            raise UnsupportedMedia("Send the body as JSON, with Content-Type: application/json.")
        try:
            return decoder.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidRequest(f"The body does not fit: {_first_line(error)}.") from error
        except RecursionError as error:
            raise InvalidRequest("The body is nested too deeply.") from error

    async def _received(self, request: Request, stream: Any) -> None:
        """The whole body into ``request``. Raises TooLarge's kin of Sanic, or RequestTimedOut: there is more
        time for more bytes, and none for dripping."""
        stream.request_max_size = self._most_bytes
        size = stream.request_bytes or self._most_bytes
        seconds = self._backend.settings.server.request_timeout + size / _SLOWEST_BYTES_PER_SECOND
        try:
            async with asyncio.timeout(seconds):
                await request.receive_body()  # type: ignore[no-untyped-call]
        except TimeoutError as error:
            stream.keep_alive = False
            raise RequestTimedOut("The body of the request took too long to arrive.") from error

    async def _audit(self, action: str, request_id: str, arrived: float, outcome: Outcome) -> None:
        """Before the last byte of an answer leaves: who has it is on record."""
        if outcome.audited:
            return
        outcome.audited = True
        line = recording.line_of(outcome, action, request_id, arrived)
        audit = self._backend.audit
        mark = outcome.mark
        is_counted = mark is None and line.code in REPEATING
        if not (audit.refuse(line) if is_counted else audit.write(line, mark)):
            await asyncio.shield(asyncio.to_thread(audit.write_slowly, line, mark))


def _ask_again(call: Call, handled: Handled, *, is_changing: bool) -> None:
    """Of a call that took long, whether its caller may still have what was found. Raises why not; a stream
    asks by itself."""
    is_long = time.perf_counter() - call.arrived > _LONG_SECONDS
    if is_long and not (is_changing or call.caller is NOBODY or isinstance(handled, Stream)):
        call.refuse_when_barred()


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300].replace("`", "'") if str(error) else type(error).__name__

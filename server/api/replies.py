"""What goes out: structs, streams and failures as HTTP. When they go out is decided in dispatch."""

from collections.abc import Awaitable, Callable

import msgspec
from sanic import HTTPResponse, Request
from sanic.exceptions import MethodNotAllowed as SanicMethodNotAllowed
from sanic.exceptions import NotFound as SanicNotFound
from sanic.exceptions import PayloadTooLarge, SanicException
from sanic.exceptions import RequestTimeout as SanicRequestTimeout
from sanic.http import Http

from server.api.call import Handled, Stream, Whole
from shared.errors import AppError, InvalidRequest, MethodNotAllowed, NotFound, RequestTimedOut, TooLarge
from shared.wire import ErrorBody

_JSON = "application/json"
_ALWAYS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""A page has a policy of its own in its answer's headers."""
OVER_TLS = {"strict-transport-security": "max-age=31536000"}
_json = msgspec.json.Encoder(decimal_format="number")


class Response(msgspec.Struct, frozen=True):
    """What goes out whole, whoever writes it."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    content_type: str = ""

    def for_sanic(self) -> HTTPResponse:
        return HTTPResponse(self.body or None, self.status, self.headers, self.content_type or None)


def status_of(handled: Handled, usual: int) -> int:
    return handled.status or usual if isinstance(handled, Stream | Whole) else usual


async def send(
    request: Request,
    handled: Handled,
    status: int,
    headers: dict[str, str],
    before_the_end: Callable[[], Awaitable[None]],
) -> Response | None:
    """The response, or None when it has been streamed already: ``before_the_end`` was awaited then before
    the last byte left."""
    headers |= _ALWAYS
    match handled:
        case None:
            return Response(status, headers)
        case Whole():
            return Response(status, headers | handled.headers, handled.body, handled.content_type)
        case Stream():
            await _stream(request, handled, status, headers | handled.headers, before_the_end)
            return None
        case _:
            return Response(status, headers, _json.encode(handled), _JSON)


async def _stream(
    request: Request,
    stream: Stream,
    status: int,
    headers: dict[str, str],
    before_the_end: Callable[[], Awaitable[None]],
) -> None:
    """Each piece is asked for when the one before has gone to the network: memory stays flat."""
    promised = int(headers.get("content-length", -1))
    sent = 0
    try:
        response = await request.respond(status=status, headers=headers, content_type=stream.content_type)
        async for piece in stream.pieces:
            if piece is None:
                await before_the_end()
                # Closed without the last chunk: what has been sent arrives, and the reader sees the cut.
                if request.transport is not None:
                    request.transport.close()
                if isinstance(request.stream, Http):  # or Sanic would complain of what was promised
                    request.stream.response_bytes_left = 0
                return
            sent += len(piece)
            if sent == promised:
                await before_the_end()
            await response.send(piece)
        await before_the_end()
        await response.eof()
    finally:
        stream.close()


def failure(error: AppError, request_id: str, headers: dict[str, str]) -> Response:
    headers = {"x-request-id": request_id, **_ALWAYS, **headers}
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    body = ErrorBody(error.message, error.code, error.details, error.retry_after, request_id)
    return Response(error.status, headers, _json.encode(body), _JSON)


def unexpected(request_id: str) -> Response:
    error = AppError(
        "Something went wrong in the backend.", details=f"Its log tells more under {request_id}."
    )
    return failure(error, request_id, {})


def in_our_words(error: SanicException) -> AppError:
    """Sanic's exceptions as ours."""
    match error:
        case SanicNotFound():
            return NotFound("There is nothing at this address.")
        case SanicMethodNotAllowed():
            return MethodNotAllowed("This address does not take that method.")
        case SanicRequestTimeout():
            return RequestTimedOut("The request took too long to arrive.")
        case PayloadTooLarge():
            return TooLarge("The request is larger than this backend takes.")
    if error.status_code < 500:
        return InvalidRequest("This is not a request that can be understood.")
    return AppError("The backend could not finish this request.")

"""Bodies in, answers out: JSON, event streams, files. The only forms that this server speaks."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote

import bottle
import msgspec

from desktop.events import Event
from shared.errors import InvalidRequest

T = TypeVar("T")

QUIET_SECONDS = 10.0
STILL_HERE = b": still here\n\n"

_encoder = msgspec.json.Encoder(decimal_format="number")


class Body(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The root of what comes in."""


class Empty(Body, frozen=True):
    """``{}``"""


def body(kind: type[T]) -> T:
    """The request's body as a struct; raises InvalidRequest."""
    data = bottle.request.body.read()
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The body does not fit: {error}.") from error


def query_text(name: str, default: str = "") -> str:
    return str(bottle.request.query.getunicode(name, default) or "")


def query_number(name: str, default: int, *, most: int) -> int:
    text = query_text(name) or str(default)
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidRequest(f"{name} must be a number.")
    return min(int(text), most)


def encoded(message: Any) -> bytes:
    return _encoder.encode(message)


def json(message: Any, status: int = 200) -> bottle.HTTPResponse:
    return bottle.HTTPResponse(encoded(message), status=status, headers={"Content-Type": "application/json"})


def nothing(status: int = 204) -> bottle.HTTPResponse:
    return bottle.HTTPResponse(b"" if status == 204 else b"{}", status=status, headers=_json_type(status))


def _json_type(status: int) -> dict[str, str]:
    return {} if status == 204 else {"Content-Type": "application/json"}


def events(stream: Iterable[Event | None]) -> bottle.HTTPResponse:
    """One server-sent event each, named by its tag, and a sign of life for None. The turn goes on when the
    reader leaves."""

    def lines() -> Iterator[bytes]:
        for event in stream:
            if event is None:
                yield STILL_HERE
                continue
            name = type(event).__struct_config__.tag
            yield sse(str(name), encoded(event))

    return stream_of(lines())


def stream_of(lines: Iterator[bytes]) -> bottle.HTTPResponse:
    headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}
    return bottle.HTTPResponse(lines, headers=headers)


def sse(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


def download(data: bytes, name: str, kind: str) -> bottle.HTTPResponse:
    """``name`` may be in any script; a plain one stands beside it for old readers."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_. ") else "_" for c in name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return bottle.HTTPResponse(data, headers={"Content-Type": kind, "Content-Disposition": disposition})

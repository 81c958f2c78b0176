"""Traces for OpenTelemetry: a span for each request and its query, sent as OTLP over HTTP in JSON.

Imported only when ``telemetry.otlp_endpoint`` is set. Whoever gathers them may be away or slow: spans wait in
a bounded line, and what does not fit is dropped and counted, for no answer waits for its trace.
"""

import contextlib
import json
import logging
import queue
import re
import secrets
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import msgspec

from shared.errors import SettingsInvalid

_log = logging.getLogger(__name__)

_MOST_WAITING, _MOST_AT_ONCE = 4_096, 512
_GATHER_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0
_COMPLAIN_SECONDS = 60.0
_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_SERVER, _CLIENT = 2, 3
_FAILED = 2


class Trace(msgspec.Struct, frozen=True):
    """Where a request stands in a trace; ids are in hexadecimal. ``parent`` is empty when it begins one."""

    trace_id: str
    span_id: str
    parent: str
    is_sampled: bool

    def passed_on(self) -> str:
        """As W3C's traceparent, for whoever comes next."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.is_sampled else '00'}"


class Span(msgspec.Struct, frozen=True):
    """One piece of work; ``ended`` in nanoseconds since the epoch."""

    trace: Trace
    name: str
    kind: int
    ended: int
    seconds: float
    is_failed: bool
    attributes: dict[str, str | int | float | bool]


def checked_endpoint(text: str) -> str:
    """Raises SettingsInvalid."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise SettingsInvalid(
            f"telemetry.otlp_endpoint: {text!r} is not an address. Write it like http://collector.example:4318."
        )
    return f"{text.rstrip('/')}/v1/traces"


def begun(traceparent: str | None) -> Trace:
    """A trace that the caller began goes on; whether it is kept is the caller's choice then."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None or found[2] == "0" * 32 or found[3] == "0" * 16:
        return Trace(secrets.token_hex(16), secrets.token_hex(8), "", is_sampled=True)
    return Trace(found[2], secrets.token_hex(8), found[3], is_sampled=bool(int(found[4], 16) & 1))


class Tracer:
    """Sends what it is given, from a thread of its own. Raises SettingsInvalid."""

    def __init__(self, endpoint: str, version: str) -> None:
        self._address = checked_endpoint(endpoint)
        self._resource = _attributes({"service.name": "vmart-backend", "service.version": version})
        self._waiting: queue.Queue[Span | None] = queue.Queue(_MOST_WAITING)
        self._stopping = threading.Event()
        self._complained = -_COMPLAIN_SECONDS
        self.dropped = 0
        """Spans that nobody got."""
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def begin(self, traceparent: str | None) -> Trace:
        return begun(traceparent)

    def request(self, trace: Trace, name: str, seconds: float, attributes: dict[str, Any]) -> None:
        """A span for a request that has just ended."""
        status = int(attributes.get("http.response.status_code", 0))
        self._put(Span(trace, name, _SERVER, time.time_ns(), seconds, status >= 500, attributes))

    def query(self, trace: Trace, seconds: float, attributes: dict[str, Any], *, is_failed: bool) -> None:
        """A span for a query that has just ended, within the one of its request."""
        own = Trace(trace.trace_id, secrets.token_hex(8), trace.span_id, trace.is_sampled)
        self._put(Span(own, "query", _CLIENT, time.time_ns(), seconds, is_failed, attributes))

    def close(self) -> None:
        """Sends what waits, for a moment."""
        self._stopping.set()
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(_PATIENCE_SECONDS)

    def _put(self, span: Span) -> None:
        if not span.trace.is_sampled:
            return
        try:
            self._waiting.put_nowait(span)
        except queue.Full:
            self.dropped += 1

    def _run(self) -> None:
        while True:
            first = self._waiting.get()
            if first is not None:
                self._stopping.wait(_GATHER_SECONDS)
            batch = [] if first is None else [first]
            while len(batch) < _MOST_AT_ONCE and not self._waiting.empty():
                span = self._waiting.get_nowait()
                batch += [] if span is None else [span]
            if batch:
                self._send(batch)
            if self._stopping.is_set() and self._waiting.empty():
                return

    def _send(self, batch: list[Span]) -> None:
        import urllib.request

        scope = {"scope": {"name": "vmart"}, "spans": [_written(span) for span in batch]}
        body = {"resourceSpans": [{"resource": {"attributes": self._resource}, "scopeSpans": [scope]}]}
        request = urllib.request.Request(  # noqa: S310 - http or https, checked
            self._address, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 - as above
                answer.read(65_536)
        except (OSError, ValueError) as error:
            self.dropped += len(batch)
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        if time.monotonic() - self._complained >= _COMPLAIN_SECONDS:
            self._complained = time.monotonic()
            reason = (
                getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
            )
            _log.warning("Traces are not taken at %s: %s (%d dropped)", self._address, reason, self.dropped)


def _written(span: Span) -> dict[str, Any]:
    """As OTLP has it in JSON: ids in hexadecimal, times as text."""
    written: dict[str, Any] = {
        "traceId": span.trace.trace_id,
        "spanId": span.trace.span_id,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.ended - int(span.seconds * 1e9)),
        "endTimeUnixNano": str(span.ended),
        "attributes": _attributes(span.attributes),
        "status": {"code": _FAILED} if span.is_failed else {},
    }
    if span.trace.parent:
        written["parentSpanId"] = span.trace.parent
    return written


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in values.items()]


def _value(value: object) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case _:
            return {"stringValue": str(value)}

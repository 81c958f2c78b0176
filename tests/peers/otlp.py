"""Whoever gathers traces: OTLP over HTTP in JSON, as its specification has it, on a real socket."""

import json
import re
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.peers.listening import HttpPeer

_HEX = re.compile(r"[0-9a-f]+")


class _Handler(BaseHTTPRequestHandler):
    peer: "Collector"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.peer.refuses:
            self.send_error(503)
            return
        try:
            assert self.path == "/v1/traces"
            assert self.headers["content-type"] == "application/json"
            self.peer.take(json.loads(body))
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.peer.troubles.append(repr(error))
            self.send_error(400)
            return
        answer = b"{}"
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


class Collector(HttpPeer):
    """Keeps every span that it was sent; ``refuses`` makes it answer 503."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.spans: list[dict[str, Any]] = []
        self.resources: list[dict[str, Any]] = []
        self.troubles: list[str] = []
        self.refuses = False

    def take(self, body: dict[str, Any]) -> None:
        for resource in body["resourceSpans"]:
            self.resources.append(_plain(resource["resource"]["attributes"]))
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    _check(span)
                    self.spans.append(span | {"attributes": _plain(span["attributes"])})


def _check(span: dict[str, Any]) -> None:
    for name, length in (("traceId", 32), ("spanId", 16)):
        assert len(span[name]) == length
        assert _HEX.fullmatch(span[name])
    assert isinstance(span["startTimeUnixNano"], str)
    assert 0 < int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    assert span["kind"] in (1, 2, 3, 4, 5)
    assert span["name"]


def _plain(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    found = {}
    for one in attributes:
        ((kind, value),) = one["value"].items()
        assert kind in ("stringValue", "intValue", "doubleValue", "boolValue")
        found[one["key"]] = int(value) if kind == "intValue" else value
    return found

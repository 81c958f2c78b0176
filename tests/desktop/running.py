"""An agent that really runs, on a real socket, for tests: asked over HTTP as the window asks."""

import json
import threading
from collections.abc import Generator, Mapping
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from types import TracebackType
from typing import Any

from desktop.clock import Clock
from desktop.serving import Serving, take_port
from desktop.tasks.clock import Clock as TaskClock
from shared.settings import (
    AgentSettings,
    BackendSection,
    ChatbotSection,
    GeminiSection,
    GoogleOAuthSection,
    OpenAiSection,
)
from tests.peers import library
from tests.peers.backend import Asked, BackendPeer, Reply, json_reply, query_answer

SCHEMA = {
    "dialect": "duckdb",
    "connection": "retail",
    "tables": [
        {
            "name": "sales",
            "columns": [
                {"name": "zone", "type": "text", "samples": ["North", "South"], "samples_complete": True},
                {"name": "net_amount", "type": "decimal"},
            ],
        }
    ],
}
CONNECTION = {
    "name": "retail",
    "type": "filesystem",
    "params": {},
    "description": "Demo",
    "dialect": "duckdb",
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
}
ZONES = query_answer(
    [("zone", "text"), ("net_sales", "decimal")], b'[["North",123456789.50],["South",4500000.00]]', 2
)


class RetailPeer(BackendPeer):
    """A backend with one table. ``query`` is what the next queries get; ``hold`` set makes queries wait
    until it is cleared or they are cancelled."""

    def __init__(self) -> None:
        super().__init__(self._reply)
        self.schema: Mapping[str, Any] = SCHEMA
        self.query: Reply | list[Reply] = ZONES
        self.held = threading.Event()
        self.release = threading.Event()
        self.release.set()
        self.cancelled: list[str] = []

    def _reply(self, asked: Asked) -> Reply:
        match asked.method, asked.path.split("/")[1:]:
            case "GET", ["health"]:
                return json_reply({"status": "ok", "connections": 1, "uptime": 1, "version": "t"})
            case "GET", ["api", "connections"]:
                return json_reply({"connections": [CONNECTION]})
            case "GET", ["api", "schema", _]:
                return json_reply(self.schema)
            case "POST", ["api", "query"]:
                return self._query()
            case "DELETE", ["api", "query", query_id]:
                self.cancelled.append(query_id)
                self.release.set()
                return json_reply({})
            case _:
                return json_reply({"error": "There is no such page.", "code": "not_found"}, status=404)

    def _query(self) -> Reply:
        if not self.release.is_set():
            self.held.set()
            self.release.wait(20)
        if self.cancelled:
            return json_reply({"error": "Stopped.", "code": "query_cancelled"}, status=499)
        if isinstance(self.query, list):
            return self.query.pop(0) if len(self.query) > 1 else self.query[0]
        return self.query


class RunningAgent:
    """Use ``with``. ``gemini_url`` or ``openai_url`` makes such a model lead; ``ask`` as in Serving."""

    def __init__(
        self,
        home: Path,
        *,
        backend_url: str,
        api_key: str = "k",
        gemini_url: str = "",
        openai_url: str = "",
        cache_ttl: int = 300,
        timeout: float = 10,
        ask: bool = False,
        chatbot: ChatbotSection | None = None,
        google: GoogleOAuthSection | None = None,
        clock: Clock | None = None,
        task_clock: TaskClock | None = None,
    ) -> None:
        gemini = (
            GeminiSection(api_key="test-key", base_url=gemini_url, timeout=timeout) if gemini_url else None
        )
        self.settings = AgentSettings(
            chatbot=chatbot or ChatbotSection(),
            google_oauth=google or GoogleOAuthSection(),
            backend=BackendSection(
                url=backend_url,
                api_key=api_key,
                timeout=timeout,
                retry_attempts=0,
                cache_ttl=cache_ttl,
            ),
            gemini=gemini or GeminiSection(),
            openai=OpenAiSection(base_url=openai_url, model="scripted" if openai_url else "", timeout=10),
        )
        library.lay_into(home)
        listening, _ = take_port(0)
        self.port = int(listening.getsockname()[1])
        self.serving = Serving(
            self.settings,
            home,
            listening,
            ask=ask,
            clock=clock,
            open_browser=lambda _: False,
            task_clock=task_clock,
        )
        self.token = self.serving.door.token

    def __enter__(self) -> "RunningAgent":
        self.serving.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.serving.__exit__(kind, error, trace)

    def http(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case, body."""
        answer = self._open(method, path, body, headers)
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, answer.read()

    def json(self, method: str, path: str, body: Any = None) -> Any:
        status, _, data = self.http(method, path, body)
        assert status < 300, data
        return json.loads(data) if data else None

    def stream(
        self, path: str, body: Any = None, method: str = "POST"
    ) -> Generator[dict[str, Any], None, None]:
        answer = self._open(method, path, body, None)
        assert answer.status == 200, answer.read()
        for line in answer:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    def ask(self, question: str, **more: Any) -> list[dict[str, Any]]:
        return list(self.stream("/api/ask", {"question": question, **more}))

    def _open(self, method: str, path: str, body: Any, headers: Mapping[str, str] | None) -> HTTPResponse:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        if headers is None:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if data is None and method != "GET":
            data = b"{}"
        connection.request(method, path, data, dict(headers))
        return connection.getresponse()


def only(events: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The one event of that name."""
    [found] = [event for event in events if event["event"] == name]
    return found

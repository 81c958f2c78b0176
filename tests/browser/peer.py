"""The agent's loopback interface without an agent: same addresses, same events, answers from story.py.

It exists for states that are hard to reach with a real agent (a backend that leaves, a very long
table, a slow query). The journeys of journeys run against the real program.
"""

import json
import queue
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from desktop.configuration import Configuration
from desktop.events import Event, TurnFinished, TurnStarted
from shared.page_files import HEADERS, PageFile, PageFiles, marked
from shared.settings import AgentSettings
from tests.browser import story, story_tasks

UI = Path(__file__).parents[2] / "desktop" / "ui"
FILES = PageFiles(UI)


def now() -> str:
    return datetime.now(UTC).isoformat()


FIGURES = {
    "opened_at": "2026-11-23T03:30:00+00:00",
    "first_at": "2026-10-02T04:00:00+00:00",
    "run": {
        "requests": 184, "failures": 3, "retries": 2, "cache_hits": 61, "cache_misses": 19, "model_calls": 24,
        "model_failures": 1, "input_tokens": 48210, "output_tokens": 9120, "seconds": 7421, "runs": 1,
    },
    "all": {
        "requests": 21840, "failures": 112, "retries": 95, "cache_hits": 6100, "cache_misses": 2210,
        "model_calls": 2412, "model_failures": 40, "input_tokens": 5148210, "output_tokens": 919120,
        "seconds": 981421, "runs": 38,
    },
    "latency_p50_ms": 38.2, "latency_p95_ms": 412.0,
    "model_first_p50_ms": 812.0, "model_first_p95_ms": 2900.0,
}  # fmt: skip
PARTS = [
    {"name": "about.txt", "text": "V-Mart AI Agent 0.1.0\nsystem: Linux, x86_64\n"},
    {"name": "settings.txt", "text": "chatbot.port: 8000\nbackend.api_key is set\n"},
    {"name": "log.txt", "text": ""},
]
CONFIGURATION = Configuration(Path("/nowhere/chatbot_config.yaml"), AgentSettings(), lambda _: None)


def config() -> dict[str, Any]:
    return {"settings": [msgspec.to_builtins(each) for each in CONFIGURATION.settings()], "trouble": ""}


class Peer:
    """A server for one page. ``backend`` may be changed at any time with :meth:`set_backend`."""

    def __init__(self, vega: Path) -> None:
        self.vega = vega
        self.reran: list[str] = []
        self.backend: dict[str, Any] = {
            "state": "online",
            "since": now(),
            "url": "http://127.0.0.1:8000",
            "latency_ms": 38.0,
            "detail": "",
            "demo": False,
        }
        self.session: dict[str, Any] = {
            "state": "open",
            "id": "s1",
            "why": "",
            "person": {"kind": "local", "name": "", "email": ""},
            "timeout_seconds": 3600,
            "google": {"available": False, "required": False, "domain": ""},
        }
        self.offer: dict[str, str] | None = None
        self.setup = {"url": "", "file": "/home/anita/.vmart/chatbot_config.yaml"}
        self.autostart = {"possible": True, "on": False}
        self.steps: list[dict[str, Any]] = []
        self.sign_in: list[dict[str, Any]] = []
        self.connected: list[dict[str, Any]] = []
        self.settings = {"theme": "system", "numbers": "indian", "language": "en", "never_send_cells": False}
        self.tasks: dict[str, Any] = {"tasks": [], "late": [], "folders": [], "zone": "Asia/Kolkata"}
        self.conversations: dict[str, dict[str, Any]] = {}
        self.deleted: dict[str, dict[str, Any]] = {}
        self.drafts: dict[str | None, str] = {}
        self.stops: dict[str, threading.Event] = {}
        self.listeners: list[queue.Queue[str]] = []
        self.served = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"peer": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        for stop in self.stops.values():
            stop.set()
        self.server.shutdown()
        self.server.server_close()

    def tell(self, name: str, data: object) -> None:
        for listener in self.listeners:
            listener.put(f"event: {name}\ndata: {json.dumps(data)}\n\n")

    def set_backend(self, **changes: object) -> None:
        self.backend = {**self.backend, "since": now(), **changes}
        self.tell("backend", self.backend)

    def state(self) -> dict[str, Any]:
        there = self.backend["state"] in ("online", "offline")
        return {
            "version": "0.1.0",
            "model": {"label": "Built-in analyst", "kind": "analyst"},
            "backend": self.backend,
            "connection": "retail" if there else None,
            "connections": []
            if not there
            else [
                {"name": "retail", "type": "filesystem", "description": "V-Mart demo retail"},
                {"name": "finance_pg", "type": "postgres", "description": "Ledger and rents"},
            ],
            "settings": self.settings,
            "offer": self.offer,
            "setup": self.setup,
            "autostart": self.autostart,
            "draft": self.drafts.get(None, ""),
        }

    def add(self, title: str, *, at: str | None = None, pinned: bool = False) -> dict[str, Any]:
        conversation = {
            "id": f"c{len(self.conversations) + len(self.deleted) + 1}",
            "title": title,
            "pinned": pinned,
            "updated_at": at or now(),
            "turns": [],
        }
        self.conversations[str(conversation["id"])] = conversation
        return conversation

    def listed(self, words: str) -> list[dict[str, Any]]:
        found = [
            {key: c[key] for key in ("id", "title", "pinned", "updated_at")}
            | ({"snippet": c["title"]} if words else {})
            for c in self.conversations.values()
            if words.lower() in (c["title"] + " ".join(t["question"] for t in c["turns"])).lower()
        ]
        return sorted(found, key=lambda c: str(c["updated_at"]), reverse=True)


class Handler(BaseHTTPRequestHandler):
    peer: Peer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        path, values = self.where()
        match path:
            case ["api", "session" | "state" | "config" | "figures" as noun]:
                self.json(
                    {
                        "session": self.peer.session,
                        "state": self.peer.state(),
                        "config": config(),
                        "figures": FIGURES,
                    }[noun]
                )
            case ["api", "events"]:
                self.listen()
            case ["api", "conversations"]:
                self.json({"conversations": self.peer.listed(values.get("q", ""))})
            case ["api", "conversations", name]:
                found = self.peer.conversations.get(name)
                self.json(
                    {"connection": "retail", "draft": self.peer.drafts.get(name, ""), **found}
                    if found
                    else {"error": "There is no such conversation.", "code": "not_found"},
                    200 if found else 404,
                )
            case ["api", "tasks", *of]:
                self.json(story_tasks.about(self.peer.tasks, of))
            case ["api", "results", "r-long"]:
                offset, limit = int(values["offset"]), int(values["limit"])
                self.json({"rows": story.long_rows(offset, limit), "row_count": 200_000, "offset": offset})
            case ["api", "results", _, "receipt"]:
                self.json(story.receipt())
            case ["api", "schema"]:
                self.json({"tables": story.TABLES, "dialect": "duckdb", "connection": values["connection"]})
            case ["api", "starters"]:
                self.json({"questions": story.STARTERS})
            case ["vendor", "vega.js"]:
                self.file(marked(self.peer.vega.read_bytes(), "text/javascript; charset=utf-8"))
            case _:
                self.file(FILES.find("/".join(path) or "index.html"))

    def do_POST(self) -> None:
        path, _ = self.where()
        body = self.body()
        match path:
            case ["api", "ask"]:
                self.ask(body)
            case ["api", "results", _, "rerun"]:
                self.peer.reran.append(body["sql"])
                self.ask(
                    {"question": body["sql"], "conversation_id": next(reversed(self.peer.conversations))}
                )
            case ["api", "results", _, "verify"]:
                self.json({"same": True, "content_hash": "4f9c", "ran_at": now()})
            case ["api", "session", "google"]:
                self.tell_steps(self.peer.sign_in)
            case ["api", "session" | "diagnostics" as noun, *_]:
                self.json({"parts": PARTS} if noun == "diagnostics" else {})
            case ["api", "backend", "look"]:
                self.json({}, 202)
                self.peer.set_backend(state="online")
            case ["api", "backend", "demo"]:
                self.json({}, 202)
                self.peer.set_backend(state="demo-starting", demo=True, url="", detail="Writing sales, 40 %")
            case ["api", "backend", "connect"]:
                self.connect(body)
            case ["api", "tasks", "preview"]:
                self.json(story_tasks.preview(body))
            case ["api", "turns", name, "stop"]:
                self.peer.stops[name].set()
                self.json({}, 202)
            case ["api", "conversations", name, "restore"]:
                self.peer.conversations[name] = self.peer.deleted.pop(name)
                self.json(self.peer.conversations[name])

    def do_PUT(self) -> None:
        path, _ = self.where()
        body = self.body()
        if path[1] == "settings":
            self.peer.settings |= body
        elif path[1] == "autostart":
            self.peer.autostart |= body
            self.json(self.peer.autostart)
            return
        elif path[1] == "draft":
            self.peer.drafts[body["conversation_id"]] = body["text"]
        self.json(self.peer.settings)

    def do_PATCH(self) -> None:
        path, _ = self.where()
        self.peer.conversations[path[2]] |= self.body()
        self.json({})

    def do_DELETE(self) -> None:
        path, _ = self.where()
        self.body()
        self.peer.deleted[path[2]] = self.peer.conversations.pop(path[2])
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def connect(self, body: dict[str, Any]) -> None:
        self.peer.connected.append(body)
        self.tell_steps(self.peer.steps)

    def tell_steps(self, steps: list[dict[str, Any]]) -> None:
        """One without a state waits until the page goes."""
        self.stream()
        for step in steps:
            if "state" not in step:
                threading.Event().wait(20)
                return
            self.wfile.write(
                f"event: step\ndata: {json.dumps({'remedy': '', 'code': '', **step})}\n\n".encode()
            )
            self.wfile.flush()

    def ask(self, body: dict[str, Any]) -> None:
        peer = self.peer
        known = peer.conversations.get(body.get("conversation_id") or "")
        conversation = known or peer.add(body["question"][:60])
        if body.get("replaces_turn_id"):
            kept = [turn["turn_id"] for turn in conversation["turns"]].index(body["replaces_turn_id"])
            del conversation["turns"][kept:]
        peer.served += 1
        turn_id = f"t{peer.served}"
        turn = {
            "turn_id": turn_id,
            "question": body["question"],
            "asked_at": now(),
            "status": "running",
            "events": [],
            "rating": None,
        }
        conversation["turns"].append(turn)
        stop = peer.stops[turn_id] = threading.Event()
        self.stream()
        began = time.perf_counter()
        self.event(
            turn, TurnStarted(conversation["id"], turn_id, conversation["title"], now(), "Built-in analyst")
        )
        peer.tell("conversations", {})
        status = "answered"
        for event in story.answer(body["question"], offline=peer.backend["state"] == "offline"):
            if isinstance(event, float):
                stop.wait(event)
            else:
                self.event(turn, event)
                status = {
                    "turn_failed": "failed",
                    "clarification": "needs_clarification",
                    "queued": "queued",
                }.get(str(event.__struct_config__.tag), status)
            if stop.is_set():
                status = "stopped"
                break
        turn["status"] = status
        self.event(turn, TurnFinished(turn_id, status, (time.perf_counter() - began) * 1000))

    def event(self, turn: dict[str, Any], event: Event) -> None:
        data = msgspec.to_builtins(event)
        turn["events"].append(data)
        self.wfile.write(f"event: {data['event']}\ndata: {json.dumps(data)}\n\n".encode())
        self.wfile.flush()

    def listen(self) -> None:
        lines: queue.Queue[str] = queue.Queue()
        self.peer.listeners.append(lines)
        self.stream()
        # what changed between the page's first look and this line would otherwise be lost on it
        self.wfile.write(f"event: backend\ndata: {json.dumps(self.peer.backend)}\n\n".encode())
        self.wfile.flush()
        try:
            while True:
                self.wfile.write(lines.get().encode())
                self.wfile.flush()
        except OSError:
            self.peer.listeners.remove(lines)

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def where(self) -> tuple[list[str], dict[str, str]]:
        parts = urlsplit(self.path)
        return [unquote(part) for part in parts.path.split("/") if part], {
            k: v[0] for k, v in parse_qs(parts.query).items()
        }

    def body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")

    def json(self, value: object, status: int = 200) -> None:
        self.whole(json.dumps(value).encode(), "application/json", status)

    def file(self, file: PageFile | None) -> None:
        if file is not None:
            self.whole(file.body, file.content_type)
        else:
            self.json({"error": "There is nothing here.", "code": "not_found"}, 404)

    def whole(self, data: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", HEADERS["content-security-policy"])
        self.end_headers()
        self.wfile.write(data)

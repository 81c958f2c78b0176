"""The product as processes, as a person starts them, for journeys through every layer."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from tests.peers import library

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "desktop"]
_SECONDS = 120


def environment(home: Path, **more: str) -> dict[str, str]:
    """Ours, without what would lead the program to keys or displays of the machine."""
    hidden = ("GEMINI_API_KEY", "BACKEND_URL", "BACKEND_API_KEY", "DISPLAY", "WAYLAND_DISPLAY")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return kept | {"VMART_HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | more


def desktop(home: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """``python -m desktop …``, run to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=environment(home, **more),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


class Running:
    """``python -m desktop run``; ``said`` is what it printed until its address (or the window) was there.
    Without ``demo`` it asks for a backend when the settings name none."""

    drawn = True
    """Whether the drawing library is there already."""

    def __init__(
        self,
        home: Path,
        *arguments: str,
        until: str = "Ctrl-C",
        demo: bool = True,
        **more: str,
    ) -> None:
        if self.drawn:
            library.lay_into(home)
        words = ["run", "--port", "0", *(["--demo"] if demo else []), *arguments]
        self.process = subprocess.Popen(
            [*PROGRAM, *words],
            env=environment(home, **more),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if until in line:
                break
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", self.said)
        self.port, self.token = (int(found[1]), found[2]) if found else (0, "")

    def __enter__(self) -> "Running":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.end()

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        assert self.process.stdout is not None
        self.said += self.process.stdout.read()
        return self.process.wait(30)

    def launch(self, link: str) -> int:
        """The status that a browser gets for the link that it was started with."""
        address = urlsplit(link)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", f"{address.path}?{address.query}")
        return connection.getresponse().status

    def json(self, method: str, path: str, body: Any = None) -> Any:
        data = self._open(method, path, body).read()
        return json.loads(data) if data else None

    def text(self, path: str) -> str:
        return self._open("GET", path, None).read().decode()

    def stream(self, path: str, body: Any) -> Iterator[dict[str, Any]]:
        for line in self._open("POST", path, body):
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    def ask(self, question: str, **more: Any) -> list[dict[str, Any]]:
        return list(self.stream("/api/ask", {"question": question, **more}))

    def _open(self, method: str, path: str, body: Any) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        assert answer.status < 300, answer.read()
        return answer


def children_of(pid: int) -> list[int]:
    """The processes that ``pid`` started and that still run."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in listed.stdout.split()]


def runs(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return state.stdout.strip() not in ("", "Z")

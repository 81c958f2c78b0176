"""The backend as its own process, through its command line."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class BackendProcess:
    """``python -m server serve`` with a home of its own; ready when this returns."""

    def __init__(
        self,
        home: Path,
        server: str = "{port: 0}",
        more: str = "",
        environment: Mapping[str, str] | None = None,
        *,
        configured: bool = False,
    ) -> None:
        """``configured``: the settings file is there already."""
        self.home = home
        home.mkdir(exist_ok=True)
        self.server = server
        if not configured:
            self.configure(more)
        self.process = spawn(home, "serve", "--config", str(self.config), environment=environment)
        self.lines: list[str] = []
        self._ready, self._ended = threading.Event(), threading.Event()
        self.url = ""
        threading.Thread(target=self._read, daemon=True).start()
        if not self._ready.wait(90):
            self.process.kill()  # nobody has it to stop it
            raise AssertionError(self.lines)

    @property
    def config(self) -> Path:
        return self.home / "backend_config.yaml"

    def configure(self, more: str) -> None:
        """Writes the settings file, at once: ``server`` as it was, and these further lines of YAML."""
        fresh = self.config.with_suffix(".new")
        fresh.write_text(f"server: {self.server}\n{more}\n")
        fresh.replace(self.config)

    @property
    def key(self) -> str:
        return (self.home / "administrator.key").read_text().strip()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        with self.open(method, path, body) as response:
            text = response.read()
        return json.loads(text) if text else None

    def status(self, method: str, path: str, key: str) -> int:
        """What somebody else's key is answered with."""
        request = urllib.request.Request(  # noqa: S310 - our own
            self.url + path, headers={"Authorization": f"Bearer {key}"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - our own
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code

    def open(
        self,
        method: str,
        path: str,
        body: object = None,
        accept: str = "application/json",
        key: str | None = None,
    ) -> Any:
        """The response, unread. ``key`` None is the administrator's."""
        headers = {"Authorization": f"Bearer {key or self.key}", "Accept": accept}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - our own
        return urllib.request.urlopen(request, timeout=60)  # noqa: S310 - our own

    def resident_mb(self) -> float:
        """Its memory now (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1024

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"It did not stop:\n{self._where_it_hangs()}") from None

    def _where_it_hangs(self) -> str:
        """What it logged, and the stack of every thread of it and its workers; ends them."""
        workers = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in [*map(int, workers), self.process.pid]:
            os.kill(pid, signal.SIGABRT)
        self.process.wait(10)
        self._ended.wait(10)
        return "".join(self.lines)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if found := re.search(r"Serving at (\S+)", line):
                self.url = found[1]
                self._ready.set()
        self._ready.set()
        self._ended.set()


def spawn(
    home: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "server", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "VMART_HOME": str(home), "PYTHONFAULTHANDLER": "1", **(environment or {})},
    )


def run(home: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    process = spawn(home, *arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err

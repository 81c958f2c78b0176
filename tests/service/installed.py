"""The installed service as a client and its administrator see it."""

import http.client
import json
import re
import ssl
from pathlib import Path
from typing import Any

import msgspec

from tests.docs.pages import commands
from tests.service.machine import Machine, wait_until

SECTION = "A backend with systemd"
CONFIG = "etc/vmart/backend_config.yaml"


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: Any


class Installed:
    """Speaks to the service from outside, and to its files through the machine's root."""

    def __init__(self, machine: Machine, port: int) -> None:
        self.machine = machine
        self.port = port
        self.key = ""
        self.tls: ssl.SSLContext | None = None
        self.unused = set(commands("docs/install.md", SECTION))
        """Commands of the page that were not run yet."""

    def documented(self, beginning: str) -> str:
        """Runs the first command of the page's section that begins so; what it prints."""
        line = next(line for line in commands("docs/install.md", SECTION) if line.startswith(beginning))
        self.unused.discard(line)
        return self.machine.sh(line)

    def connect(self, seconds: float = 60) -> http.client.HTTPConnection:
        if self.tls is not None:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=seconds, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        connection = self.connect()
        try:
            return ask_on(connection, method, path, self.key, body)
        finally:
            connection.close()

    def total(self) -> Any:
        """What the shop sold, by SQL."""
        question = {"connection": "shop", "query": "SELECT sum(amount) AS total FROM sales"}
        answer = self.ask("POST", "/api/query", question)
        assert answer.status == 200, answer
        return answer.body["rows"][0][0]

    def is_healthy(self) -> bool:
        connection = self.connect(2)
        try:
            return ask_on(connection, "GET", "/health", "").status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def wait_until_healthy(self, seconds: float = 60) -> None:
        try:
            wait_until(self.is_healthy, seconds)
        except AssertionError as error:
            raise AssertionError(self.machine.journal()) from error

    def main_pid(self) -> int:
        """Inside the machine; 0 when it does not run."""
        return int(self.shown("MainPID"))

    def shown(self, name: str) -> str:
        """A property of the unit."""
        return self.machine.sh(f"systemctl show --property={name} --value vmart-backend")

    def status_line(self) -> str:
        return self.shown("StatusText")

    def configure(self, **changed: str) -> None:
        """Replaces the lines of these keys in the settings file; an empty text takes the line out."""
        file = self.machine.root / CONFIG
        text = file.read_text()
        for key, value in changed.items():
            line = f"  {key}: {value}\n" if value else ""
            found = re.search(rf"^  (?:# )?{key}: .*\n", text, re.MULTILINE)
            assert found, f"{key} is not in the settings file"
            text = text[: found.start()] + line + text[found.end() :]
        file.write_text(text)

    def file(self, path: str) -> Path:
        return self.machine.root / path


def ask_on(
    connection: http.client.HTTPConnection, method: str, path: str, key: str, body: object = None
) -> Answer:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read()
    return Answer(response.status, json.loads(text) if text else None)

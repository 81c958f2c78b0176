"""Logs: secrets are masked on their way out, and files do not grow for ever."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import logs

SECRET = "s3cr3t-Value_123"


@pytest.fixture(autouse=True)
def loggers_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        if handler not in before:
            handler.close()
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize(
    "line",
    [
        f"key vmart_{SECRET} used",
        f"Authorization: Bearer {SECRET}",
        f"{{'Authorization': 'Bearer {SECRET}'}}",
        f'{{"authorization": "bearer {SECRET}"}}',
        f"x-goog-api-key: {SECRET}",
        f"password={SECRET}",
        f"PASSWORD = '{SECRET}'",
        f'{{"password": "{SECRET}"}}',
        f"api_key: {SECRET}",
        f"client_secret={SECRET}&x=1",
        f"refresh_token: {SECRET}",
        f"postgresql://user:{SECRET}@host/db",
        f"https://host/?token={SECRET}",
        f"GET /?key={SECRET} HTTP/1.1",
        f"Cookie: vmart_session={SECRET}",
        f"Set-Cookie: vmart_session={SECRET}; HttpOnly",
        f"Pwd={SECRET};Server=x",
        "Google said: API key AIzaSyA-0123456789abcdefghijklmnopqrstu not valid",
    ],
)
def test_a_secret_does_not_survive(line: str) -> None:
    shown = logs.masked(line)
    assert SECRET not in shown
    assert "AIzaSyA-0123456789abcdefghijklmnopqrstu" not in shown


@pytest.mark.parametrize(
    "line",
    [
        "SELECT sum(net_amount) FROM sales WHERE store = 'Patna'",
        "12 tokens were used",
        "the key to success",
        "https://host:5000/api/query",
        "18:40:00 finished",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert logs.masked(line) == line


def test_files_hold_no_secret_not_even_in_tracebacks(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "agent.log"
    logs.set_up(level="INFO", file=file)
    try:
        raise ValueError(f"password={SECRET}")
    except ValueError:
        logging.getLogger("x").exception("it failed with %s", {"api_key": SECRET})
    logging.getLogger("x").info("Bearer in args: %s", f"Authorization: Bearer {SECRET}")
    text = file.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert SECRET not in text


def test_json_is_one_whole_object_a_line_without_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    logs.set_up(file=file, format="json")
    log = logging.getLogger("x")
    log.info('said "%s"\nand more', "₹", extra={"request_id": "till-5"})
    log.info("Cookie: session=%s", SECRET)
    try:
        raise ValueError(f"password={SECRET}")
    except ValueError:
        log.exception("it failed")
    said, cookie, failed = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert (said["message"], said["level"], said["request_id"]) == ('said "₹"\nand more', "INFO", "till-5")
    assert said["at"].endswith("+00:00")
    assert "request_id" not in cookie
    assert "ValueError" in failed["exception"]
    assert SECRET not in file.read_text(encoding="utf-8")


def test_files_are_rotated_and_set_up_twice_is_set_up_once(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    for _ in range(2):
        logs.set_up(file=file, max_size_mb=1)
    assert len(logging.getLogger().handlers) == 2
    for _ in range(30):
        logging.getLogger("x").info("y" * 100_000)
    assert file.with_name("a.log.1").exists()
    assert file.stat().st_size <= 1024 * 1024


def test_a_line_break_in_a_message_can_not_forge_a_line(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    logs.set_up(file=file)
    logging.getLogger("x").info("name is %s", "a\n2026-01-01 00:00:00 INFO root all is well")
    assert len(file.read_text(encoding="utf-8").splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["\x1b[2J\x1b[1A", "a\rb", "\x9b2K", "a\u2028b", "\u202eback", "\udcff", "\x85", "\x00"]
)
def test_nothing_in_a_message_moves_the_cursor_or_breaks_the_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.log"
    logs.set_up(file=file, to_terminal=False)
    logging.getLogger("x").info("name is %s", text)
    try:
        raise ValueError(text)
    except ValueError:
        logging.getLogger("x").exception("it failed")
    written = file.read_bytes().decode("utf-8")
    assert "name is" in written
    assert "ValueError" in written
    assert all(character.isprintable() for character in written.replace("\n", ""))


def test_in_the_journal_each_line_has_its_priority_and_no_time(tmp_path: Path) -> None:
    code = (
        "import logging; from shared import logs; logs.set_up(file=__import__('pathlib').Path('a.log'));"
        "log = logging.getLogger('x'); log.info('well'); log.warning('a\\nb'); log.critical('bad')\n"
        "try: 1/0\nexcept ZeroDivisionError: log.exception('oh')"
    )
    with (tmp_path / "journal").open("wb") as journal:
        found = os.fstat(journal.fileno())
        environment = {
            **os.environ,
            "JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        subprocess.run(
            [sys.executable, "-c", code], stderr=journal, env=environment, cwd=tmp_path, check=True
        )
    lines = (tmp_path / "journal").read_text().splitlines()
    assert lines[:4] == ["<6>x well", "<4>x a\\nb", "<2>x bad", "<3>x oh"]
    assert all(line.startswith("<3>    ") for line in lines[4:])
    assert "INFO x well" in (tmp_path / "a.log").read_text()  # the file has its own form

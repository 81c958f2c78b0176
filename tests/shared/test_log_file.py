"""A log file that several processes write and rotate: no line is lost, no process writes into an old file."""

import logging
import os
import sys
from pathlib import Path

import pytest

from shared.log_file import SharedLogFile

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="one process writes there")

PROCESSES = 4
LINES = 300


def handler(file: Path, backups: int = 200) -> SharedLogFile:
    made = SharedLogFile(file, maxBytes=4_000, backupCount=backups, encoding="utf-8")
    made.setFormatter(logging.Formatter("%(message)s"))
    return made


def write(handler: SharedLogFile, text: str) -> None:
    handler.emit(logging.LogRecord("test", logging.INFO, "", 0, text, None, None))


def test_processes_that_write_at_once_lose_no_line_and_waste_no_file(tmp_path: Path) -> None:
    shared = handler(tmp_path / "backend.log")  # opened before they part, as workers do
    children = []
    for number in range(PROCESSES):
        child = os.fork()
        if child == 0:
            for line in range(LINES):
                write(shared, f"process {number} line {line:04} {'x' * 30}")
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    files = list(tmp_path.iterdir())
    lines = sorted(line for file in files for line in file.read_text().splitlines())
    assert lines == sorted(
        f"process {number} line {line:04} {'x' * 30}" for number in range(PROCESSES) for line in range(LINES)
    )
    written = sum(file.stat().st_size for file in files)
    assert len(files) <= written / 4_000 * 1.5 + 2


def test_a_file_that_was_moved_away_or_removed_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "backend.log"
    log = handler(file)
    write(log, "one")
    file.rename(tmp_path / "moved.log")
    write(log, "two")
    file.unlink()
    write(log, "three")
    log.close()
    assert file.read_text() == "three\n"
    assert (tmp_path / "moved.log").read_text() == "one\n"

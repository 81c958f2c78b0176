"""The process that works on files is ended when it must be, and is there again for the next file."""

import os
import time
from pathlib import Path

import pytest

from desktop.files.worker import Bounds, Worker
from shared import child_process
from shared.errors import Cancelled, FileUnreadable

PROGRAM = """
import os, time
from shared.errors import FileUnreadable

def answer(request, files, say):
    match request.split():
        case [b"read"]:
            say(b"reading")
            return b"".join(file.read() for file in files)
        case [b"sleep"]:
            time.sleep(60)
        case [b"eat"]:
            return bytes(str(len(["x" * 1000 + str(number) for number in range(10**7)])), "ascii")
        case [b"crash"]:
            os.abort()
        case [b"fail"]:
            raise FileUnreadable("It is broken.", details="page 3")
        case [b"slip"]:
            raise ValueError("a secret text")
        case [b"write"]:
            with open(os.environ["TMP"] + "/x", "wb") as file:
                file.write(b"x")
        case [b"print"]:
            print("this must not disturb the frames")
            return repr(sorted(os.environ)).encode()
    return b""
"""


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A program of the test's own: what readers are made for, without having to find files that do it."""
    (tmp_path / "program_of_test.py").write_text(PROGRAM, encoding="utf-8")
    monkeypatch.setattr(child_process, "environment", _with(tmp_path))
    (tmp_path / "sitecustomize.py").write_text(
        "import desktop.files.worker as w\nw.PROGRAMS['test'] = 'program_of_test'\n", encoding="utf-8"
    )
    return Worker("test", Bounds(memory_mb=256))


def _with(folder: Path):  # type: ignore[no-untyped-def]
    plain = child_process.environment()
    path = os.pathsep.join([str(folder), plain["PYTHONPATH"]])
    return lambda: plain | {"PYTHONPATH": path, "TMP": str(folder)}


def test_a_file_is_handed_over_open_and_its_name_does_not_matter_any_more(
    worker: Worker, tmp_path: Path
) -> None:
    file = tmp_path / "sales.txt"
    file.write_bytes(b"sales")
    heard: list[bytes] = []
    with file.open("rb") as opened:
        file.unlink()
        assert worker.ask(b"read", [opened], deadline_seconds=30, heard=heard.append) == b"sales"
    assert heard == [b"reading"]
    worker.close()


def test_what_is_late_is_ended_and_the_next_question_is_answered(worker: Worker) -> None:
    began = time.monotonic()
    with pytest.raises(FileUnreadable, match="too long"):
        worker.ask(b"sleep", deadline_seconds=1)
    assert time.monotonic() - began < 20
    assert worker.ask(b"", deadline_seconds=30) == b""
    worker.close()


def test_what_takes_too_much_memory_is_ended_in_words(worker: Worker) -> None:
    with pytest.raises(FileUnreadable, match="memory"):
        worker.ask(b"eat", deadline_seconds=60)
    assert worker.ask(b"", deadline_seconds=30) == b""
    worker.close()


def test_stop_is_felt_at_once(worker: Worker) -> None:
    looks = iter(range(100))

    def cancelled() -> None:
        if next(looks) > 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        worker.ask(b"sleep", deadline_seconds=60, cancelled=cancelled)
    worker.close()


def test_a_crash_a_failure_and_a_slip_are_each_one_sentence(worker: Worker) -> None:
    with pytest.raises(FileUnreadable, match="broke the program"):
        worker.ask(b"crash", deadline_seconds=30)
    with pytest.raises(FileUnreadable, match=r"It is broken\. page 3"):
        worker.ask(b"fail", deadline_seconds=30)
    with pytest.raises(FileUnreadable) as slip:
        worker.ask(b"slip", deadline_seconds=30)
    assert "secret" not in str(slip.value)
    worker.close()


def test_it_can_write_nothing_and_knows_no_keys(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileUnreadable):
        worker.ask(b"write", deadline_seconds=30)
    told = worker.ask(b"print", deadline_seconds=30).decode()
    assert "KEY" not in told
    assert "VMART" not in told
    worker.close()


def test_it_ends_with_its_parent(worker: Worker) -> None:
    worker.ask(b"", deadline_seconds=30)
    process = worker._process
    assert process is not None
    process._in.close()  # what the system does when the parent is killed
    process._process.wait(10)

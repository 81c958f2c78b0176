"""The real window, on a display of its own, driven by a real keyboard."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from desktop.store.conversations import Conversations
from desktop.store.database import Database
from desktop.store.turns import Turns
from tests.desktop.running import RetailPeer
from tests.journeys.processes import ROOT, Running, desktop, environment

pytestmark = pytest.mark.window

_NEEDED = ("Xvfb", "xdotool", "import", "compare")
_ARTIFACTS = ROOT / "test-artifacts"
_CARET = 200  # pixels: it blinks while everything else stands still


def _wait_for(what: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def _absent(what: str) -> NoReturn:
    """A machine without a display may skip; the build machine may not."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture
def display() -> Iterator[str]:
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if sys.platform != "linux" or missing:
        _absent(f"needs {', '.join(missing) or 'Linux'}")
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield f":{server.stdout.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


def _on(display: str, *command: str) -> str:
    done = subprocess.run(
        command, env=os.environ | {"DISPLAY": display}, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _colours(picture: Path) -> int:
    """How many colours the picture has; a window that painted nothing has one or two."""
    done = subprocess.run(["identify", "-format", "%k", picture], capture_output=True, text=True, check=True)
    return int(done.stdout)


def _different_pixels(one: Path, other: Path) -> float:
    command = ["compare", "-metric", "AE", str(one), str(other), "null:"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return float(done.stderr.split()[0])


def test_a_question_typed_into_the_window_is_answered_from_the_demo_and_ctrl_c_closes_it(
    home: Path, display: str
) -> None:
    with Running(home, until="window", DISPLAY=display) as agent:
        if "No window" in agent.said:
            _absent(agent.said)
        _wait_for(lambda: bool(_on(display, "xdotool", "search", "--name", "V-Mart AI Agent")))
        window = _on(display, "xdotool", "search", "--name", "V-Mart AI Agent").splitlines()[-1]
        _ARTIFACTS.mkdir(exist_ok=True)
        picture = _ARTIFACTS / "native-window.png"

        def painted() -> bool:
            _on(display, "import", "-window", "root", str(picture))
            return _colours(picture) > 50

        def drawn_and_still() -> bool:
            before = picture.replace(picture.with_name("native-window-before.png"))
            return painted() and _different_pixels(before, picture) < _CARET

        _wait_for(painted)
        _wait_for(drawn_and_still)
        _on(display, "xdotool", "windowfocus", window)
        _on(display, "xdotool", "type", "--delay", "20", "net sales by zone last financial year")
        _on(display, "xdotool", "key", "Return")
        database = Database(home / "agent" / "people" / "local" / "agent.db")
        conversations, turns = Conversations(database), Turns(database)
        _wait_for(lambda: bool(conversations.list()))
        [conversation] = conversations.list()
        assert conversation.title == "net sales by zone last financial year"
        _wait_for(lambda: [turn.status != "running" for turn in turns.of(conversation.id)] == [True])
        [turn] = turns.of(conversation.id)
        assert turn.status == "answered"
        _wait_for(drawn_and_still)
        assert agent.end(signal.SIGINT) == 0
        assert "Traceback" not in agent.said


def test_a_second_start_brings_the_window_of_the_first_one_to_the_front(tmp_path: Path, display: str) -> None:
    with RetailPeer() as peer:
        config = tmp_path / "chatbot_config.yaml"
        config.write_text(f"backend: {{url: '{peer.url}', api_key: k}}\n")
        with Running(tmp_path, until="window", DISPLAY=display) as agent:
            if "No window" in agent.said:
                _absent(agent.said)
            _wait_for(lambda: bool(_on(display, "xdotool", "search", "--name", "V-Mart AI Agent")))
            second = desktop(tmp_path, "run", DISPLAY=display)
            assert second.returncode == 0, second.stderr
            assert "its window is in front now" in second.stdout
            assert len(_on(display, "xdotool", "search", "--name", "^V-Mart AI Agent$").splitlines()) == 1
            assert agent.end() == 0


def test_a_start_that_fails_without_a_terminal_is_told_in_a_window(tmp_path: Path, display: str) -> None:
    """As after a double click: nobody reads what is printed."""
    home = tmp_path / "home"
    Database(home / "agent" / "people" / "local" / "agent.db").close()
    with sqlite3.connect(home / "agent" / "people" / "local" / "agent.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    code = "import os; os.close(2); import sys; sys.stderr = None\n"
    code += "from desktop.__main__ import console; os._exit(console())"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment(home, DISPLAY=display),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        title = "V-Mart AI Agent did not start"
        _wait_for(
            lambda: bool(_on(display, "xdotool", "search", "--name", title)) or process.poll() is not None
        )
        if process.poll() is not None:
            _absent("no web view is installed")
        _ARTIFACTS.mkdir(exist_ok=True)
        picture = _ARTIFACTS / "native-notice.png"

        def painted() -> bool:
            _on(display, "import", "-window", "root", str(picture))
            return _colours(picture) > 50

        _wait_for(painted)
        assert "written by a newer version" in (home / "agent" / "agent.log").read_text()
        window = _on(display, "xdotool", "search", "--name", title).splitlines()[-1]
        _on(display, "xdotool", "windowclose", window)
        assert process.wait(30) == 1
    finally:
        process.kill()
        process.wait(10)


def test_without_a_display_the_address_is_printed(tmp_path: Path) -> None:
    with RetailPeer() as peer:
        config = tmp_path / "chatbot_config.yaml"
        config.write_text(f"backend: {{url: '{peer.url}', api_key: k}}\n")
        with Running(tmp_path, "--config", str(config)) as agent:
            assert "No window: there is no display." in agent.said
            assert agent.json("GET", "/api/state")["native"] is False


def test_a_settings_file_with_a_slip_is_one_sentence(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("backend: {ulr: x}\n")
    done = desktop(tmp_path, "run", "--no-window", "--config", str(config))
    assert done.returncode == 2
    assert "backend has no setting called 'ulr'" in done.stderr
    assert "Traceback" not in done.stderr

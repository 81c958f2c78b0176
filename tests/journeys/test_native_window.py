"""The real window, on a display of its own, driven by a real keyboard."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.store.conversations import Conversations
from desktop.store.database import Database
from desktop.store.turns import Turns
from tests.desktop.running import RetailPeer
from tests.display import Display, absent, displayed, wait_for
from tests.journeys.processes import ROOT, Running, desktop, environment

pytestmark = pytest.mark.window

_ARTIFACTS = ROOT / "test-artifacts"


@pytest.fixture
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    with displayed(tmp_path_factory.mktemp("screen")) as display:
        yield display


def test_a_question_typed_into_the_window_is_answered_from_the_demo_and_ctrl_c_closes_it(
    home: Path, display: Display
) -> None:
    with Running(home, until="window", DISPLAY=display.name) as agent:
        if "No window" in agent.said:
            absent(agent.said)
        wait_for(lambda: bool(display.window()))
        display.wait_until_listening()
        display.type("net sales by zone last financial year")
        database = Database(home / "agent" / "people" / "local" / "agent.db")
        conversations, turns = Conversations(database), Turns(database)
        wait_for(lambda: bool(conversations.list()))
        [conversation] = conversations.list()
        assert conversation.title == "net sales by zone last financial year"
        wait_for(lambda: [turn.status != "running" for turn in turns.of(conversation.id)] == [True])
        [turn] = turns.of(conversation.id)
        assert turn.status == "answered"
        display.wait_until_still()
        display.keep_picture(_ARTIFACTS / "native-window.png")
        assert agent.end(signal.SIGINT) == 0
        assert "Traceback" not in agent.said


def test_a_second_start_brings_the_window_of_the_first_one_to_the_front(
    tmp_path: Path, display: Display
) -> None:
    with RetailPeer() as peer:
        config = tmp_path / "chatbot_config.yaml"
        config.write_text(f"backend: {{url: '{peer.url}', api_key: k}}\n")
        with Running(tmp_path, until="window", DISPLAY=display.name) as agent:
            if "No window" in agent.said:
                absent(agent.said)
            wait_for(lambda: bool(display.window()))
            second = desktop(tmp_path, "run", DISPLAY=display.name)
            assert second.returncode == 0, second.stderr
            assert "its window is in front now" in second.stdout
            assert len(display.windows()) == 1
            assert agent.end() == 0


def test_a_start_that_fails_without_a_terminal_is_told_in_a_window(tmp_path: Path, display: Display) -> None:
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
        env=environment(home, DISPLAY=display.name),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        title = "V-Mart AI Agent did not start"
        wait_for(lambda: bool(display.window(title)) or process.poll() is not None)
        if process.poll() is not None:
            absent("no web view is installed")
        wait_for(display.painted)
        display.keep_picture(_ARTIFACTS / "native-notice.png")
        assert "written by a newer version" in (home / "agent" / "agent.log").read_text()
        display.do("xdotool", "windowclose", display.window(title))
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

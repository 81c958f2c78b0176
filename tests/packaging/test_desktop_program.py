"""The packaged desktop program as somebody gets it: from a clean folder, without Python, in a real window."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from desktop import __version__
from desktop.store.conversations import Conversations
from desktop.store.database import Database
from desktop.store.turns import Turns
from tests.display import Display, wait_for
from tests.packaging.conftest import ROOT
from tests.packaging.programs import Packaged, said, settled

pytestmark = [pytest.mark.slow, pytest.mark.window]

_QUESTIONS = ("net sales by zone last financial year", "only the top 2 of these", "flurble by zone")


@pytest.fixture(scope="module")
def programs(built: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The file to start, of each form, where nothing of ours is near; a space in the path is usual."""
    [folder] = [entry for entry in built.iterdir() if entry.is_dir()]
    [file] = built.glob("*.bin")
    clean = tmp_path_factory.mktemp("clean")
    return {"folder": settled(folder, clean / "My Programs"), "file": settled(file, clean / "Downloads")}


@pytest.fixture(scope="module")
def first_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("person")


@pytest.fixture(params=["folder", "file"])
def started(
    request: pytest.FixtureRequest, programs: dict[str, Path], first_home: Path, tmp_path: Path
) -> tuple[str, Path, Path]:
    """Form, program and home. The folder is started by somebody new, and makes the demo data; the file finds
    the data there, for making it takes a while."""
    form = request.param
    if form == "folder":
        return form, programs[form], first_home
    home = tmp_path / "home"
    data = first_home / ".vmart" / "demo" / "data"
    if data.exists():
        shutil.copytree(data, home / ".vmart" / "demo" / "data")
    home.mkdir(exist_ok=True)
    return form, programs[form], home


def test_a_conversation_is_held_in_the_window_and_ctrl_c_leaves_nothing_behind(
    started: tuple[str, Path, Path], display: Display
) -> None:
    form, program, home = started
    with Packaged(program, home, display.name) as agent:
        wait_for(display.painted)
        wait_for((home / ".vmart" / "agent" / "demo.json").exists)
        display.wait_until_listening()
        for question in _QUESTIONS:
            _ask(display, home, question)
            display.wait_until_still()
        display.keep_picture(ROOT / "test-artifacts" / f"packaged-{form}.png")
        assert display.colours() > 50
        statuses = dict(reversed(_turns(home)))
        assert [statuses[question] for question in _QUESTIONS] == ["answered", "answered", "cannot_answer"]
        text = agent.end()
        assert agent.process.returncode == 0, text
        assert "Traceback" not in text
        wait_for(lambda: not agent.running(), 20)
    elsewhere = [entry.name for entry in home.iterdir() if entry.name not in (".vmart", ".cache")]
    assert elsewhere == []


def test_closing_the_window_ends_everything(started: tuple[str, Path, Path], display: Display) -> None:
    _, program, home = started
    display.manage()
    with Packaged(program, home, display.name) as agent:
        wait_for((home / ".vmart" / "agent" / "demo.json").exists)
        wait_for(lambda: bool(display.window()) and display.painted())
        display.wait_until_still()

        def closed() -> bool:
            display.close_window()  # again, for the manager may not have been listening yet
            return agent.process.poll() is not None

        wait_for(closed, every=2)
        text = agent.process.communicate(timeout=60)[0]
        assert agent.process.returncode == 0, text
        wait_for(lambda: not agent.running(), 20)


def test_killed_with_its_group_it_leaves_no_process_behind(
    started: tuple[str, Path, Path], display: Display, tmp_path: Path
) -> None:
    _, program, home = started
    with Packaged(program, home, display.name, TMPDIR=str(tmp_path)) as agent:
        wait_for((home / ".vmart" / "agent" / "demo.json").exists)
        assert len(agent.running()) > 2
        os.killpg(agent.process.pid, signal.SIGKILL)
        agent.process.wait(10)
        wait_for(lambda: not agent.running(), 30)


def test_killed_alone_it_takes_its_other_processes_along(
    started: tuple[str, Path, Path], display: Display, tmp_path: Path
) -> None:
    _, program, home = started
    with Packaged(program, home, display.name, TMPDIR=str(tmp_path)) as agent:
        wait_for((home / ".vmart" / "agent" / "demo.json").exists)
        agent.process.kill()
        agent.process.wait(10)
        wait_for(lambda: not agent.running(), 30)


@pytest.mark.parametrize("form", ["folder", "file"])
def test_its_version_and_its_help_need_no_display(
    programs: dict[str, Path], form: str, tmp_path: Path
) -> None:
    version = said(programs[form], tmp_path, "--version")
    assert (version.returncode, version.stdout) == (0, f"vmart-agent {__version__}\n")
    wrong = said(programs[form], tmp_path, "--no-such-thing")
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr
    assert not (tmp_path / ".vmart").exists()


def _ask(display: Display, home: Path, question: str) -> None:
    """As a person does: who sees that the words did not arrive, for the window was not ready to listen, types
    them again."""

    def arrived() -> bool:
        return any(asked == question for asked, _ in _turns(home))

    def typed() -> bool:
        display.type(question)
        until = time.monotonic() + 10
        while not arrived() and time.monotonic() < until:
            time.sleep(0.1)
        return arrived()

    wait_for(typed)
    wait_for(lambda: any(asked == question and status != "running" for asked, status in _turns(home)))


def _turns(home: Path) -> list[tuple[str, str]]:
    database = Database(home / ".vmart" / "agent" / "people" / "local" / "agent.db")
    try:
        turns = Turns(database)
        return [
            (turn.question, turn.status)
            for conversation in Conversations(database).list()
            for turn in turns.of(conversation.id)
        ]
    finally:
        database.close()

"""The agent as an installed program: no words, one for each home, visible failures, nothing left behind."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desktop import __version__
from tests.desktop.running import RetailPeer
from tests.display import wait_for
from tests.journeys.processes import ROOT, Running, desktop, environment
from tests.peers import library


@pytest.fixture
def peer() -> Iterator[RetailPeer]:
    made = RetailPeer()
    with made:
        yield made


def configured(folder: Path, peer: RetailPeer) -> Path:
    folder.mkdir(exist_ok=True)
    library.lay_into(folder)
    (folder / "chatbot_config.yaml").write_text(f"backend: {{url: '{peer.url}', api_key: k}}\n")
    return folder


def installed(home: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """As the script ``vmart-agent`` starts it."""
    code = "import sys; from desktop.__main__ import console; sys.exit(console())"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment(home, **more),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# -- Words ---------------------------------------------------------------------------------


def test_the_version_is_told_without_anything_being_started(tmp_path: Path) -> None:
    done = installed(tmp_path / "home", "--version")
    assert (done.returncode, done.stdout) == (0, f"vmart-agent {__version__}\n")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "words", [("--browser", "--no-window"), ("--port", "99999"), ("dance",), ("--prot", "1")]
)
def test_wrong_words_end_with_two(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = installed(tmp_path, *words)
    assert done.returncode == 2
    assert "usage: vmart-agent" in done.stderr


def test_without_a_backend_it_asks_and_with_demo_it_does_not(tmp_path: Path, home: Path) -> None:
    with Running(tmp_path, "--no-window", demo=False) as agent:
        assert agent.json("GET", "/api/state")["backend"]["state"] == "not_configured"
    with Running(home, "--no-window") as agent:
        assert agent.json("GET", "/api/state")["backend"]["demo"] is True


def test_the_demo_is_chosen_once_and_remembered(home: Path) -> None:
    with Running(home, "--no-window", demo=False) as agent:
        agent.json("POST", "/api/backend/demo", {})
        assert agent.ask("total net sales last month")[-1]["status"] == "answered"
    with Running(home, "--no-window", demo=False) as agent:
        assert agent.json("GET", "/api/state")["backend"]["demo"] is True
        assert agent.end() == 0


# -- One for each home ---------------------------------------------------------------------


def test_a_second_start_shows_where_the_first_one_is_and_ends_well(tmp_path: Path, peer: RetailPeer) -> None:
    home = configured(tmp_path / "one", peer)
    with Running(home, "--no-window") as first:
        second = desktop(home, "run", "--no-window")
        assert second.returncode == 0, second.stderr
        assert f"127.0.0.1:{first.port}/?token={first.token}" in second.stdout
        assert "already" in second.stdout
        assert first.json("GET", "/api/state")["version"] == __version__
        note = home / "agent" / "running.json"
        assert note.stat().st_mode & 0o777 == 0o600
        assert (home / "agent").stat().st_mode & 0o777 == 0o700
        assert first.end() == 0
    assert not note.exists()


def test_the_browser_that_opens_is_the_first_ones(tmp_path: Path, peer: RetailPeer) -> None:
    home = configured(tmp_path / "one", peer)
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened\n')
    browser.chmod(0o755)
    with Running(home, "--no-window") as first:
        second = desktop(home, "run", "--browser", BROWSER=str(browser), DISPLAY=":77")
        assert second.returncode == 0, second.stderr
        written = tmp_path / "opened"
        wait_for(lambda: written.exists() and written.read_text().endswith("\n"))  # empty before
        opened = written.read_text().strip()
        assert first.token not in opened  # everybody on the machine can read a command line
        assert first.launch(opened) == 303
        assert first.launch(opened) == 401


def test_two_homes_have_an_agent_each(tmp_path: Path, peer: RetailPeer) -> None:
    one, two = configured(tmp_path / "one", peer), configured(tmp_path / "two", peer)
    with Running(one, "--no-window") as first, Running(two, "--no-window") as second:
        assert first.port != second.port
        assert first.token != second.token


def test_one_that_was_killed_is_in_nobodys_way(tmp_path: Path, peer: RetailPeer) -> None:
    home = configured(tmp_path / "one", peer)
    with Running(home, "--no-window") as first:
        first.process.kill()
        first.process.wait(10)
    assert (home / "agent" / "running.json").exists()
    with Running(home, "--no-window") as second:
        assert second.port
        assert json.loads((home / "agent" / "running.json").read_text())["pid"] == second.process.pid


def test_of_many_starts_at_the_same_moment_one_stays(tmp_path: Path, peer: RetailPeer) -> None:
    home = configured(tmp_path / "one", peer)
    command = [sys.executable, "-m", "desktop", "run", "--port", "0", "--no-window"]
    started = [
        subprocess.Popen(
            command,
            env=environment(home),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(4)
    ]
    try:
        deadline = time.monotonic() + 90
        while sum(process.poll() is None for process in started) > 1:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        [stays] = [process for process in started if process.poll() is None]
        assert [process.returncode for process in started if process is not stays] == [0, 0, 0]
        place = json.loads((home / "agent" / "running.json").read_text())
        assert place["pid"] == stays.pid
        for process in started:
            if process is not stays:
                assert process.stdout is not None
                assert place["link"] in process.stdout.read()
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            assert process.stdout is not None
            process.stdout.close()


@contextmanager
def stopped(process: "subprocess.Popen[str]") -> Iterator[None]:
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@pytest.mark.slow
def test_one_that_hangs_is_named_and_nothing_is_taken_from_it(tmp_path: Path, peer: RetailPeer) -> None:
    home = configured(tmp_path / "one", peer)
    with Running(home, "--no-window") as first:
        with stopped(first.process):
            second = desktop(home, "run", "--no-window")
        assert second.returncode == 1
        assert f"(process {first.process.pid})" in second.stderr
        assert first.end() == 0


# -- What goes wrong at the start ----------------------------------------------------------


def test_a_start_that_fails_stands_in_the_log_as_well(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("backend: {api_key: vmart_abcdefghijklmnop, ulr: x}\n")
    done = installed(tmp_path, "--no-window", "--config", str(config))
    assert done.returncode == 2
    log = (tmp_path / "agent" / "agent.log").read_text()
    assert "no setting called 'ulr'" in log
    assert "Traceback" not in done.stderr + log
    assert "abcdefghijklmnop" not in done.stderr + log


def test_without_any_standard_streams_it_still_runs_and_ends(tmp_path: Path, peer: RetailPeer) -> None:
    """As a double click starts it on Windows."""
    home = configured(tmp_path / "one", peer)
    code = (
        "import os, sys\n"
        "for number in (0, 1, 2): os.close(number)\n"
        "sys.stdin = sys.stdout = sys.stderr = None\n"
        "from desktop.__main__ import console\n"
        "os._exit(console())"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--no-window", "--port", "0"], env=environment(home), cwd=ROOT
    )
    try:
        deadline = time.monotonic() + 60
        while not (home / "agent" / "running.json").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        second = desktop(home, "run", "--no-window")
        assert second.returncode == 0, second.stderr
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_home_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = installed(tmp_path / "file" / "home", "--no-window")
    assert done.returncode == 1
    assert re.fullmatch(r"error: .*file.* cannot be used: .*\.\n", done.stderr), done.stderr


def test_newer_state_is_refused_with_a_sentence_and_left_as_it_is(tmp_path: Path, peer: RetailPeer) -> None:
    home = configured(tmp_path / "one", peer)
    with Running(home, "--no-window") as agent:
        assert agent.end() == 0
    with sqlite3.connect(home / "agent" / "people" / "local" / "agent.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    kept = {path.name: path.read_bytes() for path in (home / "agent" / "people" / "local").glob("agent.db*")}
    for words in (("run", "--no-window"), ("ask", "total net sales")):
        done = desktop(home, *words)
        assert done.returncode == 1
        assert "written by a newer version" in done.stderr
        assert done.stderr.count("\n") == 1
    assert {
        path.name: path.read_bytes() for path in (home / "agent" / "people" / "local").glob("agent.db*")
    } == kept


# -- Cleaning up ---------------------------------------------------------------------------


def test_clean_up_takes_away_the_login_entry_and_leaves_the_conversations(tmp_path: Path) -> None:
    entry = tmp_path / "config" / "autostart" / "vmart-ai-agent.desktop"
    entry.parent.mkdir(parents=True)
    entry.write_text("[Desktop Entry]\nExec=/opt/vmart-agent\n")
    (tmp_path / "home" / "agent").mkdir(parents=True)
    more = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    done = installed(tmp_path / "home", "clean-up", **more)
    assert (done.returncode, entry.exists()) == (0, False)
    assert installed(tmp_path / "home", "clean-up", **more).returncode == 0
    assert (tmp_path / "home" / "agent").exists()


def test_clean_up_of_the_data_asks_first_and_leaves_a_backends_state_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("agent/results/r.z", "demo/data/x", "chatbot_config.yaml", "backend/state.db", ".key"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x")
    done = installed(home, "clean-up", "--data")
    assert done.returncode == 1
    assert str(home / "agent") in done.stdout
    assert (home / "agent" / "results" / "r.z").exists()
    done = installed(home, "clean-up", "--data", "--yes")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in home.iterdir()) == [".key", "backend"]
    assert installed(home, "clean-up", "--data", "--yes").returncode == 0


def test_clean_up_follows_no_link_and_removes_the_home_when_nothing_else_is_there(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    (elsewhere / "precious").mkdir(parents=True)
    (home / "agent").mkdir(parents=True)
    (home / "demo").symlink_to(elsewhere)
    assert installed(home, "clean-up", "--data", "--yes").returncode == 0
    assert (elsewhere / "precious").exists()
    assert not home.exists()


def test_clean_up_waits_for_nobody(tmp_path: Path, peer: RetailPeer) -> None:
    home = configured(tmp_path / "one", peer)
    with Running(home, "--no-window") as agent:
        done = desktop(home, "clean-up", "--data", "--yes")
        assert done.returncode == 1
        assert "is running. Close it" in done.stderr
        assert agent.json("GET", "/api/conversations") == {"conversations": []}
        assert agent.end() == 0
    assert (home / "agent" / "people" / "local" / "agent.db").exists()

"""The commands as a person runs them, in processes of their own."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import demo
from server.access.key_text import looks_like_a_key
from server.cli import main
from shared.backend_client import BackendClient
from tests.server.processes import BackendProcess, run, spawn
from tests.server.running import lines_of, wait_until


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[BackendProcess]:
    running = BackendProcess(tmp_path / "home")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


@pytest.mark.parametrize(
    "command", [[], ["serve"], ["generate-key"], ["check-config"], ["backup"], ["restore"], ["demo"]]
)
def test_every_command_has_help(tmp_path: Path, command: list[str]) -> None:
    code, out, _ = run(tmp_path, *command, "--help")
    assert code == 0
    assert "usage:" in out
    assert not list(tmp_path.iterdir())


def test_the_first_start_gives_the_administrator_a_key_and_stops_at_once_on_sigterm(
    backend: BackendProcess,
) -> None:
    assert (backend.home / "administrator.key").stat().st_mode & 0o777 == 0o600
    assert backend.ask("GET", "/health")["status"] == "ok"
    assert len(backend.ask("GET", "/api/keys")["keys"]) == 1
    key = backend.key
    assert backend.stop() == 0
    assert backend.process.stdout is not None
    assert key not in backend.process.stdout.read() + "".join(backend.lines)
    again = BackendProcess(backend.home)
    assert len(again.ask("GET", "/api/keys")["keys"]) == 1
    assert again.stop(signal.SIGINT) == 0
    assert not any("Traceback" in line for line in backend.lines + again.lines)


def test_generate_key_prints_the_key_and_nothing_else(backend: BackendProcess) -> None:
    arguments = ["--name", "chatbot-user1", "--permissions", "db_read,ai_insights", "--expires", "30"]
    code, out, err = run(backend.home, "generate-key", *arguments)
    assert (code, err) == (0, "")
    assert looks_like_a_key(out.strip())
    listed = [info for info in backend.ask("GET", "/api/keys")["keys"] if info["name"] == "chatbot-user1"]
    assert listed[0]["permissions"] == ["ai_insights", "db_read"]
    assert listed[0]["expires_at"] is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["generate-key", "--name", "a", "--permissions", "db_raed"], "db_raed"),
        (["generate-key", "--name", "a", "--roles", "king"], "king"),
        (["generate-key", "--name", "a"], "at least one permission"),
        (["serve", "--config", "/nowhere.yaml"], "no settings file"),
        (["check-config", "--config", "/nowhere.yaml"], "no settings file"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_code(tmp_path: Path, arguments: list[str], said: str) -> None:
    code, out, err = run(tmp_path, *arguments)
    assert (code, out) == (1, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("server: {porrt: 5000}", "porrt"),
        ("server: {port: many}", "server.port"),
        ("security: {rate_limit: fast}", "security.rate_limit"),
        ("security: {allowed_ips: [10.0.0.0/99]}", "security.allowed_ips"),
        ("server: {ssl_cert: /nowhere.pem}", "ssl_cert"),
        ("server: {ssl_cert: '${NO_SUCH_VARIABLE}'}", "NO_SUCH_VARIABLE"),
        ("logging: {level: LOUD}", "logging.level"),
        ("store: {url: 'oracle+nothing://x'}", "store.url"),
        ("database: {max_connections: 0}", "max_connections"),
        ("database: {query_timeout: -1}", "query_timeout"),
        ("database: {query_timeout: .nan}", "query_timeout"),
        ("database: {connection_timeout: .inf}", "connection_timeout"),
        ("database: {max_rows: 99999999999999999999}", "max_rows"),
        ("server: {port: 99999}", "server.port"),
        ("logging: {max_size_mb: 0}", "logging.max_size_mb"),
        ("store: {url: 'postgresql+pg8000://u:p@host:many/x'}", "store.url"),
    ],
)
def test_settings_that_cannot_work_stop_the_start_naming_the_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: str, said: str
) -> None:
    config = tmp_path / "backend_config.yaml"
    config.write_text(settings)
    for command in ("check-config", "serve"):
        assert main([command, "--config", str(config)]) == 1, command
        err = capsys.readouterr().err
        assert err.startswith(f"{config}: ")
        assert err.count(str(config)) == 1
        assert said in err
        assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("logging: {file: /dev/null/backend.log}", "/dev/null"),
        ("store: {url: 'postgresql+pg8000://u:some-secret@127.0.0.1:1/x'}", "store.url"),
    ],
)
def test_what_the_machine_refuses_is_one_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: str,
    said: str,
) -> None:
    monkeypatch.setenv("VMART_HOME", str(tmp_path / "home"))
    config = tmp_path / "backend_config.yaml"
    config.write_text(f"server: {{port: 0}}\n{settings}\n")
    before = logging.getLogger().handlers[:]
    try:
        assert main(["serve", "--config", str(config)]) == 1
    finally:
        logging.getLogger().handlers[:] = before
    err = capsys.readouterr().err
    assert said in err
    assert "some-secret" not in err
    assert len(err.strip().splitlines()) == 1


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    code, _, err = run(tmp_path / "home", "generate-key", "--name", "a", "--roles", "viewer")
    assert (code, len(err.strip().splitlines())) == (1, 1)
    assert "cannot be used" in err


def test_a_demo_whose_parent_is_gone_already_ends_by_itself(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    data = tmp_path / "demo" / "data"
    data.mkdir()
    (data / demo.MARKER).write_text(demo.VERSION)
    (data / "stores.csv").write_text("store_id,name\n1,Patna\n")
    code, out, _ = run(tmp_path, "demo", "--port", "0", "--with-parent")  # standard input ends at once
    assert code == 0
    ready = json.loads(out)
    assert ready["connection"] == "retail"
    assert Path(ready["key_file"]).stat().st_mode & 0o777 == 0o600


def test_a_demo_that_was_made_just_now_ends_without_a_word_of_its_libraries(tmp_path: Path) -> None:
    """DuckDB's counts as leaked what the collector of Python never got to see."""
    data = tmp_path / "demo" / "data"
    data.mkdir(parents=True)
    (data / demo.MARKER).write_text(demo.VERSION)
    (data / "stores.csv").write_text("store_id,name\n1,Patna\n")
    script = (
        "import duckdb, sys; duckdb.connect(':memory:').execute('SELECT 1').fetchall();"
        "from server.cli import main; sys.exit(main(['demo', '--port', '0', '--with-parent']))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"VMART_HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe without a reader is another failure there")
def test_whoever_stops_reading_a_list_gets_no_traceback(tmp_path: Path) -> None:
    for number in range(3):
        assert run(tmp_path, "users", "create", f"user{number}")[0] == 0
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as output:
        ended = subprocess.run(
            [sys.executable, "-m", "server", "users", "list"],
            env=os.environ | {"VMART_HOME": str(tmp_path)},
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_the_demo_answers_and_its_key_is_used_again(tmp_path: Path) -> None:
    data = tmp_path / "demo" / "data"
    data.mkdir(parents=True)
    (data / demo.MARKER).write_text(demo.VERSION)
    (data / "stores.csv").write_text("store_id,name\n1,Patna\n2,Pune\n")
    keys = []
    for _ in range(2):
        process = spawn(tmp_path, "demo", "--port", "0", "--with-parent")
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        keys.append(Path(ready["key_file"]).read_text().strip())
        client = BackendClient(ready["url"], keys[-1])
        result = client.execute_query("retail", "SELECT count(*) AS n FROM stores")
        assert [list(row) for row in result.rows] == [[2]]
        process.communicate(timeout=20)
        assert process.returncode == 0
    assert keys[0] == keys[1]


def test_a_port_that_is_taken_is_named(backend: BackendProcess, tmp_path: Path) -> None:
    port = backend.url.rpartition(":")[2]
    config = tmp_path / "second.yaml"
    config.write_text(f"server: {{port: {port}}}")
    code, _, err = run(tmp_path / "other", "serve", "--config", str(config))
    assert code == 1
    assert port in err


def test_a_backend_that_is_killed_loses_no_line_older_than_a_moment(backend: BackendProcess) -> None:
    for _ in range(20):
        backend.ask("GET", "/api/connections")
    wait_until(lambda: len(lines_of(backend.home)) == 20)
    backend.stop(signal.SIGKILL)
    assert len(lines_of(backend.home)) == 20
    again = BackendProcess(backend.home)
    assert again.ask("GET", "/health")["status"] == "ok"
    assert again.stop() == 0

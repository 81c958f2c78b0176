"""The image, built and run for real: what an administrator does with it, and does wrong with it."""

import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests
import yaml

from server.vault import fresh_key
from shared.backend_client import BackendClient
from tests.docs.pages import commands
from tests.peers.listening import free_port
from tests.peers.podman import ROOT, TAG, Container, Podman, podman
from tests.server.running import wait_until

__all__ = ["podman"]  # a fixture

pytestmark = pytest.mark.slow

HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges")
USER = 10_001
DOCUMENTED = "vmart-backend:0.1.0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folders as an administrator makes them: config and data readable, nothing given to our user."""
    for name in ("config", "data", "logs", "secrets"):
        (tmp_path / name).mkdir()
    (tmp_path / "data" / "stores.csv").write_text("store_id,zone\n1,East\n2,West\n3,East\n")
    (tmp_path / "data" / "numbers.csv").write_text("n\n" + "\n".join(str(n) for n in range(1000)) + "\n")
    for path in (tmp_path, *tmp_path.parents[:3]):  # pytest's folders are for us alone
        path.chmod(0o755)
    return tmp_path


def client(container: Container, key: str) -> BackendClient:
    return BackendClient(container.url, key, timeout=60, retry_attempts=0)


def add_files(container: Container, key: str) -> None:
    body = {"name": "files", "type": "filesystem", "params": {"root": "/data"}}
    made = requests.post(
        f"{container.url}/api/connections", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=30
    )
    assert made.status_code == 201, made.text


def test_the_image_says_what_it_is_and_holds_no_more_than_it_needs(podman: Podman) -> None:
    image = json.loads(podman("image", "inspect", TAG))[0]
    labels = image["Labels"]
    for name in ("title", "description", "licenses", "version", "revision", "created"):
        assert labels[f"org.opencontainers.image.{name}"].strip()
    assert labels["org.opencontainers.image.licenses"] == "MIT"
    config = image["Config"]
    assert config["User"] == f"{USER}:{USER}"
    assert set(config["Volumes"]) == {"/app/state", "/app/logs"}
    assert config["ExposedPorts"] == {"5000/tcp": {}}
    assert image["Size"] < 680_000_000
    look = "import importlib.util as u, shutil as s; print(s.which('cc'), s.which('gcc'), u.find_spec('pip'))"
    assert podman("run", "--rm", "--entrypoint=python", TAG, "-c", look) == "None None None"
    written = (
        "find / -xdev -writable -not -type l -not -path '/proc/*' -not -path '/dev/*' -not -path '/sys/*'"
    )
    found = podman("run", "--rm", "--entrypoint=sh", TAG, "-c", f"{written} 2>/dev/null", check=False)
    places = {line for line in found.splitlines() if not line.startswith(("/tmp", "/var/tmp", "/run/lock"))}
    assert places <= {"/app/state", "/app/logs"}, places


CONNECT = """
import ctypes
odbc = ctypes.CDLL("libodbc.so.2")
environment, connection = ctypes.c_void_p(), ctypes.c_void_p()
odbc.SQLAllocHandle(1, None, ctypes.byref(environment))
odbc.SQLSetEnvAttr(environment, 200, ctypes.c_void_p(3), 0)
odbc.SQLAllocHandle(2, environment, ctypes.byref(connection))
text = b"DRIVER={FreeTDS};SERVER=127.0.0.1;PORT=1;UID=a;PWD=b;TDS_Version=7.4"
odbc.SQLDriverConnect(connection, None, text, len(text), None, 0, None, 0)
said, state = ctypes.create_string_buffer(999), ctypes.create_string_buffer(9)
number, length = ctypes.c_int(), ctypes.c_short()
odbc.SQLGetDiagRec(2, connection, 1, state, ctypes.byref(number), said, 999, ctypes.byref(length))
print(said.value.decode())
"""


def test_the_free_driver_for_sql_server_is_found_by_its_name_and_loads(podman: Podman) -> None:
    said = podman("run", "--rm", "--read-only", "--entrypoint=python", TAG, "-c", CONNECT)
    assert "[FreeTDS]" in said
    assert "Unable to connect" in said


def test_the_line_of_the_docs_works_with_folders_that_docker_made(podman: Podman, folder: Path) -> None:
    mounts = [f"--volume={folder / 'config'}:/app/config", f"--volume={folder / 'logs'}:/app/logs"]
    with Container(podman, *mounts) as container:
        container.wait_until_healthy()
        said = container.logs()
        assert "There is no settings file at /app/config/backend_config.yaml" in said
        assert "/app/logs cannot be written by user 10001" in said
        assert "The administrator's API key is in /app/state/administrator.key" in said
        assert container.key not in said
        assert container.exec("stat", "-c", "%a %u", "/app/state/administrator.key") == f"600 {USER}"
        assert client(container, container.key).health_check()
        assert list((folder / "config").iterdir()) == []
        assert container.stop() == 0
        assert "Traceback" not in container.logs()


def test_a_log_is_written_where_the_folder_is_ours(podman: Podman, folder: Path) -> None:
    os.chown(folder / "logs", USER, USER)
    with Container(podman, *HARDENED, f"--volume={folder / 'logs'}:/app/logs") as container:
        container.wait_until_healthy()
        assert "Serving at" in (folder / "logs" / "backend.log").read_text()
        assert "Serving at" in container.logs()


def test_four_workers_with_secrets_from_files_answer_drain_and_are_replaced(
    podman: Podman, folder: Path
) -> None:
    """The whole life of a container: started hardened, asked, stopped in the middle of a query, replaced."""
    (folder / "config" / "backend_config.yaml").write_text(
        "server: {host: 0.0.0.0, port: 5000, workers: 4, allow_plain_http: true}\n"
        "security: {rate_limit: '${file:/run/secrets/rate}'}\n"
    )
    written(folder / "secrets" / "master_key", fresh_key())
    written(folder / "secrets" / "rate", "5000/hour\n")
    options = [
        *HARDENED,
        f"--volume={folder / 'secrets'}:/run/secrets:ro",
        "--env=VMART_MASTER_KEY_FILE=/run/secrets/master_key",
        f"--volume={folder / 'config'}:/app/config:ro",
        f"--volume={folder / 'data'}:/data:ro",
        "--volume=four-workers:/app/state",
    ]
    with Container(podman, *options) as first:
        first.wait_until_healthy()
        wait_until(lambda: "with 4 workers" in first.logs())
        assert first.state()["Health"]["Status"] == "healthy"
        assert "up " in first.exec("python", "-m", "server", "health")
        key = first.key
        add_files(first, key)
        result = client(first, key).execute_query(
            "files", "SELECT zone, count(*) AS n FROM stores GROUP BY zone ORDER BY zone"
        )
        assert [list(row) for row in result.rows] == [["East", 2], ["West", 1]]
        found = client(first, key).analyze_data(connection="files", query="SELECT n FROM numbers")
        assert found.summary
        assert ".key" not in first.exec("ls", "-A", "/app/state").split()

        answers: list[int] = []
        counting = (
            "SELECT count(*) AS n FROM numbers a, numbers b, numbers c WHERE a.n < 150 AND a.n + b.n > c.n"
        )
        asking = threading.Thread(
            target=lambda: answers.append(
                next(iter(client(first, key).execute_query("files", counting).rows))[0]
            )
        )
        asking.start()
        time.sleep(0.3)
        assert first.stop() == 0
        asking.join(30)
        assert answers
        assert "Traceback" not in first.logs()

    with Container(podman, *options) as second:
        second.wait_until_healthy()
        assert "administrator's API key" not in second.logs()
        again = client(second, key).execute_query("files", "SELECT count(*) AS n FROM stores")
        assert [list(row) for row in again.rows] == [[3]]
        assert second.exec("python", "-m", "server", "generate-key", "--name=till", "--roles=viewer")


def written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def test_a_worker_that_dies_in_the_container_is_replaced(podman: Podman, folder: Path) -> None:
    (folder / "config" / "backend_config.yaml").write_text(
        "server: {host: 0.0.0.0, workers: 2, allow_plain_http: true}\n"
    )
    with Container(podman, *HARDENED, f"--volume={folder / 'config'}:/app/config:ro") as container:
        container.wait_until_healthy()
        wait_until(lambda: "with 2 workers" in container.logs())
        kill = (
            "import os, signal\n"
            "for pid in filter(str.isdigit, os.listdir('/proc')):\n"
            "    if open(f'/proc/{pid}/stat').read().rsplit(')')[1].split()[1] == '1':\n"
            "        os.kill(int(pid), signal.SIGKILL); break"
        )
        container.exec("python", "-c", kill)
        wait_until(lambda: "starting another one" in container.logs())
        container.wait_until_healthy()
        assert container.stop() == 0


def test_another_user_of_group_0_may_run_it(podman: Podman) -> None:
    with Container(podman, *HARDENED, "--user=1234567:0") as container:
        container.wait_until_healthy()
        assert container.stop() == 0


def test_what_cannot_be_used_is_one_sentence_and_a_code(podman: Podman, folder: Path) -> None:
    config = folder / "config" / "backend_config.yaml"
    key = written(folder / "secrets" / "key", "not a key")
    wrong: list[tuple[list[str], str]] = []

    (folder / "state").mkdir()
    wrong.append(([f"--volume={folder / 'state'}:/app/state"], "Give it to user 10001"))
    wrong.append(([f"--volume={key}:/run/k:ro", "--env=VMART_MASTER_KEY_FILE=/run/k"], "not a master key"))
    wrong.append((["--env=VMART_MASTER_KEY="], "VMART_MASTER_KEY is empty"))
    for options, said in wrong:
        assert_ends_with(podman, options, said)

    written(config, "server: {porrt: 5}")
    mount = [f"--volume={folder / 'config'}:/app/config:ro"]
    assert_ends_with(podman, mount, "has no setting called 'porrt'")
    config.chmod(0o600)
    assert_ends_with(podman, mount, "cannot be read: Permission denied")
    (folder / "config").chmod(0o700)
    assert_ends_with(podman, mount, "cannot be reached by user 10001")


def assert_ends_with(podman: Podman, options: list[str], said: str) -> None:
    with Container(podman, *HARDENED, *options) as container:
        assert container.wait_until_ended() == 1
        lines = container.logs().strip().splitlines()
        assert said in lines[-1], lines
        assert not any("Traceback" in line for line in lines)


def test_the_version_is_the_projects(podman: Podman) -> None:
    project = (ROOT / "pyproject.toml").read_text()
    version = json.loads(podman("image", "inspect", TAG))[0]["Labels"]["org.opencontainers.image.version"]
    assert f'version = "{version}"' in project
    with Container(podman, *HARDENED) as container:
        container.wait_until_healthy()
        look = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:5000/health').read().decode())"
        assert json.loads(container.exec("python", "-c", look))["version"] == version


def test_every_command_of_the_docs_works(podman: Podman, folder: Path) -> None:
    """As they stand there, in a folder with a `docker` that is Podman, on free ports."""
    tools = folder / "tools"
    tools.mkdir()
    written(tools / "docker", '#!/bin/sh\nexec podman "$@"\n').chmod(0o755)
    built = "python3 build.py image"
    environment = podman.environment | {"PATH": f"{tools}:{podman.environment['PATH']}"}
    lines = commands("docs/install.md", "A backend with Docker")
    assert built in lines
    for line in lines:
        if line == built:
            podman.build(tag=DOCUMENTED)
            continue
        here = re.sub(r"-p 500\d:5000", lambda _: f"-p 127.0.0.1:{free_port()}:5000", line)
        done = run(here, folder, environment)
        if "health" in line:  # who types it is slower than this
            wait_until(lambda here=here: run(here, folder, environment).returncode == 0)  # type: ignore[misc]
            continue
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert "workers: 1" in (folder / "config" / "backend_config.yaml").read_text()
    assert podman("inspect", "--format", "{{.State.ExitCode}}", "vmart-hard") == "0"
    logs = podman.run("logs", "vmart")
    assert (logs.stdout + logs.stderr).count("There is no settings file") == 1  # at the first start alone
    podman("rm", "--force", "--time", "0", "vmart", "vmart-hard")


def test_compose_starts_it_hardened_with_a_key_from_a_secret(podman: Podman, folder: Path) -> None:
    port = free_port()
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    written(folder / "compose.yaml", text.replace('"5000:5000"', f'"127.0.0.1:{port}:5000"'))
    written(folder / "secrets" / "master_key", fresh_key())
    podman("tag", TAG, DOCUMENTED)
    compose = ["podman-compose", "-p", "vmart"]
    up = run(" ".join([*compose, "up", "-d", "--no-build"]), folder, podman.environment)
    try:
        assert up.returncode == 0, up.stderr
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: BackendClient(url, "", timeout=5, retry_attempts=0).health_check(), 60)
        inside = podman("exec", "vmart_backend_1", "ls", "-A", "/app/state").split()
        assert "administrator.key" in inside
        assert ".key" not in inside
        settings = json.loads(podman("inspect", "vmart_backend_1"))[0]
        assert settings["HostConfig"]["ReadonlyRootfs"]
        assert settings["EffectiveCaps"] in (None, [])
    finally:
        down = run(" ".join([*compose, "down", "-t", "30"]), folder, podman.environment)
    assert down.returncode == 0, down.stderr


def test_what_compose_offers_in_comments_is_valid_too() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    services = text.split("\nservices:\n")[1]
    opened = "services:\n" + re.sub(r"^#(  .*)$", r"\1", services, flags=re.MULTILINE)
    found = yaml.safe_load(opened)
    assert set(found["services"]) == {"backend", "state"}
    assert set(found["volumes"]) == {"state", "logs", "database"}
    assert set(found["secrets"]) == {"master_key", "state_password"}
    state = found["services"]["state"]
    assert state["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/state_password"
    shown = re.search(r'store: \{url: "(.*)"\}', text)
    assert shown
    assert "${file:/run/secrets/state_password}@state/vmart" in shown[1]


def run(line: str, folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_container_that_is_stopped_while_it_starts_ends_by_itself(podman: Podman) -> None:
    """From the moment that Python itself has started: what is sent before, no first process hears."""
    for pause in (0.0, 0.2, 0.5):
        with Container(podman, *HARDENED) as container:
            wait_until(lambda container=container: container.logs() != "")  # type: ignore[misc]
            time.sleep(pause)
            assert container.stop(20) == 0, pause

"""A connect code and a connect link, against the real backend: the key comes once and is kept at once."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop.cli import main
from desktop.instance import Place, hand_over
from desktop.settings_file import load
from server.connectors import KINDS
from shared.connect_code import link_to
from shared.errors import Conflict
from shared.settings import BackendSettings
from tests.desktop.running import RunningAgent
from tests.server.running import RunningBackend

ALL = ["connections_read", "schema_read", "db_read"]


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    running = RunningBackend(tmp_path_factory.mktemp("company"), KINDS, BackendSettings())
    yield running
    running.stop()


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    with RunningAgent(tmp_path, backend_url="", ask=True) as running:
        yield running


def code_for(backend: RunningBackend, permissions: list[str]) -> str:
    made = backend.ask("POST", "/api/connect-codes", {"name": "asha", "permissions": permissions})
    return str(made.json["code"])


def connect(agent: RunningAgent, url: str, key: str) -> list[dict[str, Any]]:
    return list(agent.stream("/api/backend/connect", {"url": url, "api_key": key}))


def test_a_code_becomes_a_kept_key(agent: RunningAgent, backend: RunningBackend, tmp_path: Path) -> None:
    code = code_for(backend, ALL)
    steps = connect(agent, backend.url, code.lower())
    assert [step["step"] for step in steps][-4:] == ["code", "key", "permissions", "saved"]
    kept = load(None, tmp_path).backend
    assert kept.url == backend.url
    assert backend.ask("GET", "/api/me", key=kept.api_key).json["name"] == "asha"
    assert kept.api_key not in str(steps)
    again = connect(agent, backend.url, code)
    assert (again[-1]["step"], again[-1]["state"]) == ("code", "failed")
    assert load(None, tmp_path).backend.api_key == kept.api_key


def test_a_link_carries_both_wherever_it_is_pasted(
    agent: RunningAgent, backend: RunningBackend, tmp_path: Path
) -> None:
    for place in ("url", "api_key"):
        link = link_to(backend.url, code_for(backend, ALL))
        steps = connect(agent, **{"url": "", "key": "", "url" if place == "url" else "key": link})
        assert steps[-1]["step"] == "saved", steps
    broken = connect(agent, "vmart://connect?url=x", "")
    assert (broken[-1]["step"], broken[-1]["state"]) == ("address", "failed")


def test_a_key_that_lacks_something_is_kept_all_the_same_for_the_code_is_used_up(
    agent: RunningAgent, backend: RunningBackend, tmp_path: Path
) -> None:
    steps = connect(agent, backend.url, code_for(backend, ["connections_read"]))
    assert (steps[-1]["step"], steps[-1]["state"], steps[-1]["code"]) == ("permissions", "failed", "kept")
    key = load(None, tmp_path).backend.api_key
    assert backend.ask("GET", "/api/me", key=key).status == 200


def test_a_code_is_not_used_up_when_its_key_could_not_be_kept(
    agent: RunningAgent, backend: RunningBackend, tmp_path: Path
) -> None:
    file = tmp_path / "chatbot_config.yaml"
    file.write_text("chatbot: [\n")
    code = code_for(backend, ALL)
    steps = connect(agent, backend.url, code)
    assert (steps[-1]["step"], steps[-1]["state"]) == ("saved", "failed")
    assert file.read_text() == "chatbot: [\n"
    file.write_text("backend: {url: '${SOME_URL:}', api_key: '${SOME_KEY:}'}\n")
    saved = connect(agent, backend.url, code)[-1]
    assert (saved["step"], saved["state"]) == ("saved", "ok")
    assert saved["says"].endswith("It is no longer taken from ${SOME_URL} and ${SOME_KEY}.")


def test_a_link_that_somebody_opened_is_shown_and_connects_to_nothing(
    agent: RunningAgent, backend: RunningBackend, tmp_path: Path
) -> None:
    door = agent.serving.door
    code = code_for(backend, ALL)
    place = Place(1, door.link, door.token)
    hand_over(place, link_to(backend.url, code))
    assert agent.json("GET", "/api/state")["offer"] == {"url": backend.url, "code": code}
    assert agent.json("GET", "/api/state")["backend"]["state"] == "not_configured"
    assert not (tmp_path / "chatbot_config.yaml").exists()
    agent.json("DELETE", "/api/backend/offer", {})
    assert agent.json("GET", "/api/state")["offer"] is None
    with pytest.raises(Conflict):
        hand_over(place, "vmart://connect?url=x")
    assert agent.http("POST", "/api/window/link", {"link": "vmart://connect?url=x"})[0] == 400
    assert connect(agent, backend.url, code)[-1]["step"] == "saved"


@pytest.mark.parametrize("link", ["vmart://connect?url=https://a.example", "vmart:", "VMART://x"])
def test_a_damaged_link_on_the_command_line_starts_nothing(link: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "desktop", link],
        capture_output=True,
        text=True,
        timeout=120,
        env={"VMART_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert ended.returncode == 2
    assert "link" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_link_brings_no_other_words_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page may write a link that some systems split at a quotation mark."""
    monkeypatch.setenv("VMART_HOME", str(tmp_path))
    for more in (["--help"], ["--config", "evil.yaml"], ["ask", "x"]):
        assert main(["vmart://connect?url=x", *more]) == 2

"""A backend is chosen while the program runs: tested, kept, used at once, changed again."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from desktop.choice import Choice, ChoiceFile, chosen
from desktop.settings_file import load
from shared.settings import BackendSection
from tests.desktop.running import RetailPeer, RunningAgent, only
from tests.peers.backend import Asked, BackendPeer, Reply, json_reply, query_answer

KEY = "vmart_0123456789abcdefghijklmnop"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    """As the installed program starts the first time."""
    with RunningAgent(tmp_path, backend_url="", ask=True) as running:
        yield running


def connect(agent: RunningAgent, url: str, key: str = KEY, **more: Any) -> list[dict[str, Any]]:
    return list(agent.stream("/api/backend/connect", {"url": url, "api_key": key, **more}))


def wait_for(
    agent: RunningAgent, fits: Callable[[dict[str, Any]], bool], seconds: float = 60
) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        state: dict[str, Any] = agent.json("GET", "/api/state")
        if fits(state):
            return state
        assert time.monotonic() < deadline, state
        time.sleep(0.05)


def online_at(url: str) -> Callable[[dict[str, Any]], bool]:
    return lambda state: (state["backend"]["state"], state["backend"]["url"]) == ("online", url)


def test_before_anything_is_chosen_the_window_knows_it_and_a_question_fails_at_once(
    agent: RunningAgent,
) -> None:
    state = agent.json("GET", "/api/state")
    assert (state["backend"]["state"], state["connections"]) == ("not_configured", [])
    began = time.monotonic()
    events = agent.ask("total net sales by zone")
    assert only(events, "turn_failed")["error"] == "No backend is chosen yet."
    assert time.monotonic() - began < 10


def test_a_backend_that_stands_the_test_is_kept_and_used_without_a_restart(
    agent: RunningAgent, tmp_path: Path
) -> None:
    with RetailPeer() as peer:
        steps = connect(agent, peer.url)
        assert [step["state"] for step in steps if step["state"] == "failed"] == []
        assert steps[-1]["step"] == "saved"
        state = wait_for(agent, online_at(peer.url))
        assert [one["name"] for one in state["connections"]] == ["retail"]
        assert only(agent.ask("total net sales by zone"), "result")["rows"][0][0] == "North"
        assert all(KEY in one.headers["Authorization"] for one in peer.asked[-3:])
    file = tmp_path / "chatbot_config.yaml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(file.read_text())["backend"] == {"url": peer.url, "api_key": KEY}
    assert load(None, tmp_path).backend.api_key == KEY


def test_the_key_is_never_told_again(agent: RunningAgent, tmp_path: Path) -> None:
    with RetailPeer() as peer:
        steps = connect(agent, peer.url)
        wait_for(agent, online_at(peer.url))
        events = agent.ask("total net sales by zone")
        told = str([steps, events, agent.json("GET", "/api/state"), agent.http("GET", "/")])
    assert KEY not in told
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "chatbot_config.yaml":
            assert KEY.encode() not in path.read_bytes(), path


def test_what_fails_changes_nothing(agent: RunningAgent, tmp_path: Path) -> None:
    with BackendPeer(lambda asked: json_reply({"hello": 1})) as stranger:
        steps = connect(agent, stranger.url)
    assert (steps[-1]["step"], steps[-1]["state"]) == ("backend", "failed")
    assert agent.json("GET", "/api/state")["backend"]["state"] == "not_configured"
    assert not (tmp_path / "chatbot_config.yaml").exists()
    assert connect(agent, "")[-1]["state"] == "failed"
    assert connect(agent, "http://127.0.0.1:1", "")[-1]["says"].startswith("Paste the API key")
    assert connect(agent, "http://127.0.0.1:1", "two words")[-1]["says"].startswith("The API key holds")


def test_the_kept_key_serves_again_at_its_own_address_and_at_no_other(agent: RunningAgent) -> None:
    with RetailPeer() as company, RetailPeer() as other:
        connect(agent, company.url)
        wait_for(agent, online_at(company.url))
        steps = connect(agent, other.url, "")
        assert steps[-1]["says"].startswith("Paste the API key")
        assert other.asked == []
        assert connect(agent, f"{company.url}/", "")[-1]["step"] == "saved"


def test_another_backend_with_connections_of_the_same_name_gives_its_own_values(agent: RunningAgent) -> None:
    elsewhere = query_answer([("zone", "text"), ("net_sales", "decimal")], b'[["Moon",1.5]]', 1)
    one, two = RetailPeer(), RetailPeer()
    two.query = elsewhere
    with one, two:
        connect(agent, one.url)
        wait_for(agent, online_at(one.url))
        first = agent.ask("total net sales by zone")
        connect(agent, two.url)
        wait_for(agent, online_at(two.url))
        second = agent.ask("total net sales by zone")
    assert only(first, "result")["rows"][0][0] == "North"
    assert only(second, "result")["rows"] == [["Moon", 1.5]]
    assert only(second, "result")["cached_at"] is None


def test_a_slow_test_is_overtaken_by_whatever_is_chosen_meanwhile(
    agent: RunningAgent, tmp_path: Path
) -> None:
    reached, go_on = threading.Event(), threading.Event()
    slow, quick = RetailPeer(), RetailPeer()
    answer = slow.answer

    def late(asked: Asked) -> Reply:
        reached.set()
        go_on.wait(20)
        return answer(asked)

    slow.answer = late
    with slow, quick:
        found: list[dict[str, Any]] = []
        thread = threading.Thread(target=lambda: found.extend(connect(agent, slow.url)))
        thread.start()
        assert reached.wait(60)
        assert connect(agent, quick.url)[-1]["state"] == "ok"
        go_on.set()
        thread.join(60)
        assert found[-1]["says"] == "Something else has been chosen meanwhile."
        wait_for(agent, online_at(quick.url))
    assert load(None, tmp_path).backend.url == quick.url


def test_a_settings_file_that_cannot_be_written_is_told_and_nothing_changes(
    agent: RunningAgent, tmp_path: Path
) -> None:
    (tmp_path / "chatbot_config.yaml").write_text("backend: {ulr: x}\n")
    with RetailPeer() as peer:
        steps = connect(agent, peer.url)
    assert (steps[-1]["step"], steps[-1]["state"]) == ("saved", "failed")
    assert "no setting called 'ulr'" in steps[-1]["says"]
    assert agent.json("GET", "/api/state")["backend"]["state"] == "not_configured"


def test_a_strange_body_is_refused(agent: RunningAgent) -> None:
    strange: list[Any] = [{"url": 5}, {"api_key": KEY}, {"url": "x", "more": 1}, [], b"{"]
    for body in strange:
        assert agent.http("POST", "/api/backend/connect", body)[0] == 400
    assert agent.http("POST", "/api/backend/demo", {"x": 1})[0] == 400
    assert agent.http("PUT", "/api/autostart", {"on": "yes"})[0] == 400
    status, _, data = agent.http("POST", "/api/backend/demo", {}, {"Content-Type": "application/json"})
    assert status == 401, data


def test_source_code_does_not_start_at_login(agent: RunningAgent) -> None:
    assert agent.json("GET", "/api/state")["autostart"] == {"possible": False, "on": False}
    assert agent.http("PUT", "/api/autostart", {"on": True})[0] == 409
    assert agent.json("PUT", "/api/autostart", {"on": False}) == {"possible": False, "on": False}


# -- What is remembered --------------------------------------------------------------------


COMPANY = BackendSection(url="https://backend.example:5000", api_key=KEY)
NOTHING = BackendSection()


@pytest.mark.parametrize(
    ("section", "choice", "ask", "url"),
    [
        (NOTHING, Choice(), True, None),
        (NOTHING, Choice(), False, ""),
        (NOTHING, Choice(demo=True), True, ""),
        (COMPANY, Choice(), True, COMPANY.url),
        (COMPANY, Choice(demo=True), True, COMPANY.url),
        (COMPANY, Choice(demo=True, instead_of=COMPANY.url), True, ""),
        (COMPANY, Choice(demo=True, instead_of="https://older.example"), False, COMPANY.url),
    ],
    ids=[
        "first start",
        "--demo",
        "demo kept",
        "settings",
        "settings are newer",
        "demo instead",
        "changed",
    ],
)
def test_the_choice_holds_until_the_settings_say_something_newer(
    section: BackendSection, choice: Choice, ask: bool, url: str | None
) -> None:
    found = chosen(section, choice, ask=ask)
    assert (None if found is None else found.url) == url
    assert found is None or url or found.api_key == ""


def test_a_damaged_choice_is_none(tmp_path: Path) -> None:
    choices = ChoiceFile(tmp_path)
    assert choices.find() == Choice()
    choices.keep(Choice(demo=True, instead_of="x"))
    assert choices.find() == Choice(demo=True, instead_of="x")
    (tmp_path / "backend.json").write_text("{")
    assert choices.find() == Choice()

"""People come and go over HTTP, with Google's wire behind it: each finds what is theirs and nothing else."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from desktop.people import LOCAL
from shared.connect_code import link_to
from shared.settings import ChatbotSection, GoogleOAuthSection
from tests.desktop.running import RetailPeer, RunningAgent, only
from tests.desktop.test_identity import ANITA, BALA, GUEST, answer_of, page
from tests.desktop.test_identity import peer as google
from tests.desktop.test_session import SetClock
from tests.peers.google_oauth import GooglePeer

__all__ = ["google"]
KEY = "vmart_0123456789abcdefghijklmnop"


class RealTime(SetClock):
    """Google's peer stamps its tokens by the machine's clock, so this one starts there."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = self.moment._replace(wall=time.time())


class World:
    """An agent where people sign in, with a backend and a Google of its own."""

    def __init__(self, home: Path, google: GooglePeer, **more: Any) -> None:
        self.google = google
        self.backend = RetailPeer()
        self.clock = RealTime()
        self.home = home
        self.section: GoogleOAuthSection = google.section(**more)

    def agent(self) -> RunningAgent:
        chatbot = ChatbotSection(session_timeout=600)
        return RunningAgent(
            self.home,
            backend_url=self.backend.url,
            chatbot=chatbot,
            google=self.section,
            clock=self.clock,
            cache_ttl=77,
        )

    def idle(self) -> None:
        self.clock.move(wall=601, steady=601)


@pytest.fixture
def world(tmp_path: Path, google: GooglePeer) -> Iterator[World]:
    world = World(tmp_path / "home", google)
    with world.backend:
        yield world


def sign_in(agent: RunningAgent, google: GooglePeer, account: str, *, again: bool = False) -> dict[str, Any]:
    """The last step, after the person has chosen ``account`` in the browser."""
    last: dict[str, Any] = {}
    for step in agent.stream("/api/session/google", {"again": again}):
        last = step
        if step["state"] == "waiting":
            page(answer_of(google, step["link"], account))
    return last


def session(agent: RunningAgent) -> dict[str, Any]:
    shown: dict[str, Any] = agent.json("GET", "/api/session")
    return shown


def titles(agent: RunningAgent, words: str = "") -> list[str]:
    return [one["title"] for one in agent.json("GET", f"/api/conversations?q={words}")["conversations"]]


def files_with(folder: Path, word: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and word in path.read_bytes()]


def wait_until(fits: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not fits():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_nobody_is_there_until_somebody_signs_in(world: World) -> None:
    with world.agent() as agent:
        shown = session(agent)
        assert (shown["state"], shown["person"], shown["google"]["available"]) == ("signed_out", None, True)
        assert agent.http("GET", "/api/conversations")[0] == 401
        assert sign_in(agent, world.google, ANITA) == {
            "state": "done",
            "link": "",
            "opened": False,
            "says": "",
        }
        assert session(agent)["person"] == {"kind": "google", "name": "Anita Rao", "email": ANITA}
        assert titles(agent) == []


def test_two_people_on_one_machine_find_what_is_theirs_and_nothing_else(world: World) -> None:
    with world.agent() as agent:
        for account, question in ((ANITA, "total net sales by zone"), (BALA, "net sales of South")):
            assert sign_in(agent, world.google, account)["state"] == "done"
            assert titles(agent) == []
            assert agent.json("GET", "/api/meter")["bytes"] == 0
            events = agent.ask(question)
            if account == ANITA:
                result = only(events, "result")["result_id"]
                agent.http("PUT", "/api/settings", {"theme": "dark"})
                steps = list(agent.stream("/api/backend/connect", {"url": world.backend.url, "api_key": KEY}))
                assert steps[-1]["step"] == "saved", steps
                seat = agent.serving.seat
                assert seat is not None
                assert seat.parts.setup.section.cache_ttl == 77  # the machine's settings go on to hold
        assert titles(agent) == ["net sales of South"]
        assert titles(agent, "zone") == []
        for path in ("", "/receipt", "/export?format=csv"):
            assert agent.http("GET", f"/api/results/{result}{path}")[0] == 404
        assert agent.json("GET", "/api/state")["settings"]["theme"] == "system"
        assert KEY not in world.backend.asked[-1].headers["Authorization"]
        sign_in(agent, world.google, ANITA)
        assert titles(agent, "zone") == ["total net sales by zone"]
        assert agent.http("GET", f"/api/results/{result}")[0] == 200
        assert agent.json("GET", "/api/state")["settings"]["theme"] == "dark"
        agent.ask("total net sales")
        assert KEY in world.backend.asked[-1].headers["Authorization"]
        folders = [path for path in (world.home / "agent" / "people").iterdir() if path.is_dir()]
        assert len(folders) == 2
        [anitas] = [folder for folder in folders if files_with(folder, KEY.encode())]
        assert yaml.safe_load((anitas / "chatbot_config.yaml").read_text())["backend"]["api_key"] == KEY
        assert files_with(world.home, KEY.encode()) == [anitas / "chatbot_config.yaml"]
        assert not (world.home / "chatbot_config.yaml").exists()


def test_a_connect_code_that_one_person_left_is_not_shown_to_the_next(world: World) -> None:
    code = {"url": "https://backend.example", "code": "2345-6789-ABCD"}
    with world.agent() as agent:
        agent.json("POST", "/api/window/link", {"link": link_to(code["url"], code["code"])})
        sign_in(agent, world.google, ANITA)
        assert agent.json("GET", "/api/state")["offer"] == code
        sign_in(agent, world.google, BALA)
        assert agent.json("GET", "/api/state")["offer"] is None


def test_answers_that_are_kept_for_one_person_are_not_given_to_another(world: World) -> None:
    with world.agent() as agent:
        sign_in(agent, world.google, ANITA)
        assert only(agent.ask("total net sales by zone"), "result")["cached_at"] is None
        world.backend.__exit__(None, None, None)
        sign_in(agent, world.google, BALA)
        mine = agent.ask("total net sales by zone")
        assert not [event for event in mine if event["event"] == "result"]
        sign_in(agent, world.google, ANITA)
        assert only(agent.ask("total net sales by zone"), "result")["cached_at"] is not None


def test_everything_of_a_person_is_closed_to_other_users_of_the_machine(world: World) -> None:
    with world.agent() as agent:
        sign_in(agent, world.google, ANITA)
        agent.ask("total net sales by zone")
        agent.json("GET", "/api/schema")
        for path in (world.home / "agent" / "people").rglob("*"):
            assert path.stat().st_mode & 0o077 == 0, path
        [token] = world.google.server.refresh_tokens
        assert files_with(world.home, token.encode()) == []
        assert files_with(world.home, b"id_token") == []


def test_after_a_while_it_asks_for_the_same_person_and_brings_everything_back(world: World) -> None:
    with world.agent() as agent:
        sign_in(agent, world.google, ANITA)
        conversation = only(agent.ask("total net sales by zone"), "turn_started")["conversation_id"]
        agent.http("PUT", "/api/draft", {"conversation_id": conversation, "text": "and by store"})
        world.idle()
        assert session(agent)["state"] == "locked"
        assert agent.http("POST", "/api/session/confirm", {})[0] == 401, "a click is not enough"
        assert sign_in(agent, world.google, ANITA, again=True)["state"] == "done"
        assert world.google.server.asked_for[-1]["login_hint"] == ANITA
        assert agent.json("GET", f"/api/conversations/{conversation}")["draft"] == "and by store"


def test_somebody_else_at_a_locked_window_gets_a_profile_of_their_own(world: World) -> None:
    with world.agent() as agent:
        sign_in(agent, world.google, ANITA)
        agent.ask("total net sales by zone")
        world.idle()
        sign_in(agent, world.google, BALA)
        assert (session(agent)["person"]["email"], titles(agent)) == (BALA, [])


def test_a_start_soon_after_finds_the_person_again_and_a_later_one_asks(world: World) -> None:
    with world.agent() as agent:
        sign_in(agent, world.google, ANITA)
        agent.ask("total net sales by zone")
    world.clock.move(wall=300, steady=300)
    with world.agent() as agent:
        assert titles(agent) == ["total net sales by zone"]
    world.idle()
    with world.agent() as agent:
        shown = session(agent)
        assert (shown["state"], shown["person"]["email"]) == ("locked", ANITA)
        seat = agent.serving.seat
        assert seat is not None, "tasks go on"
        assert agent.http("GET", "/api/conversations")[0] == 401
        assert sign_in(agent, world.google, ANITA, again=True)["state"] == "done"
        assert titles(agent) == ["total net sales by zone"]
    world.clock.move(wall=-90_000)
    with world.agent() as agent:
        assert session(agent)["state"] == "locked", "a clock that was set back proves nothing"


def test_signing_out_tells_google_and_forgets_and_what_was_kept_stays_for_the_next_time(world: World) -> None:
    with world.agent() as agent:
        sign_in(agent, world.google, ANITA)
        agent.ask("total net sales by zone")
        [token] = world.google.server.refresh_tokens
        agent.json("DELETE", "/api/session", {})
        assert world.google.server.revoked == [token]
        assert (session(agent)["state"], session(agent)["why"]) == ("signed_out", "You are signed out.")
        assert not list((world.home / "agent" / "people").glob("*.sealed"))
        assert agent.http("DELETE", "/api/session", {})[0] == 401
    with world.agent() as agent:
        assert session(agent)["state"] == "signed_out"
        sign_in(agent, world.google, ANITA)
        assert titles(agent) == ["total net sales by zone"]


def test_signing_out_without_the_network_forgets_here_and_says_what_is_left_to_do(world: World) -> None:
    world.section = world.google.section(revoke_uri="https://127.0.0.1:1/revoke")
    with world.agent() as agent:
        sign_in(agent, world.google, ANITA)
        agent.json("DELETE", "/api/session", {})
        assert "Google could not be told" in session(agent)["why"]
        assert not list((world.home / "agent" / "people").glob("*.sealed"))


def test_a_sign_in_that_google_has_ended_ends_here_at_the_next_start(world: World) -> None:
    with world.agent() as agent:
        sign_in(agent, world.google, ANITA)
    world.google.server.refresh_tokens.clear()
    with world.agent() as agent:
        wait_until(lambda: session(agent)["state"] == "signed_out")
        assert session(agent)["why"] == "Google has ended this sign-in. Sign in again."
        assert agent.http("GET", "/api/state")[0] == 401


def test_without_the_network_the_next_start_goes_on_with_the_sign_in(world: World) -> None:
    with world.agent() as agent:
        sign_in(agent, world.google, ANITA)
    world.section = world.google.section(token_uri="https://127.0.0.1:1/token")
    with world.agent() as agent:
        time.sleep(0.5)
        assert session(agent)["state"] == "open"


def test_a_second_sign_in_calls_the_first_one_off(world: World) -> None:
    with world.agent() as agent:
        first: list[dict[str, Any]] = []
        waiting = threading.Thread(
            target=lambda: first.extend(agent.stream("/api/session/google", {"again": False}))
        )
        waiting.start()
        wait_until(lambda: len(first) > 0)
        assert sign_in(agent, world.google, BALA)["state"] == "done"
        waiting.join(20)
        assert first[-1]["says"] == "Another sign-in was begun, so this one ended."
        assert session(agent)["person"]["email"] == BALA


def test_a_sign_in_is_called_off_by_a_button_or_by_a_window_that_leaves(world: World) -> None:
    with world.agent() as agent:
        steps = agent.stream("/api/session/google", {"again": False})
        link = next(steps)["link"]
        agent.json("DELETE", "/api/session/google", {})
        assert [step["says"] for step in steps if step["state"] == "failed"] == [
            "The sign-in was called off."
        ]
        left = agent.stream("/api/session/google", {"again": False})
        link = next(left)["link"]
        left.close()
        [back] = parse_qs(urlsplit(link).query)["redirect_uri"]
        wait_until(lambda: not answers(back))
        assert session(agent)["state"] == "signed_out"


def answers(url: str) -> bool:
    try:
        page(url)
    except OSError:
        return False
    return True


def test_a_refused_sign_in_leaves_who_was_there_in_peace(world: World) -> None:
    world.section = world.google.section(hosted_domain="vmart.example")
    with world.agent() as agent:
        sign_in(agent, world.google, ANITA)
        agent.ask("total net sales by zone")
        refused = sign_in(agent, world.google, GUEST)
        assert refused["says"] == f"Only accounts of vmart.example may sign in here; {GUEST} is none."
        assert sign_in(agent, world.google, "Cancel")["says"] == "The sign-in was declined in the browser."
        assert (session(agent)["person"]["email"], len(titles(agent))) == (ANITA, 1)
        assert session(agent)["google"]["domain"] == "vmart.example"


def test_the_local_profile_is_another_one_and_can_be_switched_off(world: World) -> None:
    with world.agent() as agent:
        agent.json("POST", "/api/session/local", {})
        agent.ask("of the local profile")
        sign_in(agent, world.google, ANITA)
        assert titles(agent) == []
        agent.json("POST", "/api/session/local", {})
        assert titles(agent) == ["of the local profile"]
        assert agent.serving.session.news.person == LOCAL
    world.section = world.google.section(required=True)
    with world.agent() as agent:
        assert session(agent)["state"] == "signed_out"
        status, _, data = agent.http("POST", "/api/session/local", {})
        assert (status, json.loads(data)["code"]) == (401, "session_over")
        sign_in(agent, world.google, ANITA)
        assert agent.http("POST", "/api/session/local", {})[0] == 401
        assert session(agent)["person"]["email"] == ANITA


def test_a_person_whose_name_changes_stays_the_same_person(world: World) -> None:
    with world.agent() as agent:
        sign_in(agent, world.google, ANITA)
        agent.ask("total net sales by zone")
        renamed = {"sub": "100", "name": "Anita Rao-Sen", "hd": "vmart.example"}
        world.google.server.accounts["anita.sen@vmart.example"] = renamed
        sign_in(agent, world.google, "anita.sen@vmart.example")
        assert session(agent)["person"]["name"] == "Anita Rao-Sen"
        assert len(titles(agent)) == 1


def test_without_google_in_the_settings_nobody_is_asked(tmp_path: Path) -> None:
    with RetailPeer() as backend, RunningAgent(tmp_path, backend_url=backend.url) as agent:
        assert (session(agent)["state"], session(agent)["google"]["available"]) == ("open", False)
        status, _, data = agent.http("POST", "/api/session/google", {})
        assert (status, json.loads(data)["error"]) == (
            401,
            "Signing in with Google is not set up here. Ask your administrator.",
        )


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "google"), ("DELETE", "google"), ("POST", "local"), ("POST", "confirm"), ("DELETE", "")],
)
def test_nobody_signs_anybody_in_or_out_without_the_key_of_the_window(
    method: str, path: str, world: World
) -> None:
    with world.agent() as agent:
        for headers in ({}, {"Origin": "https://evil.example", "Authorization": f"Bearer {agent.token}"}):
            sent = {"Content-Type": "application/json", **headers}
            assert agent.http(method, f"/api/session/{path}".rstrip("/"), {}, sent)[0] in (401, 403)

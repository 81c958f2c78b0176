"""What is not there is said to be not there: every address of the window that names something, asked for
something that nobody has made."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.desktop.running import RetailPeer, RunningAgent
from tests.desktop.tasks.moved import plan

BODIES: dict[tuple[str, str], Any] = {
    ("PATCH", "/api/conversations/<conversation_id>"): {},
    ("PUT", "/api/turns/<turn_id>/rating"): {"rating": "good"},
    ("POST", "/api/approvals/<approval_id>"): {"answer": "yes"},
    ("PUT", "/api/tasks/<task_id>"): plan(),
    ("PATCH", "/api/tasks/<task_id>"): {"enabled": False},
    ("POST", "/api/results/<result_id>/rerun"): {"sql": "SELECT 1", "title": "One"},
    ("PUT", "/api/uploads/<upload_id>"): b"abc",
}
"""For those that take more than an empty object."""
UNKNOWN = "0123456789abcdef"


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with RetailPeer() as peer, RunningAgent(tmp_path_factory.mktemp("agent"), backend_url=peer.url) as agent:
        agent.serving.dialogs.choose = lambda _: None
        yield agent


def said(agent: RunningAgent, method: str, path: str, body: Any) -> tuple[int, bytes]:
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    headers = {"Authorization": f"Bearer {agent.token}", "Content-Type": kind}
    status, _, answer = agent.http(method, path, None if method == "GET" else body, headers)
    return status, answer


def test_every_address_says_that_there_is_no_such_thing(agent: RunningAgent) -> None:
    seat = agent.serving.seat
    assert seat is not None
    application: Any = seat.application
    naming = [(route.method, route.rule) for route in application.routes if "<" in route.rule]
    assert len(naming) >= 30
    wrong = {}
    for method, rule in naming:
        path = "/".join(UNKNOWN if part.startswith("<") else part for part in rule.split("/"))
        status, answer = said(agent, method, path, BODIES.get((method, rule), {}))
        if status != 404 or b'"error":"' not in answer or b"no such page" in answer:
            wrong[method, rule] = status, answer
    assert wrong == {}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/ask", {"question": "total net amount", "conversation_id": UNKNOWN}),
        ("POST", "/api/ask", {"question": "total net amount", "replaces_turn_id": UNKNOWN}),
        ("PUT", "/api/draft", {"conversation_id": UNKNOWN, "text": "a"}),
        ("POST", "/api/save", {"result_id": UNKNOWN, "format": "csv"}),
        ("POST", "/api/save", {"conversation_id": UNKNOWN, "format": "md"}),
        ("GET", f"/api/schema?connection={UNKNOWN}", None),
        ("GET", f"/api/starters?connection={UNKNOWN}", None),
        ("GET", f"/api/files?path={UNKNOWN}", None),
        ("GET", f"/api/files/document?path={UNKNOWN}", None),
        ("POST", "/api/files/open", {"path": UNKNOWN, "how": "folder"}),
        ("POST", "/api/files/remove", {"path": UNKNOWN}),
        ("PUT", "/api/sheets/hidden", {"path": UNKNOWN, "sheet": "a", "taken": True}),
        ("POST", "/api/sheets/forget", {"path": UNKNOWN}),
    ],
)
def test_and_so_does_every_body_that_names_it(agent: RunningAgent, method: str, path: str, body: Any) -> None:
    status, answer = said(agent, method, path, body)
    assert (status, b'"error":"' in answer) == (404, True), answer


def test_a_conversation_that_was_deleted_is_not_changed_until_it_is_back(agent: RunningAgent) -> None:
    made = agent.json("POST", "/api/conversations", {})["id"]
    path = f"/api/conversations/{made}"
    agent.json("DELETE", path)
    assert said(agent, "PATCH", path, {"pinned": True})[0] == 404
    agent.json("POST", f"{path}/restore", {})
    assert said(agent, "PATCH", path, {"pinned": True})[0] == 204
    assert agent.json("GET", path)["pinned"] is True

"""The window's server answers its own window, and nobody else."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.web.launch import LaunchCodes
from tests.desktop.running import RetailPeer, RunningAgent


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    home: Path = tmp_path_factory.mktemp("home")
    with RetailPeer() as peer, RunningAgent(home, backend_url=peer.url) as running:
        yield running


def cookie_of(agent: RunningAgent) -> str:
    status, headers, _ = agent.http("GET", f"/?token={agent.token}", headers={})
    assert (status, headers["location"]) == (303, "/")
    assert "HttpOnly" in headers["set-cookie"]
    assert "SameSite=Strict" in headers["set-cookie"]
    return headers["set-cookie"].partition(";")[0]


def test_the_launch_link_gives_a_cookie_that_opens_the_page(agent: RunningAgent) -> None:
    cookie = cookie_of(agent)
    status, _, body = agent.http("GET", "/", headers={"Cookie": cookie})
    assert status == 200
    assert b"<html" in body.lower()
    assert agent.token.encode() not in body
    assert cookie.partition("=")[2] != agent.token


def launched(agent: RunningAgent, link: str, cookie: str = "") -> int:
    headers = {"Cookie": cookie} if cookie else {}
    return agent.http("GET", link.removeprefix(agent.serving.door.address.rstrip("/")), headers=headers)[0]


def test_what_a_browser_is_started_with_opens_the_page_once(agent: RunningAgent) -> None:
    link = agent.serving.door.launch_link()
    assert agent.token not in link
    assert launched(agent, link) == 303
    assert launched(agent, link) == 401
    assert launched(agent, link, cookie_of(agent)) == 303  # loaded again by the browser that it opened
    assert launched(agent, "/?launch=guessed") == 401
    assert launched(agent, f"{agent.serving.door.launch_link()}&launch=two") == 401


def test_a_launch_code_is_good_for_a_moment_only() -> None:
    now = [0.0]
    codes = LaunchCodes(lambda: now[0])
    early, late = codes.make(), codes.make()
    now[0] = 119
    assert codes.redeem(early)
    now[0] = 121
    assert not codes.redeem(late)


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="only root can be somebody else")
def test_a_launch_code_is_of_no_use_to_another_user_of_the_machine(agent: RunningAgent) -> None:
    link = agent.serving.door.launch_link()
    query = link.partition("?")[2]
    asked = (
        f"exec 3<>/dev/tcp/127.0.0.1/{agent.port}; "
        f"printf 'GET /?{query} HTTP/1.0\\r\\nHost: 127.0.0.1:{agent.port}\\r\\n\\r\\n' >&3; head -1 <&3"
    )
    theirs = subprocess.run(
        ["/bin/bash", "-c", asked], user=65534, capture_output=True, text=True, timeout=60, check=True
    )
    assert " 401 " in theirs.stdout
    assert launched(agent, link) == 303


@pytest.mark.parametrize(
    "path", ["/", "/api/state", "/js/main.js", "/vendor/vega.js", "/api/events", "/?token=wrong", "/?token="]
)
def test_nothing_is_shown_without_a_token(agent: RunningAgent, path: str) -> None:
    assert agent.http("GET", path, headers={})[0] == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.nip.io:{port}", ""]
)
def test_a_name_that_was_pointed_at_this_computer_gets_nothing(agent: RunningAgent, host: str) -> None:
    headers = {"Host": host.format(port=agent.port), "Cookie": cookie_of(agent)}
    assert agent.http("GET", "/api/state", headers=headers)[0] == 403


def test_localhost_is_a_good_name_too(agent: RunningAgent) -> None:
    headers = {"Host": f"localhost:{agent.port}", "Authorization": f"Bearer {agent.token}"}
    assert agent.http("GET", "/api/state", headers=headers)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {},  # a browser always sends it with a POST
    ],
)
def test_a_page_of_somebody_else_changes_nothing_though_the_cookie_comes_along(
    agent: RunningAgent, headers: dict[str, str]
) -> None:
    sent = {"Cookie": cookie_of(agent), "Content-Type": "application/json", **headers}
    assert agent.http("POST", "/api/conversations", b"{}", sent)[0] == 403


def test_our_own_page_may_change_things(agent: RunningAgent) -> None:
    sent = {
        "Cookie": cookie_of(agent),
        "Content-Type": "application/json",
        "Origin": f"http://127.0.0.1:{agent.port}",
    }
    assert agent.http("POST", "/api/conversations", b"{}", sent)[0] == 201


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_on_another_port_reads_nothing(agent: RunningAgent, site: str) -> None:
    headers = {"Cookie": cookie_of(agent), "Sec-Fetch-Site": site}
    assert agent.http("GET", "/api/state", headers=headers)[0] == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_is_no_request_of_ours(agent: RunningAgent, kind: str) -> None:
    headers = {"Authorization": f"Bearer {agent.token}", "Content-Type": kind}
    assert agent.http("POST", "/api/conversations", b"{}", headers)[0] == 400


def test_a_body_that_is_too_large_or_has_no_length_is_refused(agent: RunningAgent) -> None:
    headers = {"Authorization": f"Bearer {agent.token}", "Content-Type": "application/json"}
    assert agent.http("POST", "/api/ask", b"", {**headers, "Content-Length": str(10**9)})[0] == 413
    assert agent.http("POST", "/api/ask", b"", {**headers, "Transfer-Encoding": "chunked"})[0] == 400
    for strange in ("-1", "\u00b2", "9" * 5000):
        assert agent.http("POST", "/api/ask", b"", {**headers, "Content-Length": strange})[0] == 400


@pytest.mark.parametrize(
    "path",
    ["/", "/api/state", "/nowhere", "/js/main.js", "/js/../../desktop/app.py", "/css/..%2f..%2fapp.py"],
)
def test_every_answer_carries_the_headers_that_close_the_page(agent: RunningAgent, path: str) -> None:
    choices: list[dict[str, str] | None] = [None, {}]
    for headers in choices:
        status, found, _ = agent.http("GET", path, headers=headers)
        assert "default-src 'none'" in found["content-security-policy"]
        assert "unsafe" not in found["content-security-policy"]
        assert found["x-content-type-options"] == "nosniff"
        assert found["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in found
        if ".." in path:
            assert status in (401, 404)


def test_failures_are_one_envelope(agent: RunningAgent) -> None:
    assert agent.http("GET", "/nowhere")[2] == b'{"error":"There is no such page.","code":"not_found"}'
    status, _, body = agent.http("DELETE", "/api/state")
    assert (status, b'"method_not_allowed"' in body) == (405, True)
    status, _, body = agent.http("POST", "/api/ask", b'{"question": 1}')
    assert (status, b'"invalid_request"' in body) == (400, True)
    status, _, body = agent.http("POST", "/api/ask", b'{"question": "x", "sql": "DROP"}')
    assert status == 400


def test_half_open_sockets_do_not_keep_others_waiting(agent: RunningAgent) -> None:
    lazy = [socket.create_connection(("127.0.0.1", agent.port)) for _ in range(20)]
    for number, one in enumerate(lazy):
        one.sendall(b"GET / HTTP/1.1\r\nHost: x"[: number + 1])
    assert agent.http("GET", "/api/state")[0] == 200
    for one in lazy:
        one.close()


def test_scripts_are_revalidated_by_their_mark(agent: RunningAgent) -> None:
    _, found, _ = agent.http("GET", "/js/main.js")
    headers = {"Authorization": f"Bearer {agent.token}", "If-None-Match": found["etag"]}
    status, _, body = agent.http("GET", "/js/main.js", headers=headers)
    assert (status, body) == (304, b"")

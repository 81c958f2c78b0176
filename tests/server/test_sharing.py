"""Answers that are kept for a while, and queries that many ask and one runs."""

import asyncio
import time
from collections.abc import Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest

from server.access.data_policy import UNRESTRICTED
from server.access.standing import READING, Rights
from server.answers import Question, Writing
from server.connectors.base import ParamValue
from server.encodings import FORMATS, Origin
from server.sharing import Copy
from shared.guard import check
from tests.peers.source import Counts
from tests.server.running import Answered, RunningBackend, wait_until


def ask(backend: RunningBackend, table: str = "numbers", **headers: str) -> Answered:
    body = {"connection": "numbers", "query": f"SELECT n FROM {table}", "max_rows": 5}
    return backend.ask(
        "POST", "/api/query", body, headers={name.replace("_", "-"): headers[name] for name in headers}
    )


def change(backend: RunningBackend, **params: object) -> None:
    assert backend.ask("PUT", "/api/connections/numbers", {"params": params}).status == 200


def test_the_same_question_is_answered_from_memory_for_a_while(
    backend: RunningBackend, counts: Counts
) -> None:
    first, second = ask(backend), ask(backend)
    assert counts.pieces == 1
    assert (first.json["cached"], second.json["cached"]) == (False, True)
    assert "age_seconds" not in first.json
    assert 0 <= second.json["age_seconds"] < 60
    assert second.headers["age"].isdigit()
    assert second.json["rows"] == first.json["rows"] == [[0], [1], [2], [3], [4]]
    assert (second.json["truncated"], second.json["row_count"]) == (True, 5)
    assert second.json["query_id"] == second.headers["x-query-id"] != first.json["query_id"]
    assert first.headers["etag"] == second.headers["etag"]
    wait_until(lambda: len([line for line in backend.audit() if line["action"] == "query.run"]) == 2)
    assert {line["row_count"] for line in backend.audit() if line["action"] == "query.run"} == {5}


def test_who_has_the_answer_already_is_told_so(backend: RunningBackend) -> None:
    etag = ask(backend).headers["etag"]
    for more in ({}, {"Cache_Control": "no-cache"}):
        answered = ask(backend, If_None_Match=etag, **more)
        assert (answered.status, answered.body) == (304, b"")
        assert answered.headers["etag"] == etag
    assert ask(backend, If_None_Match='W/"another"').status == 200


def test_a_caller_may_want_it_fresh_and_refreshes_it_for_all(backend: RunningBackend, counts: Counts) -> None:
    ask(backend)
    assert ask(backend, Cache_Control="no-cache").json["cached"] is False
    assert counts.pieces == 2
    assert ask(backend).json["cached"] is True


def test_what_differs_is_not_shared(backend: RunningBackend, counts: Counts) -> None:
    ask(backend)
    backend.query("numbers", max_rows=6)
    csv = ask(backend, Accept="text/csv")
    assert csv.body == b"n\r\n0\r\n1\r\n2\r\n3\r\n4\r\n"
    assert counts.pieces == 3
    assert ask(backend, Accept="text/csv").body == csv.body
    assert ask(backend, Accept="application/x-ndjson").body.splitlines()[1:-1] == [
        b"[0]",
        b"[1]",
        b"[2]",
        b"[3]",
        b"[4]",
    ]
    assert counts.pieces == 4


def test_a_connection_says_for_how_long_and_forgets_when_it_changes(
    backend: RunningBackend, counts: Counts
) -> None:
    ask(backend)
    change(backend, cache_seconds=0.2)
    assert ask(backend).json["cached"] is False
    wait_until(lambda: counts.pieces >= 3 or ask(backend).json["cached"] is False)
    change(backend, cache_seconds=0)
    before = counts.pieces
    assert [ask(backend).json["cached"] for _ in range(3)] == [False] * 3
    assert counts.pieces == before + 3


def test_what_is_kept_is_bounded_and_the_least_used_goes(backend: RunningBackend, counts: Counts) -> None:
    backend.serving.backend.sharing.most_bytes = 3_000
    for rows in (1, 2, 1, 3):
        backend.query("numbers", max_rows=rows)
    assert counts.pieces == 3
    assert backend.query("numbers", max_rows=1).json["cached"] is True
    assert backend.query("numbers", max_rows=2).json["cached"] is False


def test_the_question_itself_counts_for_what_is_kept(backend: RunningBackend) -> None:
    backend.serving.backend.sharing.most_bytes = 50_000
    for number in range(10):
        long = f"SELECT n FROM numbers WHERE 'x' <> '{number}{'y' * 20_000}'"
        body = {"connection": "numbers", "query": long, "max_rows": 5}
        assert backend.ask("POST", "/api/query", body).status == 200
    assert len(backend.serving.backend.sharing) == 2


def test_values_that_only_look_alike_are_not_shared() -> None:
    values = (0.0, -0.0, 0, False, "0", None)
    assert len({_question(v=value).same_for_all for value in values}) == len(values)


def test_failures_are_not_kept(backend: RunningBackend) -> None:
    assert [ask(backend, "nothing").status for _ in range(2)] == [400, 400]
    assert [ask(backend, "breaking").json["error"]["code"] for _ in range(2)] == ["query_failed"] * 2


def test_a_question_that_many_ask_at_once_runs_once(backend: RunningBackend, counts: Counts) -> None:
    change(backend, cache_seconds=0)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: ask(backend, "deaf"), range(12)))
    assert [answer.json["rows"] for answer in answers] == [[[0]]] * 12
    assert len({answer.json["query_id"] for answer in answers}) == 12
    assert counts.most_running == 1
    assert counts.pieces < 12


def test_a_failure_is_told_to_all_who_wait(backend: RunningBackend, counts: Counts) -> None:
    body = {"connection": "numbers", "query": "SELECT n FROM sleeping", "timeout_seconds": 1}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: backend.ask("POST", "/api/query", body), range(6)))
    assert [answer.json["code"] for answer in answers] == ["query_timeout"] * 6
    assert counts.opened <= 6


def test_who_leaves_takes_nothing_from_the_others(backend: RunningBackend, counts: Counts) -> None:
    first = _Client(backend, "deaf")
    wait_until(lambda: counts.running == 1)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(ask, backend, "deaf")
        wait_until(lambda: backend.serving.backend.sharing.joined == 1)
        first.close()
        assert other.result(20).json["rows"] == [[0]]
    assert (counts.pieces, counts.cancelled) == (1, 0)


def test_the_last_who_leaves_stops_it_in_the_source(backend: RunningBackend, counts: Counts) -> None:
    clients = [_Client(backend, "sleeping") for _ in range(2)]
    wait_until(lambda: counts.running == 1 and backend.serving.backend.sharing.joined == 1)
    clients[0].close()
    time.sleep(0.2)
    assert (counts.running, counts.cancelled) == (1, 0)
    clients[1].close()
    wait_until(lambda: counts.cancelled == 1 and counts.running == 0)
    assert ask(backend).status == 200


def test_cancelling_ones_own_query_leaves_those_of_the_others(
    backend: RunningBackend, counts: Counts
) -> None:
    mine, other = str(uuid4()), str(uuid4())

    def asked(query_id: str) -> Answered:
        return backend.query("deaf", query_id=query_id)

    with ThreadPoolExecutor(2) as pool:
        first: Future[Answered] = pool.submit(asked, mine)
        wait_until(lambda: counts.running == 1)
        second = pool.submit(asked, other)
        wait_until(lambda: backend.serving.backend.sharing.joined == 1)
        assert backend.ask("DELETE", f"/api/query/{mine}").status == 202
        assert first.result(20).json["code"] == "query_cancelled"
        assert second.result(20).json["rows"] == [[0]]
    assert counts.pieces == 1


@pytest.mark.parametrize("scopes", [("a", "b"), ("a", "a")])
def test_only_who_may_see_the_same_shares(
    backend: RunningBackend, counts: Counts, scopes: tuple[str, str]
) -> None:
    answers = [_asked_as(backend, scope) for scope in scopes]
    assert [isinstance(answer, Copy) for answer in answers] == [False, scopes[0] == scopes[1]]
    assert counts.pieces == len(set(scopes))


class _Client:
    """Asks, and never reads the answer."""

    def __init__(self, backend: RunningBackend, table: str) -> None:
        body = {"connection": "numbers", "query": f"SELECT n FROM {table}", "max_rows": 5}
        self._connection = backend.connect()
        self._connection.request("POST", "/api/query", msgspec.json.encode(body), backend.headers(body))

    def close(self) -> None:
        self._connection.close()


def _question(key_id: str = "", **params: ParamValue) -> Question:
    return Question(
        query_id=str(uuid4()),
        rights=Rights(key_id, READING),
        connection="numbers",
        sql=check("SELECT n FROM numbers", "duckdb"),
        tables=frozenset({"numbers"}),
        params=params,
        max_rows=5,
        timeout_seconds=10,
        cut_is_an_error=False,
        data=UNRESTRICTED,
        asked_at=time.perf_counter(),
    )


def _asked_as(backend: RunningBackend, scope: Hashable) -> object:
    """Today all callers have one scope: this asks below HTTP."""
    shared = backend.serving.backend.sharing
    question = _question(backend.serving.backend.keyring.rows()[0].id)
    origin = Origin("numbers", "", datetime.now(UTC))
    writing = Writing(lambda: FORMATS[0].make(origin), format="json", is_light=True)

    async def asking() -> object:
        answer = await shared.ask(question, writing, scope=scope, fresh=False)
        if not isinstance(answer, Copy):
            answer.close()
        return answer

    loop = backend.serving._loop
    assert loop is not None
    return asyncio.run_coroutine_threadsafe(asking(), loop).result(10)

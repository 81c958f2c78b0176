"""SQL that takes long to judge: the event loop goes on meanwhile, and others are answered."""

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server import long_texts
from server.across.plan import planned
from server.connectors import filesystem
from server.governance.governance import View
from shared import guard
from tests.server.running import Answered, RunningBackend, start

CONDITIONS = " OR ".join(f"n = {number}" for number in range(2_000))
LONG = f"SELECT n FROM numbers WHERE {CONDITIONS}"
"""Some 0.3 s for the guard, and as long again for the rewriting."""


def threads_of(function: Callable[..., object]) -> set[str]:
    """The names of the threads that are in it at this moment."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    stacks = {names.get(ident, ""): traceback.walk_stack(top) for ident, top in sys._current_frames().items()}
    return {
        name for name, stack in stacks.items() if any(frame.f_code is function.__code__ for frame, _ in stack)
    }


def asked(ask: Callable[[], Answered], function: Callable[..., object]) -> tuple[Answered, set[str]]:
    """Its answer, and the threads that were in ``function`` meanwhile."""
    seen: set[str] = set()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        while not asking.done():
            seen |= threads_of(function)
            time.sleep(0.005)
        return asking.result(), seen


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[RunningBackend]:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "numbers.csv").write_text("n\n1\n1999\n5000\n")
    running = start(tmp_path / "home", [filesystem.KIND])
    try:
        files = {"name": "files", "type": "filesystem", "params": {"root": str(folder)}}
        assert running.ask("POST", "/api/connections", files).status == 201
        # so that no engine has to start meanwhile
        for connection, table in (("files", "numbers"), ("*", "files.numbers")):
            first = {"connection": connection, "query": f"SELECT n FROM {table}"}
            assert running.ask("POST", "/api/query", first).status == 200
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize(
    ("connection", "table", "function"),
    [
        ("files", "numbers", guard.check),
        ("*", "files.numbers", guard.check_explained),
        ("*", "files.numbers", planned),
    ],
    ids=["one", "across", "planned"],
)
def test_a_long_query_is_judged_beside_the_event_loop(
    backend: RunningBackend, connection: str, table: str, function: Callable[..., object]
) -> None:
    body = {"connection": connection, "query": LONG.replace("FROM numbers", f"FROM {table}")}
    answer, seen = asked(lambda: backend.ask("POST", "/api/query", body), function)
    assert (answer.status, answer.json["rows"]) == (200, [[1], [1999]])
    assert seen == {"long-sql"}


def test_a_long_query_is_rewritten_beside_the_event_loop(backend: RunningBackend) -> None:
    policy = {"connection": "files", "tables": [{"table": "numbers", "rows": "n < 1500"}]}
    role = {"name": "few", "permissions": ["db_read"], "policies": [policy]}
    assert backend.ask("POST", "/api/roles", role).status == 201
    key = backend.ask("POST", "/api/keys", {"name": "few", "roles": ["few"]}).json["key"]
    body = {"connection": "files", "query": LONG}
    answer, seen = asked(lambda: backend.ask("POST", "/api/query", body, key=key), View.rewrite)
    assert (answer.status, answer.json["rows"]) == (200, [[1]])
    assert seen == {"long-sql"}


def test_a_short_text_is_judged_at_once() -> None:
    judging = long_texts.judged("SELECT 1", lambda: 1)
    with pytest.raises(StopIteration) as ended:
        judging.send(None)
    assert ended.value.value == 1

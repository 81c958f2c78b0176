"""A source that gives some rows and then thinks: they do not wait for the next ones."""

import http.client
import io
import json
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from server.connectors import KINDS
from tests.peers.fault_proxy import Fault, FaultProxy
from tests.peers.postgres import PostgresServer
from tests.peers.source import Counts
from tests.server.running import RunningBackend, start, wait_until

SOON_SECONDS = 5.0
"""It is some 50 ms; this is for a machine that is busy with other things."""


@pytest.fixture
def asked() -> Iterator[list[http.client.HTTPConnection]]:
    connections: list[http.client.HTTPConnection] = []
    yield connections
    for connection in connections:
        connection.close()


def ask(
    backend: RunningBackend,
    asked: list[http.client.HTTPConnection],
    accept: str,
    body: dict[str, object] | None = None,
    *,
    encoding: str = "identity",
) -> http.client.HTTPResponse:
    """The head of the answer has come; its body is read piece by piece."""
    connection = backend.connect()
    asked.append(connection)
    asking = body or {"connection": "numbers", "query": "SELECT n FROM stalling", "timeout_seconds": 15}
    told = backend.headers(
        asking, None, {"Accept": accept, "Accept-Encoding": encoding, "Cache-Control": "no-cache"}
    )
    began = time.monotonic()
    connection.request("POST", "/api/query", json.dumps(asking), told)
    response = connection.getresponse()
    assert time.monotonic() - began < SOON_SECONDS
    return response


def test_the_first_rows_leave_while_the_source_stalls_and_so_does_each_later_one(
    backend: RunningBackend, counts: Counts, asked: list[http.client.HTTPConnection]
) -> None:
    response = ask(backend, asked, "application/x-ndjson")
    assert json.loads(response.readline())["columns"]
    assert [json.loads(response.readline()) for _ in range(2)] == [[0], [1]]
    for number in (2, 3, 4):
        counts.go_on.release()
        assert json.loads(response.readline()) == [number]
    assert json.loads(response.readline())["row_count"] == 5
    assert response.read() == b""
    wait_until(lambda: counts.running == 0)


def test_what_left_early_is_packed_in_order(
    backend: RunningBackend, counts: Counts, asked: list[http.client.HTTPConnection]
) -> None:
    response = ask(backend, asked, "application/x-ndjson", encoding="gzip")
    unpacking = zlib.decompressobj(wbits=31)
    text = b""
    while text.count(b"\n") < 3:
        text += unpacking.decompress(response.read1(65536))
    assert text.splitlines()[1:] == [b"[0]", b"[1]"]
    counts.go_on.release(3)
    text += unpacking.decompress(response.read())
    assert text.splitlines()[1:6] == [b"[%d]" % number for number in range(5)]
    assert unpacking.eof


def test_a_stalled_answer_is_whole_in_other_formats_too(
    backend: RunningBackend, counts: Counts, asked: list[http.client.HTTPConnection]
) -> None:
    response = ask(backend, asked, "application/vnd.apache.arrow.stream")
    first = response.read1(65536)
    assert first
    counts.go_on.release(3)
    table = pa.ipc.open_stream(io.BytesIO(first + response.read())).read_all()
    assert table["n"].to_pylist() == [0, 1, 2, 3, 4]
    response = ask(backend, asked, "application/json")
    counts.go_on.release(3)
    assert json.loads(response.read())["rows"] == [[0], [1], [2], [3], [4]]


def test_a_caller_who_leaves_during_a_stall_takes_nothing_along(
    backend: RunningBackend, counts: Counts, asked: list[http.client.HTTPConnection]
) -> None:
    response = ask(backend, asked, "application/x-ndjson")
    response.readline()
    asked[0].close()
    response.close()
    wait_until(lambda: counts.running == 0)
    counts.go_on.release(3)
    assert backend.query("numbers", max_rows=1).json["rows"] == [[0]]


def test_a_stalled_query_that_is_too_slow_says_so_behind_its_rows(
    backend: RunningBackend, asked: list[http.client.HTTPConnection]
) -> None:
    body = {"connection": "numbers", "query": "SELECT n FROM stalling", "timeout_seconds": 1}
    response = ask(backend, asked, "application/json", body)
    assert response.status == 200
    answer = json.loads(response.read())
    assert answer["rows"] == [[0], [1]]
    assert answer["error"]["code"] == "query_timeout"


def test_rows_of_a_real_source_leave_while_its_line_is_silent(
    postgres: PostgresServer, tmp_path: Path, asked: list[http.client.HTTPConnection]
) -> None:
    backend = start(tmp_path, KINDS.values())
    with FaultProxy(postgres.port) as proxy:
        params = {**postgres.params(), "port": proxy.port}
        made = {"name": "shop", "type": "postgresql", "params": params}
        assert backend.ask("POST", "/api/connections", made).status == 201
        plain = {"connection": "shop", "query": "SELECT 1 AS n"}
        assert backend.ask("POST", "/api/query", plain).status == 200
        proxy.fault = Fault(silent_after_bytes=60_000)
        proxy.cut_all()
        query = "SELECT g AS n, repeat('x', 40) AS t FROM generate_series(1, 20000) AS g"
        body = {"connection": "shop", "query": query, "timeout_seconds": 3, "max_rows": 20_000}
        response = ask(backend, asked, "application/x-ndjson", body)
        response.readline()
        assert json.loads(response.readline())[0] == 1
        assert b"query_timeout" in response.read().splitlines()[-1]
    backend.stop()

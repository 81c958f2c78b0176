"""Answers as they arrive: whole, broken off, failing late, closed early, and long."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from shared.backend_client import BackendClient, BackendProtocolError, QueryFailed, decode_batch
from shared.backend_client.stream import open_stream
from shared.results import JsonRows
from tests.peers.backend import BackendPeer, Reply
from tests.peers.fault_proxy import Fault, FaultProxy

HEAD = b'{"query_id":"q7","columns":[{"name":"n","type":"decimal"},{"name":"t","type":"text"}]}\n'
ROWS = b'[1.10,"a"]\n[2.20,"{\\"b\\": 1}"]\n'
END = b'{"row_count":2,"truncated":true,"elapsed_ms":3.5,"cached":false}\n'


@pytest.fixture
def peer() -> Iterator[BackendPeer]:
    with BackendPeer(lambda asked: Reply(body=HEAD + ROWS + END)) as peer:
        yield peer


@pytest.fixture
def client(peer: BackendPeer) -> Iterator[BackendClient]:
    with BackendClient(peer.url, "vmart_key-123456", timeout=5, retry_attempts=0) as client:
        yield client


def test_rows_come_with_their_columns_and_the_end_tells_the_rest(
    peer: BackendPeer, client: BackendClient
) -> None:
    with client.stream_query("c", "q", query_id="mine") as result:
        rows = [row for batch in result.batches() for row in decode_batch(batch, result.columns)]
        assert rows == [[Decimal("1.10"), "a"], [Decimal("2.20"), '{"b": 1}']]
        assert (result.truncated, result.row_count, result.elapsed_ms) == (True, 2, 3.5)
        assert result.query_id == "q7"
    assert peer.asked[0].headers["Accept"] == "application/x-ndjson"
    assert peer.asked[0].json["query_id"] == "mine"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_where_the_network_cuts_the_pieces_does_not_matter(size: int) -> None:
    body = HEAD + ROWS * 20 + END.replace(b"2", b"40", 1)
    closed: list[int] = []
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    result = open_stream(pieces, lambda: closed.append(1))
    rows = [row for batch in result.batches() for row in decode_batch(batch, result.columns)]
    assert len(rows) == 40
    assert all(isinstance(batch, JsonRows) for batch in result.batches())
    assert closed == [1]


def test_a_last_line_without_its_newline_is_still_the_end() -> None:
    result = open_stream(iter([HEAD + ROWS + END.rstrip()]), lambda: None)
    assert sum(batch.count for batch in result.batches() if isinstance(batch, JsonRows)) == 2


@pytest.mark.parametrize(
    "body",
    [HEAD, HEAD + ROWS, HEAD + ROWS[:-4], HEAD + ROWS + END[:20], HEAD[:30], b"", HEAD + b"null\n" + END],
)
def test_an_answer_without_its_end_is_an_error(peer: BackendPeer, client: BackendClient, body: bytes) -> None:
    peer.answer = lambda asked: Reply(body=body)
    with pytest.raises(BackendProtocolError):
        for _ in client.stream_query("c", "q").batches():
            pass


def test_a_line_that_is_cut_in_the_middle_is_an_error(peer: BackendPeer) -> None:
    long = HEAD + b'[1.10,"a"]\n' * 50_000 + END
    peer.answer = lambda asked: Reply(body=long)
    for reset in (False, True):
        fault = Fault(cut_after_bytes=100_000, reset=reset)
        with (
            FaultProxy(peer.port, fault) as proxy,
            BackendClient(proxy.url, "k", timeout=5, retry_attempts=2) as client,
        ):
            with pytest.raises(BackendProtocolError, match="broke off"):
                for _ in client.stream_query("c", "q").batches():
                    pass
            assert proxy.connections == 1


def test_a_failure_after_the_first_rows_is_the_class_that_was_raised(
    peer: BackendPeer, client: BackendClient
) -> None:
    late = b'{"error":{"error":"Division by zero.","code":"query_failed"}}\n'
    peer.answer = lambda asked: Reply(body=HEAD + ROWS + late)
    result = client.stream_query("c", "q")
    batches = result.batches()
    assert isinstance(next(batches), JsonRows)
    with pytest.raises(QueryFailed, match="Division"):
        next(batches)


def test_closing_early_hangs_up(peer: BackendPeer, client: BackendClient) -> None:
    def endless() -> Iterator[bytes]:
        yield HEAD
        while True:
            yield ROWS * 1000

    peer.answer = lambda asked: Reply(body=endless())
    result = client.stream_query("c", "q")
    next(result.batches())
    result.close()
    assert peer.gone.wait(60)


def test_the_first_row_is_here_before_the_last_was_sent(peer: BackendPeer, client: BackendClient) -> None:
    first_row_read = threading.Event()
    in_time: list[bool] = []

    def slow() -> Iterator[bytes]:
        yield HEAD + ROWS
        in_time.append(first_row_read.wait(60))
        yield END

    peer.answer = lambda asked: Reply(body=slow())
    for _ in client.stream_query("c", "q").batches():
        first_row_read.set()
    assert in_time == [True]


MEASURE = """
import resource, sys
from shared.backend_client import BackendClient
client = BackendClient(sys.argv[1], "k", timeout=20)
with client.stream_query("c", "warm up") as result:
    for batch in result.batches(): pass
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
size = 0
with client.stream_query("c", "long") as result:
    for batch in result.batches(): size += len(batch.data)
print(size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts memory in another way")
def test_two_hundred_megabytes_pass_without_staying(peer: BackendPeer) -> None:
    block = b'[1.10,"' + b"x" * 90 + b'"]\n'
    block = block * (1_000_000 // len(block))
    rows = block.count(b"\n")

    def long(asked: object) -> Reply:
        end = b'{"row_count":%d,"truncated":false,"elapsed_ms":1}\n' % (rows * 200)
        return Reply(body=(piece for piece in [HEAD, *[block] * 200, end]))

    warm_up = Reply(body=HEAD + ROWS + END)
    peer.answer = lambda asked: long(asked) if b"long" in asked.body else warm_up
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, peer.url], cwd=root, capture_output=True, text=True, check=True
    )
    size, grown_kilobytes = map(int, run.stdout.split())
    assert size == len(block) * 200
    assert grown_kilobytes < 20_000

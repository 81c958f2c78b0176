"""ClickHouse over bad lines, behind TLS and with mistakes: the right error, in time, nothing left behind."""

import signal
import socket
import threading
import time
import traceback
from collections.abc import Iterator

import pytest

from server.connectors.base import Limits, Progressing
from server.connectors.clickhouse import kind
from server.connectors.clickhouse.kind import open_clickhouse
from server.connectors.clickhouse.session import ClickHouseConnector
from server.connectors.clickhouse.settings import account
from server.connectors.clickhouse.wire import Block, Wire
from shared.errors import AppError, InvalidRequest, QueryFailed, QueryTimeout, SourceUnavailable
from shared.guard import ReadOnlySql
from shared.results import JsonRows
from tests.peers.certificate import company_certificate
from tests.peers.clickhouse import ADMIN, READER_PASSWORD, ClickHouseServer
from tests.peers.fault_proxy import Fault, FaultProxy
from tests.peers.tls_front import TlsFront
from tests.server.connectors.leaks import nothing_is_left

ROWS = "SELECT number AS n, 'some text to fill the wire' AS t FROM system.numbers LIMIT 300000"
ENDLESS = "SELECT count() AS n FROM system.numbers WHERE number * number % 7 = 8"


def read(connection: ClickHouseConnector, sql: str, *, max_rows: int = 1_000_000, seconds: float = 30) -> int:
    """How many rows there are."""
    connection.http_above_rows = 0
    with connection.query(ReadOnlySql(sql), {}, Limits(max_rows, seconds)) as result:
        return sum(batch.count for batch in result.batches())


def open_and_read(params: dict[str, object]) -> None:
    connection = open_clickhouse(params, 5)
    try:
        read(connection, ROWS)
    finally:
        assert not connection.reset()
        connection.close()


@pytest.fixture
def line(clickhouse: ClickHouseServer) -> Iterator[FaultProxy]:
    with FaultProxy(clickhouse.port) as proxy:
        yield proxy


@pytest.fixture
def http_line(clickhouse: ClickHouseServer) -> Iterator[FaultProxy]:
    with FaultProxy(clickhouse.http_port) as proxy:
        yield proxy


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("after", [0, 40, 5_000, 1_000_000])
def test_a_line_that_is_cut_is_told_and_leaves_nothing(
    clickhouse: ClickHouseServer, line: FaultProxy, after: int, reset: bool
) -> None:
    with nothing_is_left():
        line.fault = Fault(cut_after_bytes=after, reset=reset)
        with pytest.raises(SourceUnavailable):
            open_and_read(clickhouse.params(port=line.port))


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("after", [0, 300, 5_000, 1_000_000])
def test_rows_over_http_that_are_cut_are_never_taken_for_all(
    clickhouse: ClickHouseServer, http_line: FaultProxy, after: int, reset: bool
) -> None:
    with nothing_is_left():
        connection = open_clickhouse(clickhouse.params(http_port=http_line.port), 5)
        http_line.fault = Fault(cut_after_bytes=after, reset=reset)
        with pytest.raises(SourceUnavailable):
            read(connection, ROWS)
        http_line.fault = Fault()
        assert read(connection, ROWS) == 300_000
        connection.close()


def test_a_slow_line_is_only_slow(
    clickhouse: ClickHouseServer, line: FaultProxy, http_line: FaultProxy
) -> None:
    line.fault = http_line.fault = Fault(latency_seconds=0.02)
    connection = open_clickhouse(clickhouse.params(port=line.port, http_port=http_line.port), 5)
    assert read(connection, "SELECT number FROM system.numbers LIMIT 1000") == 1000
    connection.close()


def test_a_port_that_says_nothing_is_given_up_in_time(clickhouse: ClickHouseServer, line: FaultProxy) -> None:
    line.fault = Fault(black_hole=True)
    with nothing_is_left():
        with pytest.raises(SourceUnavailable, match="did not answer in time"):
            open_clickhouse(clickhouse.params(port=line.port), 0.3)
        line.cut_all()


def test_an_http_port_that_says_nothing_ends_at_the_deadline(
    clickhouse: ClickHouseServer, http_line: FaultProxy
) -> None:
    http_line.fault = Fault(black_hole=True)
    connection = open_clickhouse(clickhouse.params(http_port=http_line.port), 5)
    began = time.monotonic()
    with pytest.raises(QueryTimeout):
        read(connection, ROWS, seconds=1)
    assert time.monotonic() - began < 20
    connection.close()


def test_a_closed_http_port_costs_only_speed_and_is_warned_of(clickhouse: ClickHouseServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    connection = open_clickhouse(clickhouse.params(http_port=port), 5)
    assert read(connection, ROWS) == 300_000
    assert "does not answer" in connection.warnings()[-1]
    connection.close()


def test_a_failure_behind_the_first_rows_is_seen_both_ways(clickhouse: ClickHouseServer) -> None:
    sql = "SELECT number, throwIf(number = 200000) AS t FROM system.numbers LIMIT 300000"
    for http in (False, True):
        connection = open_clickhouse(clickhouse.params(http=http), 5)
        connection.http_above_rows = 0
        with connection.query(ReadOnlySql(sql), {}, Limits(10**6, 30)) as result:
            batches = result.batches()
            first = next(batches)
            assert isinstance(first, JsonRows)
            with pytest.raises(QueryFailed, match="non zero"):
                list(batches)
        assert read(connection, "SELECT 1") == 1
        connection.close()


def test_a_server_that_freezes_or_dies_is_told_and_comes_back() -> None:
    server = ClickHouseServer()
    try:
        params = server.params(ADMIN, database="default")
        connection = open_clickhouse(params, 5)
        timer = threading.Timer(0.5, server.signal, [signal.SIGSTOP])
        timer.start()
        with pytest.raises(QueryTimeout):
            read(connection, ENDLESS, seconds=1)
        timer.join()
        server.signal(signal.SIGCONT)
        connection.close()
        connection = open_clickhouse(params, 5)
        server.stop_server()
        with pytest.raises(SourceUnavailable):
            connection.ping()
        assert not connection.reset()
        with pytest.raises(SourceUnavailable, match="cannot be reached"):
            open_clickhouse(params, 5)
        server.start()
        again = open_clickhouse(params, 5)
        again.ping()
        again.close()
        connection.close()
    finally:
        server.signal(signal.SIGCONT)
        server.remove()


@pytest.mark.parametrize("http", [False, True])
def test_progress_is_told_while_a_query_runs(clickhouse: ClickHouseServer, http: bool) -> None:
    connection = open_clickhouse(clickhouse.params(http=http), 5)
    assert isinstance(connection, Progressing)
    assert connection.progress() is None
    seen: list[int] = []

    def watch() -> None:
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up and not seen:
            progress = connection.progress()
            if progress is not None and progress.rows and progress.bytes:
                seen.append(progress.rows)
            time.sleep(0.02)
        connection.cancel()

    watcher = threading.Thread(target=watch)
    watcher.start()
    with pytest.raises(AppError):
        read(connection, ENDLESS, seconds=30)
    watcher.join()
    assert seen
    assert connection.progress() is None
    connection.close()


def test_tls_is_checked_on_both_ports(clickhouse: ClickHouseServer) -> None:
    key, certificate = company_certificate()
    with (
        TlsFront(clickhouse.port, key, certificate) as native,
        TlsFront(clickhouse.http_port, key, certificate) as web,
    ):
        params = clickhouse.params(port=native.port, http_port=web.port, sslmode="verify-full")
        with pytest.raises(SourceUnavailable, match="cannot be trusted"):
            open_clickhouse(params, 5)
        for more in ({"ssl_ca": certificate.decode()}, {"sslmode": "require"}):
            connection = open_clickhouse({**params, **more}, 5)
            assert read(connection, ROWS) == 300_000
            assert connection.warnings() == []
            connection.close()
        with pytest.raises(SourceUnavailable):
            open_clickhouse({**params, "sslmode": "disable"}, 2)
    with pytest.raises(SourceUnavailable, match="cannot be trusted"):
        open_clickhouse(clickhouse.params(sslmode="require"), 2)
    for wrong in ({"sslmode": "off"}, {"sslmode": "verify-full", "ssl_ca": "/no/such/file"}, {"port": 70000}):
        with pytest.raises(InvalidRequest):
            open_clickhouse({**params, **wrong}, 2)


def test_encryption_is_the_default_away_from_this_machine() -> None:
    login = kind._login({"host": "ch.example.net", "user": "u"})
    assert login.tls is not None
    assert (login.port, kind._login({"host": "localhost", "user": "u"}).port) == (9440, 9000)


def test_blocks_come_compressed_where_asked_for(clickhouse: ClickHouseServer) -> None:
    sock = socket.create_connection((clickhouse.host, clickhouse.port), 5)
    login = {"database": "", "user": "reader", "password": READER_PASSWORD}
    wire = Wire(sock, login, compression=True)
    wire.ask("SELECT number, 'x' FROM system.numbers LIMIT 100000", "", {})
    rows = 0
    while (packet := wire.next_packet()) is not None:
        rows += packet.rows if isinstance(packet, Block) else 0
    assert rows == 100_000
    wire.close()


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n", b"\0" * 64])
def test_something_else_on_the_port_is_not_taken_for_clickhouse(greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            client, _ = listener.accept()
            client.recv(100)
            client.sendall(greeting)
            client.close()

        thread = threading.Thread(target=answer)
        thread.start()
        params = {"host": "127.0.0.1", "port": listener.getsockname()[1], "user": "u", "password": "p"}
        with pytest.raises(SourceUnavailable, match=r"not ClickHouse's|closed the connection"):
            open_clickhouse(params, 2)
        thread.join()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"password": "wrong-Secret-9"}, "does not let 'reader' in"),
        ({"user": "nobody", "password": "wrong-Secret-9"}, "does not let 'nobody' in"),
        ({"database": "nowhere"}, "nowhere"),
        ({"host": "no-such-host.invalid"}, "no host called"),
        ({"port": 1}, "cannot be reached"),
    ],
)
def test_why_it_cannot_be_opened_is_said_without_the_password(
    clickhouse: ClickHouseServer, change: dict[str, object], says: str
) -> None:
    params = {**clickhouse.params(), **change}
    if "host" in change:
        params["sslmode"] = "disable"
    secret = str(params["password"])
    with pytest.raises(AppError, match=says) as caught:
        open_clickhouse(params, 5)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [part for part in shown.format() if "test_clickhouse_failures" not in part]
    assert secret not in "".join(ours)


def test_a_value_in_an_error_is_masked_and_the_next_query_runs(clickhouse: ClickHouseServer) -> None:
    connection = open_clickhouse(clickhouse.params(), 5)
    with pytest.raises(QueryFailed) as caught:
        read(connection, "SELECT toInt32(name) FROM stores")
    assert "Store" not in str(caught.value)
    assert read(connection, "SELECT 1") == 1
    assert READER_PASSWORD not in repr(vars(connection))
    connection.close()


def test_only_what_an_account_may_set_is_set() -> None:
    names = ("readonly", "max_execution_time", "max_memory_usage", "max_result_rows", "result_overflow_mode")
    free = [{"name": name, "value": "0"} for name in names]
    assert list(account(free).for_query(Limits(10, 5)))[-1] == "readonly"
    bound = [{**row, "value": "1" if row["name"] == "readonly" else "0"} for row in free]
    assert account(bound).for_query(Limits(10, 5)) == {}
    some = [{**row, "readonly": int(row["name"] != "max_execution_time"), "max": "3"} for row in free]
    assert account(some).for_query(Limits(10, 60)) == {"max_execution_time": 3}

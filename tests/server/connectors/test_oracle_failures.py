"""What goes wrong on the way to Oracle: the right sentence, in time, with nothing left or told."""

import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator

import pytest

from server.connectors.base import Limits
from server.connectors.oracle.kind import open_oracle
from server.connectors.oracle.session import OracleConnector
from shared.errors import (
    AppError,
    InvalidRequest,
    QueryCancelled,
    QueryFailed,
    QueryRefused,
    QueryTimeout,
    SourceBusy,
    SourceUnavailable,
)
from shared.guard import ReadOnlySql
from shared.json_rows import lines_of
from tests.peers.fault_proxy import Fault, FaultProxy
from tests.peers.oracle import OraclePeer, ora, sleep
from tests.server.connectors.leaks import nothing_is_left

SLOW = "SELECT COUNT(*) FROM numbers a, numbers b WHERE MOD(a.i * b.i, 7) = 8"


@pytest.fixture
def scripted(oracle: OraclePeer) -> Iterator[dict[str, Callable[[], None]]]:
    yield oracle.script
    oracle.script.clear()


@pytest.fixture
def connection(oracle: OraclePeer) -> Iterator[OracleConnector]:
    connection = open_oracle(oracle.params(), 10)
    yield connection
    connection.close()


def ask(connection: OracleConnector, sql: str, *, seconds: float = 20, max_rows: int = 100) -> list[bytes]:
    with connection.query(ReadOnlySql(sql), {}, Limits(max_rows, seconds)) as result:
        return [line for batch in result.batches() for line in lines_of(batch, result.columns).splitlines()]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(black_hole=True),
        Fault(refuse=True),
        Fault(cut_after_bytes=10),
        Fault(cut_after_bytes=60),
        Fault(cut_after_bytes=700),
        Fault(cut_after_bytes=700, reset=True),
        Fault(latency_seconds=1.5),
    ],
    ids=str,
)
def test_a_login_over_a_bad_line_ends_in_time_and_leaves_nothing(oracle: OraclePeer, fault: Fault) -> None:
    with nothing_is_left(), FaultProxy(oracle.port, fault) as proxy:
        start = time.monotonic()
        with pytest.raises(SourceUnavailable):
            open_oracle(oracle.params(port=proxy.port), 1.0)
        assert time.monotonic() - start < 5


def test_a_slow_line_is_only_slow(oracle: OraclePeer) -> None:
    with FaultProxy(oracle.port, Fault(latency_seconds=0.02)) as proxy:
        connection = open_oracle(oracle.params(port=proxy.port), 20)
        assert ask(connection, "SELECT zone FROM stores WHERE store_id = 1") == [b'["North"]']
        connection.close()


@pytest.mark.parametrize("reset", [False, True])
def test_a_line_that_breaks_under_a_query_is_said_and_the_connection_thrown_away(
    oracle: OraclePeer, reset: bool
) -> None:
    with nothing_is_left():
        with FaultProxy(oracle.port) as proxy:
            connection = open_oracle(oracle.params(port=proxy.port), 10)
            timer = threading.Timer(0.3, proxy.cut_all)
            timer.start()
            with pytest.raises(SourceUnavailable, match="lost"):
                ask(connection, SLOW)
            timer.join()
            assert not connection.reset()
            with pytest.raises(SourceUnavailable):
                connection.ping()
        connection.close()


def test_a_line_that_is_cut_in_mid_result_never_ends_as_if_it_were_whole(oracle: OraclePeer) -> None:
    with FaultProxy(oracle.port, Fault(cut_after_bytes=150_000)) as proxy:
        connection = open_oracle(oracle.params(port=proxy.port), 10)
        with pytest.raises(SourceUnavailable):
            ask(connection, "SELECT i, 'some text to fill the wire' AS t FROM numbers", max_rows=50_000)
        connection.close()


def test_a_server_that_is_deaf_to_the_deadline_loses_the_connection_in_time(
    oracle: OraclePeer, scripted: dict[str, Callable[[], None]]
) -> None:
    with nothing_is_left():
        connection = open_oracle(oracle.params(), 10)
        scripted["zzz"] = sleep(2.5)
        start = time.monotonic()
        with pytest.raises(QueryTimeout):
            ask(connection, "SELECT 1 AS zzz FROM dual", seconds=0.5)
        assert time.monotonic() - start < 5
        assert not connection.reset()
        connection.close()
        assert time.monotonic() - start < 6


def test_a_server_that_is_deaf_to_a_cancel_loses_the_connection_in_time(
    oracle: OraclePeer, scripted: dict[str, Callable[[], None]]
) -> None:
    connection = open_oracle(oracle.params(), 10)
    scripted["zzz"] = sleep(9)
    start = time.monotonic()
    timer = threading.Timer(0.3, connection.cancel)
    timer.start()
    with pytest.raises(QueryCancelled):
        ask(connection, "SELECT 1 AS zzz FROM dual", seconds=30)
    assert time.monotonic() - start < 8
    timer.join()
    connection.close()


def test_a_connection_that_died_while_it_lay_idle_is_unavailable_and_not_late(oracle: OraclePeer) -> None:
    with FaultProxy(oracle.port) as proxy:
        connection = open_oracle(oracle.params(port=proxy.port), 10)
        with pytest.raises(QueryTimeout):
            ask(connection, SLOW, seconds=0.2)  # whose time is over since
        assert connection.reset()
        proxy.cut_all()
        with pytest.raises(SourceUnavailable, match="lost"):
            connection.ping()
        connection.close()


def test_a_server_that_goes_down_and_comes_back(oracle: OraclePeer) -> None:
    with FaultProxy(oracle.port) as proxy:
        connection = open_oracle(oracle.params(port=proxy.port), 10)
        proxy.fault = Fault(refuse=True)
        proxy.cut_all()
        with pytest.raises(SourceUnavailable):
            connection.ping()
        connection.close()
        with pytest.raises(SourceUnavailable):
            open_oracle(oracle.params(port=proxy.port), 2)
        proxy.fault = Fault()
        again = open_oracle(oracle.params(port=proxy.port), 10)
        again.ping()
        again.close()


@pytest.mark.parametrize(
    ("code", "failure", "says"),
    [
        (942, QueryFailed, "ORA-00942"),
        (1456, QueryRefused, "only reads"),
        (16000, QueryRefused, "only reads"),
        (1555, QueryFailed, "no longer has the data"),
        (28, SourceUnavailable, "lost"),
        (3113, SourceUnavailable, "lost"),
        (1013, QueryCancelled, "stopped"),
        (4031, QueryFailed, "ORA-04031"),
    ],
)
def test_what_oracle_answers_is_told_in_the_right_kind_of_failure(
    oracle: OraclePeer,
    scripted: dict[str, Callable[[], None]],
    code: int,
    failure: type[AppError],
    says: str,
) -> None:
    connection = open_oracle(oracle.params(), 10)
    scripted["zzz"] = ora(code)
    with pytest.raises(failure, match=says):
        ask(connection, "SELECT 1 AS zzz FROM dual")
    if failure is not SourceUnavailable:
        assert connection.reset()
        assert ask(connection, "SELECT 2 FROM dual") == [b"[2]"]
    connection.close()


def test_a_cell_does_not_stand_in_an_error(
    connection: OracleConnector, scripted: dict[str, Callable[[], None]]
) -> None:
    scripted["zzz"] = ora(1722, "unable to convert string value containing 'Person 7' to a number")
    with pytest.raises(QueryFailed, match="unable to convert") as caught:
        ask(connection, "SELECT 1 AS zzz FROM dual")
    assert "Person" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "failure", "says"),
    [
        ({"password": "wrong-Secret-9"}, SourceUnavailable, "does not let 'reader' in"),
        (
            {"user": "nobody_here", "password": "wrong-Secret-9"},
            SourceUnavailable,
            "does not let 'nobody_here'",
        ),
        ({"host": "no-such-host.invalid", "protocol": "tcp"}, SourceUnavailable, "no host called"),
        ({"port": 1}, SourceUnavailable, "cannot be reached"),
        ({"protocol": "udp"}, InvalidRequest, "protocol must be one of"),
        ({"port": 70000}, InvalidRequest, "port"),
        ({"service_name": ""}, InvalidRequest, "service_name or sid"),
        ({"sid": "X"}, InvalidRequest, "service_name or sid"),
        ({"service_name": "x)(HOST=evil"}, InvalidRequest, "character"),
        ({"host": "db)(HOST=evil"}, InvalidRequest, "character"),
        ({"ssl_ca": "/no/such/file", "protocol": "tcps"}, InvalidRequest, "ssl_ca"),
        ({"wallet": "/no/such/folder"}, InvalidRequest, "ewallet.pem"),
    ],
)
def test_why_it_cannot_be_opened_is_said_without_the_password(
    oracle: OraclePeer, change: dict[str, object], failure: type[AppError], says: str
) -> None:
    params = {**oracle.params(), **change}
    secret = str(params["password"])
    error = _failure_of_opening(params)
    assert isinstance(error, failure)
    with pytest.raises(failure, match=says):
        raise error
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [line for line in shown.format() if "test_oracle_failures" not in line]
    assert secret not in "".join(ours)
    assert secret not in repr(error)


def _failure_of_opening(params: dict[str, object]) -> AppError:
    try:
        open_oracle(params, 5)
    except AppError as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next  # without this frame
        return error
    raise AssertionError("It was opened.")


def test_an_open_connection_does_not_show_its_password(
    oracle: OraclePeer, connection: OracleConnector
) -> None:
    secret = str(oracle.params()["password"])
    assert secret not in repr(connection)
    assert secret not in repr(vars(connection))


@pytest.mark.parametrize(
    "greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9\r\n", b"\0" * 64]
)
def test_something_else_on_the_port_is_not_taken_for_oracle(oracle: OraclePeer, greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            client, _ = listener.accept()
            client.recv(100)
            client.sendall(greeting)
            client.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(SourceUnavailable):
            open_oracle(oracle.params(port=listener.getsockname()[1]), 2)
        thread.join()


def test_no_connection_left_is_busy_and_not_broken(
    oracle: OraclePeer, scripted: dict[str, Callable[[], None]]
) -> None:
    scripted["ALTER SESSION SET NLS"] = ora(20, "maximum number of processes exceeded")
    with pytest.raises(SourceBusy):
        open_oracle(oracle.params(), 5)

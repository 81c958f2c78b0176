"""What goes wrong, in the reader's words; and that the connection goes on where it can."""

import socket
import threading
import time
import traceback
from collections.abc import Callable

import pytest

from server.connectors.base import Limits
from server.connectors.postgres.kind import open_postgres
from server.connectors.postgres.session import PostgresConnector
from shared.errors import (
    AppError,
    InvalidRequest,
    QueryCancelled,
    QueryFailed,
    QueryTimeout,
    SourceUnavailable,
)
from shared.guard import ReadOnlySql
from shared.results import JsonRows
from tests.peers.fault_proxy import Fault, FaultProxy
from tests.peers.postgres import READER_PASSWORD, PostgresServer
from tests.server.connectors.asking import ask
from tests.server.connectors.conftest import Opener
from tests.server.connectors.leaks import nothing_is_left

ENDLESS = "SELECT count(*) FROM generate_series(1, 100000000000) forever"
RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND query LIKE '%forever%'"
RUNNING += " AND pid <> pg_backend_pid()"


def eventually(is_so: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + 10
    while not is_so():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize("sql", [ENDLESS, f"{ENDLESS} WHERE :yes"])
def test_a_query_past_its_deadline_is_stopped_inside_the_source_and_the_connection_goes_on(
    postgres: PostgresServer, connection: PostgresConnector, sql: str
) -> None:
    params = {"yes": True} if ":yes" in sql else {}
    with pytest.raises(QueryTimeout):
        ask(connection, sql, seconds=0.2, **params)
    assert postgres.execute(RUNNING) == [[0]]
    assert ask(connection, "SELECT 1").row == [1]


def test_a_deadline_also_ends_a_result_that_has_begun(connection: PostgresConnector) -> None:
    with pytest.raises(QueryTimeout):
        ask(connection, "SELECT i, pg_sleep(0.01) FROM generate_series(1, 100000) i", seconds=0.3)
    assert ask(connection, "SELECT 1").row == [1]


def test_a_cancel_from_another_thread_stops_the_query_inside_the_source(
    postgres: PostgresServer, connection: PostgresConnector
) -> None:
    def cancel_when_it_runs() -> None:
        assert eventually(lambda: postgres.execute(RUNNING) == [[1]])
        connection.cancel()

    canceller = threading.Thread(target=cancel_when_it_runs)
    canceller.start()
    with pytest.raises(QueryCancelled):
        ask(connection, ENDLESS)
    canceller.join()
    assert postgres.execute(RUNNING) == [[0]]
    assert ask(connection, "SELECT 1").row == [1]


def test_a_cancel_without_a_query_does_nothing(connection: PostgresConnector) -> None:
    connection.cancel()
    assert ask(connection, "SELECT 1").row == [1]


def test_a_connection_killed_in_mid_stream_says_so_and_is_thrown_away(
    postgres: PostgresServer, connection: PostgresConnector
) -> None:
    (process,) = ask(connection, "SELECT pg_backend_pid()").row
    sql = ReadOnlySql("SELECT repeat('x', 1000) FROM generate_series(1, 10000000)")
    with connection.query(sql, {}, Limits(10**9, 60)) as result:
        batches = result.batches()
        next(batches)
        postgres.execute(f"SELECT pg_terminate_backend({process})")
        with pytest.raises(SourceUnavailable):
            list(batches)
    assert not connection.reset()
    with pytest.raises(SourceUnavailable):
        connection.ping()


def test_a_server_that_goes_down_is_unavailable_and_comes_back() -> None:
    server = PostgresServer()
    try:
        params = server.params(user="postgres", database="postgres")
        connection = open_postgres(params, 5)
        server.stop_server()
        with pytest.raises(SourceUnavailable):
            connection.ping()
        assert not connection.reset()
        with pytest.raises(SourceUnavailable, match="cannot be reached"):
            open_postgres(params, 5)
        server.start()
        again = open_postgres(params, 5)
        again.ping()
        again.close()
        connection.close()
    finally:
        server.remove()


def test_an_error_after_the_first_row_arrives_after_it(connection: PostgresConnector) -> None:
    sql = ReadOnlySql("SELECT 1 / (100000 - i) FROM generate_series(1, 200000) i")
    with connection.query(sql, {}, Limits(10**6, 30)) as result:
        batches = result.batches()
        first = next(batches)
        assert isinstance(first, JsonRows)
        assert first.count > 0
        with pytest.raises(QueryFailed, match="division"):
            list(batches)
    assert connection.reset()


@pytest.mark.parametrize(
    ("sql", "says", "details"),
    [
        ("SELECT 1,\n  FORM x y", "syntax error", "line 2, column 10"),
        ("SELECT nope FROM sales", 'column "nope" does not exist', "line 1, column 8"),
        ("SELECT * FROM nowhere", 'relation "nowhere" does not exist', "line 1, column 15"),
        ("SELECT salary FROM payroll", "permission denied for table payroll", ""),
        ("SELECT 1 / 0", "division by zero", ""),
        ("", "no columns", ""),
        ("SELECT FROM sales", "no columns", ""),
        ("SELECT 1\0", "NUL", ""),
    ],
)
def test_a_mistake_in_the_query_is_told_with_its_place(
    connection: PostgresConnector, sql: str, says: str, details: str
) -> None:
    with pytest.raises(QueryFailed, match=says) as caught:
        ask(connection, sql)
    assert details in caught.value.details
    assert ask(connection, "SELECT 1").row == [1]


def test_an_error_does_not_carry_the_value_of_a_cell(connection: PostgresConnector) -> None:
    with pytest.raises(QueryFailed, match="invalid input syntax") as caught:
        ask(connection, "SELECT name::integer FROM hr.staff WHERE staff_id = 7")
    assert "Person" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"password": "wrong-Secret-9"}, "does not let 'reader' in"),
        ({"user": "nobody_here", "password": "wrong-Secret-9"}, "does not let 'nobody_here' in"),
        ({"database": "nowhere"}, "has no database called 'nowhere'"),
        ({"host": "no-such-host.invalid"}, "no host called"),
        ({"host": "::1", "port": 1}, "cannot be reached"),
        ({"sslmode": "require"}, "the server has no TLS"),
        ({"sslmode": "off"}, "sslmode must be one of"),
        ({"sslmode": "verify-full", "ssl_ca": "/no/such/file"}, "ssl_ca"),
    ],
)
def test_why_it_cannot_be_opened_is_said_without_the_password(
    postgres: PostgresServer, change: dict[str, object], says: str
) -> None:
    params = {**postgres.params(), **change}
    secret = str(params["password"])
    failure = _failure_of_opening(params)
    assert says in str(failure)
    shown = traceback.TracebackException.from_exception(failure, capture_locals=True)
    ours = [line for line in shown.format() if "_failure_of_opening" not in line]
    assert secret not in "".join(ours)
    assert secret not in repr(failure)


def _failure_of_opening(params: dict[str, object]) -> AppError:
    try:
        open_postgres(params, 5)
    except (SourceUnavailable, InvalidRequest) as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next  # without this frame
        return error
    raise AssertionError("It was opened.")


def test_an_open_connection_does_not_show_its_password(connection: PostgresConnector) -> None:
    assert READER_PASSWORD not in repr(connection)
    assert READER_PASSWORD not in repr(vars(connection))


@pytest.mark.parametrize(
    "greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9\r\n", b"\0" * 64]
)
def test_something_else_on_the_port_is_not_taken_for_postgresql(greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            client, _ = listener.accept()
            client.recv(100)
            client.sendall(greeting)
            client.close()

        thread = threading.Thread(target=answer)
        thread.start()
        params = {
            "host": "127.0.0.1",
            "port": listener.getsockname()[1],
            "database": "d",
            "user": "u",
            "password": "p",
        }
        with pytest.raises(SourceUnavailable, match=r"not PostgreSQL|TLS handshake failed|broke off"):
            open_postgres(params, 2)
        thread.join()


def test_a_login_that_is_cut_anywhere_is_said_and_leaves_nothing(postgres: PostgresServer) -> None:
    faults = [Fault(refuse=True)] * 10
    faults += [Fault(cut_after_bytes=size, reset=size % 2 == 0) for size in range(1, 350, 9)]
    with FaultProxy(postgres.port) as proxy, nothing_is_left():
        for fault in faults:
            proxy.fault = fault
            with pytest.raises(SourceUnavailable, match=r"cannot be reached|broke off"):
                open_postgres({**postgres.params(), "port": proxy.port}, 5)


def test_a_port_that_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        params = {
            "host": "127.0.0.1",
            "port": listener.getsockname()[1],
            "database": "d",
            "user": "u",
            "password": "p",
        }
        with pytest.raises(SourceUnavailable, match="did not answer in time"):
            open_postgres(params, 0.2)


def test_the_next_query_works_after_a_failure_without_a_reset_between(open_connection: Opener) -> None:
    connection = open_connection()
    for _ in range(3):
        with pytest.raises(QueryFailed):
            connection.query(ReadOnlySql("SELECT nope"), {}, Limits(1, 5))
        with connection.query(ReadOnlySql("SELECT 1"), {}, Limits(1, 5)) as result:
            assert [batch.data for batch in result.batches()] == [b"[1]\n"]  # type: ignore[union-attr]

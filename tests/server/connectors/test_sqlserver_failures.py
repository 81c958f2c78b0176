"""What goes wrong on the way to SQL Server, with each driver: in time, with nothing left or told."""

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from server.connectors.base import Limits
from server.connectors.sqlserver import driver as sqlserver_driver
from server.connectors.sqlserver import kind as sqlserver
from server.connectors.sqlserver.kind import open_sqlserver
from server.connectors.sqlserver.session import SqlServerConnector
from shared.errors import (
    AppError,
    DriverMissing,
    InvalidRequest,
    QueryFailed,
    QueryRefused,
    QueryTimeout,
    SourceUnavailable,
)
from shared.guard import ReadOnlySql
from tests.peers.fault_proxy import Fault, FaultProxy
from tests.peers.sqlserver import SqlServerPeer, message, sleep
from tests.server.connectors.leaks import nothing_is_left
from tests.server.running import wait_until

SLOW = "SELECT COUNT(*) AS n FROM numbers a, numbers b WHERE a.i * b.i % 7 = 8"
MICROSOFT, FREETDS = "ODBC Driver 18 for SQL Server", "FreeTDS"


@pytest.fixture(params=[MICROSOFT, FREETDS])
def driver(request: pytest.FixtureRequest, sqlserver: SqlServerPeer) -> str:
    """Opened once before, since a driver keeps files of its own open."""
    name: str = request.param
    open_sqlserver(sqlserver.params(driver=name), 10).close()
    return name


@pytest.fixture
def scripted(sqlserver: SqlServerPeer) -> Iterator[dict[str, Callable[[], None]]]:
    yield sqlserver.script
    sqlserver.script.clear()


def ask(connection: SqlServerConnector, sql: str, *, seconds: float = 20, max_rows: int = 100) -> list[bytes]:
    with connection.query(ReadOnlySql(sql), {}, Limits(max_rows, seconds)) as result:
        return [line for batch in result.batches() for line in batch.data.splitlines()]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(black_hole=True),
        Fault(refuse=True),
        Fault(cut_after_bytes=10),
        Fault(cut_after_bytes=500),
        Fault(cut_after_bytes=1000, reset=True),
    ],
    ids=str,
)
def test_a_login_over_a_bad_line_ends_in_time_and_leaves_nothing(
    sqlserver: SqlServerPeer, driver: str, fault: Fault
) -> None:
    with nothing_is_left(), FaultProxy(sqlserver.port, fault) as proxy:
        start = time.monotonic()
        with pytest.raises(SourceUnavailable):
            open_sqlserver(sqlserver.params(port=proxy.port, driver=driver), 1.0)
        assert time.monotonic() - start < 6


def test_a_slow_line_is_only_slow(sqlserver: SqlServerPeer, driver: str) -> None:
    with FaultProxy(sqlserver.port, Fault(latency_seconds=0.02)) as proxy:
        connection = open_sqlserver(sqlserver.params(port=proxy.port, driver=driver), 20)
        assert ask(connection, "SELECT zone FROM stores WHERE store_id = 1") == [b'["North"]']
        connection.close()


def test_a_line_that_breaks_under_a_query_is_said_and_the_connection_thrown_away(
    sqlserver: SqlServerPeer, driver: str
) -> None:
    with nothing_is_left():
        with FaultProxy(sqlserver.port) as proxy:
            connection = open_sqlserver(sqlserver.params(port=proxy.port, driver=driver), 10)
            timer = threading.Timer(0.3, proxy.cut_all)
            timer.start()
            with pytest.raises(SourceUnavailable, match="lost"):
                ask(connection, SLOW)
            timer.join()
            assert not connection.reset()
            with pytest.raises(SourceUnavailable):
                connection.ping()
        connection.close()


def test_a_line_that_is_cut_in_mid_result_never_ends_as_if_it_were_whole(
    sqlserver: SqlServerPeer, driver: str
) -> None:
    with FaultProxy(sqlserver.port, Fault(cut_after_bytes=400_000)) as proxy:
        connection = open_sqlserver(sqlserver.params(port=proxy.port, driver=driver), 10)
        with pytest.raises(SourceUnavailable):
            ask(connection, "SELECT i, 'some text to fill the wire' AS t FROM numbers", max_rows=50_000)
        connection.close()


def test_a_server_that_is_deaf_to_the_deadline_loses_the_connection_in_time(
    sqlserver: SqlServerPeer, driver: str, scripted: dict[str, Callable[[], None]]
) -> None:
    with nothing_is_left():
        connection = open_sqlserver(sqlserver.params(driver=driver), 10)
        scripted["zzz"] = sleep(7 if driver == MICROSOFT else 4.5)
        start = time.monotonic()
        with pytest.raises(QueryTimeout):
            ask(connection, "SELECT 1 AS zzz", seconds=0.5)
        assert not connection.reset()
        connection.close()
        assert time.monotonic() - start < 8


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Only Linux tells which socket it is.")
def test_an_abort_ends_what_its_own_connection_waits_for_and_nothing_else(
    sqlserver: SqlServerPeer, driver: str
) -> None:
    with nothing_is_left(), FaultProxy(sqlserver.port) as proxy, ThreadPoolExecutor(6) as threads:
        params = sqlserver.params(port=proxy.port, driver=driver)
        connections = list(threads.map(lambda _: open_sqlserver(params, 20), range(6)))
        aborted, *others = connections
        proxy.held = True
        waiting = []
        for one in connections:
            sent = proxy.sent_to_server
            waiting.append(threads.submit(ask, one, "SELECT 7 AS n", seconds=60))
            wait_until(lambda sent=sent: proxy.sent_to_server > sent)  # type: ignore[misc]
        aborted.abort()
        with pytest.raises(SourceUnavailable):
            waiting[0].result(40)
        assert not any(one.done() for one in waiting[1:])
        proxy.held = False
        assert [one.result(60) for one in waiting[1:]] == [[b"[7]"]] * len(others)
        for one in connections:
            one.close()


@pytest.mark.slow
def test_where_the_socket_is_not_known_a_thread_comes_back_soon_after_its_deadline(
    sqlserver: SqlServerPeer, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For both drivers, when nothing more is heard of the server."""
    monkeypatch.setattr(sys, "platform", "another")
    with FaultProxy(sqlserver.port) as proxy:
        connection = open_sqlserver(sqlserver.params(port=proxy.port, driver=driver), 20)
        proxy.held = True
        connection.abort()  # does nothing then
        start = time.monotonic()
        with pytest.raises((QueryTimeout, SourceUnavailable)):
            ask(connection, "SELECT 7 AS n", seconds=1)
        connection.close()
        assert time.monotonic() - start < 30


def test_a_server_that_goes_down_and_comes_back(sqlserver: SqlServerPeer, driver: str) -> None:
    with FaultProxy(sqlserver.port) as proxy:
        params = sqlserver.params(port=proxy.port, driver=driver)
        connection = open_sqlserver(params, 10)
        proxy.fault = Fault(refuse=True)
        proxy.cut_all()
        with pytest.raises(SourceUnavailable):
            connection.ping()
        connection.close()
        with pytest.raises(SourceUnavailable):
            open_sqlserver(params, 2)
        proxy.fault = Fault()
        again = open_sqlserver(params, 10)
        again.ping()
        again.close()


@pytest.mark.parametrize(
    ("number", "text", "failure", "says"),
    [
        (208, "Invalid object name 'x'.", QueryFailed, "Invalid object name"),
        (229, "The SELECT permission was denied on the object 'pay'.", QueryFailed, "permission was denied"),
        (3906, "Failed to update database because it is read-only.", QueryRefused, "only reads"),
        (1205, "Transaction was deadlocked.", QueryFailed, "deadlock"),
    ],
)
def test_what_the_server_answers_is_told_in_the_right_kind_of_failure(
    sqlserver: SqlServerPeer,
    driver: str,
    scripted: dict[str, Callable[[], None]],
    number: int,
    text: str,
    failure: type[AppError],
    says: str,
) -> None:
    connection = open_sqlserver(sqlserver.params(driver=driver), 10)
    scripted["zzz"] = message(number, text)
    with pytest.raises(failure, match=says):
        ask(connection, "SELECT 1 AS zzz")
    assert connection.reset()
    assert ask(connection, "SELECT 2 AS x") == [b"[2]"]
    connection.close()


def test_a_cell_does_not_stand_in_an_error(
    sqlserver: SqlServerPeer, driver: str, scripted: dict[str, Callable[[], None]]
) -> None:
    connection = open_sqlserver(sqlserver.params(driver=driver), 10)
    scripted["zzz"] = message(
        245, "Conversion failed when converting the varchar value 'Person 7' to data type int."
    )
    with pytest.raises(QueryFailed, match="Conversion failed") as caught:
        ask(connection, "SELECT 1 AS zzz")
    assert "Person" not in str(caught.value)
    connection.close()


def test_a_type_that_the_driver_cannot_give_is_said_with_what_to_do(
    sqlserver: SqlServerPeer, driver: str
) -> None:
    connection = open_sqlserver(sqlserver.params(driver=driver), 10)
    with pytest.raises(QueryFailed, match=r"sql_variant.*CAST it"):
        ask(connection, "SELECT '7' AS v_variant")
    assert connection.reset()
    assert ask(connection, "SELECT 2 AS x") == [b"[2]"]
    connection.close()


@pytest.mark.parametrize(
    ("change", "failure", "says"),
    [
        ({"password": "wrong-Secret-9"}, SourceUnavailable, "does not let 'reader' in"),
        (
            {"password": "x}};UID=nobody;Encrypt=no;{"},
            (SourceUnavailable, InvalidRequest),
            "'reader'|password",
        ),
        (
            {"user": "a;Trusted_Connection=yes", "password": "Secret-9"},
            SourceUnavailable,
            "a;Trusted_Connection",
        ),
        (
            {"host": "no-such-host.invalid", "encryption": "require"},
            SourceUnavailable,
            "cannot be reached|in time",
        ),
        ({"host": "127.0.0.1;Encrypt=no"}, InvalidRequest, "host"),
        ({"host": "srv\\instance"}, InvalidRequest, "instance"),
        ({"database": "shop\n"}, InvalidRequest, "The database"),
        ({"port": 1}, SourceUnavailable, "cannot be reached|in time"),
        ({"port": 0x10000}, InvalidRequest, "port"),
        ({"encryption": "off"}, InvalidRequest, "encryption must be one of"),
        ({"encryption": "verify-full", "ssl_ca": "/no/such/file"}, InvalidRequest, "ssl_ca"),
        ({"driver": "/tmp/evil.so"}, InvalidRequest, "driver must be one of"),
    ],
)
def test_why_it_cannot_be_opened_is_said_without_the_password(
    sqlserver: SqlServerPeer, driver: str, change: dict[str, object], failure: Any, says: str
) -> None:
    params = {**sqlserver.params(driver=driver), **change}
    secret = str(params["password"])
    error = _failure_of_opening(params)
    with pytest.raises(failure, match=says):
        raise error
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [line for line in shown.format() if "test_sqlserver_failures" not in line]
    assert secret not in "".join(ours)
    assert secret not in repr(error)


def _failure_of_opening(params: dict[str, object]) -> AppError:
    try:
        open_sqlserver(params, 3)
    except AppError as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next  # without this frame
        return error
    raise AssertionError("It was opened.")


def test_whatever_a_query_did_is_rolled_back(sqlserver: SqlServerPeer, driver: str) -> None:
    connection = open_sqlserver(sqlserver.params(driver=driver), 10)
    sqlserver.batches.clear()
    ask(connection, "SELECT 1 AS x")
    assert connection.reset()
    connection.ping()
    said = " ".join(sqlserver.batches)
    assert "COMMIT" not in said
    assert said.count("ROLLBACK") >= 2
    connection.close()


def test_an_open_connection_does_not_show_its_password(sqlserver: SqlServerPeer, driver: str) -> None:
    connection = open_sqlserver(sqlserver.params(driver=driver), 10)
    assert str(sqlserver.params()["password"]) not in repr(vars(connection))
    connection.close()


@pytest.mark.parametrize(
    "password",
    ["a;b", "a}b", "{a", "a{b}c", "}", "a=b", " a b ", "'q'\"", "x;UID=sa", "पास₹"],
)
def test_a_password_of_any_characters_arrives_as_it_is(
    sqlserver: SqlServerPeer, driver: str, password: str
) -> None:
    sqlserver.logins["odd"] = password
    open_sqlserver(sqlserver.params(driver=driver, user="odd", password=password), 10).close()


@pytest.mark.parametrize("password", ["a;b}", "{a}", " }"])
def test_what_freetds_cannot_be_told_is_refused_and_goes_through_microsofts_driver(
    sqlserver: SqlServerPeer, password: str
) -> None:
    sqlserver.logins["odd"] = password
    with pytest.raises(InvalidRequest, match="The password has both"):
        open_sqlserver(sqlserver.params(driver=FREETDS, user="odd", password=password), 10)
    open_sqlserver(sqlserver.params(driver=MICROSOFT, user="odd", password=password), 10).close()


def test_without_a_driver_the_sentence_says_how_to_get_one() -> None:
    with pytest.raises(DriverMissing, match="There is no ODBC driver") as caught:
        sqlserver_driver.choose(["SQLite3"], "", own_authority=False)
    assert "Install" in caught.value.details
    with pytest.raises(DriverMissing, match="not installed"):
        sqlserver_driver.choose([FREETDS], MICROSOFT, own_authority=False)
    assert sqlserver_driver.choose([FREETDS, MICROSOFT], "", own_authority=False) == MICROSOFT
    assert sqlserver_driver.choose([FREETDS, "PostgreSQL"], "", own_authority=True) == FREETDS
    assert sqlserver.KIND.dialect == "tsql"

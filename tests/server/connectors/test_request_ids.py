"""A query is found in its source by the id of its request, and by nothing that a caller makes up."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.connectors.base import Limits
from server.connectors.clickhouse.kind import open_clickhouse
from server.connectors.clickhouse.session import ClickHouseConnector
from server.connectors.google_drive import kind as google_drive
from server.connectors.google_drive.kind import GoogleDriveConnector
from server.connectors.oracle.kind import open_oracle
from server.connectors.oracle.session import OracleConnector
from server.connectors.tableau import kind as tableau
from server.connectors.tableau.connector import TableauConnector
from shared import guard
from shared.errors import QueryCancelled
from shared.guard import ReadOnlySql
from tests.peers.clickhouse import ClickHouseServer
from tests.peers.google_drive import DriveServer
from tests.peers.oracle import OraclePeer
from tests.peers.tableau import TableauServer
from tests.server.connectors.contract import rows_of
from tests.server.running import wait_until

TICKET = "ticket-4711.a_b"
HOSTILE = [
    "x' OR '1'='1",
    "a/../b",
    "a b",
    "a\r\nX-Tableau-Auth: stolen",
    "*/ DROP TABLE t; --",
    "आज",
    "-begins",
    "%",
    "x" * 65,
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_is_no_request_id_is_no_label(hostile: str) -> None:
    assert Limits(1, 1, hostile).label == ""


def test_a_request_id_is_its_label() -> None:
    assert [Limits(1, 1, given).label for given in (TICKET, "x" * 64, "")] == [TICKET, "x" * 64, ""]


class TestClickHouse:
    @pytest.fixture
    def connection(self, clickhouse: ClickHouseServer) -> Iterator[ClickHouseConnector]:
        connection = open_clickhouse(clickhouse.params(http=True), 10)
        yield connection
        connection.close()

    @pytest.mark.parametrize("http_above_rows", [0, 10_000], ids=["http", "native"])
    def test_a_running_query_is_called_after_its_request_and_stops_when_cancelled(
        self, connection: ClickHouseConnector, clickhouse: ClickHouseServer, http_above_rows: int
    ) -> None:
        connection.http_above_rows = http_above_rows
        endless = ReadOnlySql("SELECT count() AS n FROM system.numbers WHERE number * number % 7 = 8")
        failures: list[BaseException] = []

        def run() -> None:
            try:
                with connection.query(endless, {}, Limits(100, 60, TICKET)) as result:
                    rows_of(result)
            except QueryCancelled as error:
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        mine = f"SELECT query FROM system.processes WHERE query_id LIKE '{TICKET}/%' AND query LIKE 'SELECT%'"
        try:
            wait_until(lambda: "number * number" in str(clickhouse.execute(mine)), 30)
        finally:
            connection.cancel()
            thread.join(30)
        assert len(failures) == 1
        wait_until(lambda: not clickhouse.execute(mine), 30)

    def test_one_request_asks_as_often_as_it_likes(
        self, connection: ClickHouseConnector, clickhouse: ClickHouseServer
    ) -> None:
        other = open_clickhouse(clickhouse.params(), 10)
        sql, limits = ReadOnlySql("SELECT number FROM system.numbers LIMIT 100000"), Limits(10**6, 30, TICKET)
        with connection.query(sql, {}, limits) as first, other.query(sql, {}, limits) as second:
            assert len(rows_of(first)) == len(rows_of(second)) == 100_000
        other.close()


class TestOracle:
    @pytest.fixture
    def connection(self, oracle: OraclePeer) -> Iterator[OracleConnector]:
        connection = open_oracle(oracle.params(), 10)
        yield connection
        connection.close()

    def _asked(
        self, connection: OracleConnector, oracle: OraclePeer, request_id: str
    ) -> tuple[set[str], int]:
        """The actions of its statements, and how many replies it took."""
        begin, replies = len(oracle.named), oracle.replies
        sql = ReadOnlySql("SELECT zone FROM stores WHERE store_id = 1")
        with connection.query(sql, {}, Limits(10, 30, request_id)) as result:
            assert rows_of(result) == [["North"]]
        assert connection.reset()
        assert {module for module, _ in oracle.named[begin:]} == {"V-Mart-AI-Agent"}
        return {action for _, action in oracle.named[begin:]}, oracle.replies - replies

    def test_a_session_is_at_its_request_without_a_further_round_trip(
        self, connection: OracleConnector, oracle: OraclePeer
    ) -> None:
        self._asked(connection, oracle, "")  # so that the statement is known
        plain = self._asked(connection, oracle, "")
        assert plain[0] == {""}
        assert self._asked(connection, oracle, TICKET) == ({TICKET}, plain[1])
        assert self._asked(connection, oracle, "x" * 64) == ({"x" * 32}, plain[1])
        assert self._asked(connection, oracle, "not a' plain id") == plain

    def test_a_session_that_went_back_is_at_nothing(
        self, connection: OracleConnector, oracle: OraclePeer
    ) -> None:
        self._asked(connection, oracle, TICKET)
        connection.rows("SELECT zone FROM stores")
        assert oracle.named[-1] == ("V-Mart-AI-Agent", "")


def test_tableau_is_told_in_each_call_of_a_query_and_in_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMART_HOME", str(tmp_path / "home"))
    with TableauServer() as server:
        server.view("Sales", "By zone", b"Zone,Net sales\nNorth,1200\n")
        connector = tableau.KIND.open(server.params(), 20)
        assert isinstance(connector, TableauConnector)
        _told_in_a_query_alone(connector, server, "SELECT Zone FROM sales.by_zone", "North")


def test_google_drive_is_told_in_each_call_of_a_query_and_in_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMART_HOME", str(tmp_path / "home"))
    with DriveServer() as server:
        root = server.folder("Shop")
        server.put("stores.csv", b"store_id,name\n1,Sunder\n", parent=root, kind="text/csv")
        connector = google_drive.open_({**server.params(), "folder": root}, 20)
        _told_in_a_query_alone(connector, server, "SELECT name FROM stores", "Sunder")


def _told_in_a_query_alone(
    connector: TableauConnector | GoogleDriveConnector,
    server: TableauServer | DriveServer,
    text: str,
    expected: str,
) -> None:
    try:
        with connector.query(guard.check(text, "duckdb"), {}, Limits(10, 30, TICKET)) as result:
            assert rows_of(result) == [[expected]]
        connector.ping()
    finally:
        connector.close()
    told = server.request_ids
    assert set(told) == {None, TICKET}
    assert (told[0], told[-1]) == (None, None)

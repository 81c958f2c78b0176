"""Tableau: the contract, views and data sources as tables, sessions that end, and a bad line."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server.connectors.base import FileConnector, Limits
from server.connectors.tableau import kind as tableau
from server.connectors.tableau.connector import TableauConnector
from shared import guard
from shared.errors import (
    AppError,
    NotFound,
    NotPermitted,
    QueryCancelled,
    QueryFailed,
    QueryTimeout,
    SourceUnavailable,
    TooLarge,
)
from shared.results import ColumnType
from tests.peers.fault_proxy import Fault as LineFault
from tests.peers.fault_proxy import FaultProxy
from tests.peers.tableau import TableauServer
from tests.peers.web import Fault
from tests.server.connectors.contract import SqlConnectorContract, rows_of

Opener = Callable[..., TableauConnector]
ZONES = b"Zone,Net sales\nNorth,1200\nEast,800\n"


@pytest.fixture
def server() -> Iterator[TableauServer]:
    with TableauServer() as running:
        fill(running)
        yield running


def fill(server: TableauServer) -> None:
    server.view("Sales", "By zone", ZONES)
    server.view("Sales", "By month", "Month,आय\n2026-04-01,1.5\n2026-05-01,2.25\n".encode())
    server.view("HR", "Staff", b"id,name\n1,Asha\n")
    server.data_source(
        "Orders",
        {
            "Order": "INTEGER", "Zone": "STRING", "Amount": "REAL", "Day": "DATE", "At": "DATETIME",
            "Paid": "BOOLEAN",
        },
        [
            {"Order": n, "Zone": ("North", "East")[n % 2], "Amount": n * 1.5, "Day": "2026-04-01",
             "At": "2026-04-01T18:40:00", "Paid": n % 3 == 0}
            for n in range(10)
        ],
    )  # fmt: skip


@pytest.fixture
def opened(server: TableauServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
    monkeypatch.setenv("VMART_HOME", str(tmp_path / "home"))
    made: list[TableauConnector] = []

    def open_(**params: Any) -> TableauConnector:
        connector = tableau.KIND.open({**server.params(), **params}, 20)
        assert isinstance(connector, TableauConnector)
        made.append(connector)
        return connector

    yield open_
    for connector in made:
        connector.close()


def ask(connector: TableauConnector, text: str, *, seconds: float = 30, **params: Any) -> list[list[object]]:
    with connector.query(guard.check(text, "duckdb"), params, Limits(1000, seconds)) as result:
        return rows_of(result)


class TestTableauContract(SqlConnectorContract):
    """On one connection, which costs a process, as a pool would use it."""

    @pytest.fixture(scope="class")
    def lasting(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TableauConnector]:
        with TableauServer() as server, pytest.MonkeyPatch.context() as patch:
            patch.setenv("VMART_HOME", str(tmp_path_factory.mktemp("home")))
            fill(server)
            connector = tableau.KIND.open(server.params(), 20)
            assert isinstance(connector, TableauConnector)
            yield connector
            connector.close()

    @pytest.fixture
    def connector(self, lasting: TableauConnector, request: pytest.FixtureRequest) -> object:
        return request.getfixturevalue("opened")() if "closed_twice" in request.node.name else lasting


def test_views_and_data_sources_are_tables(opened: Opener) -> None:
    connector = opened()
    found = {table.name: table for table in connector.schema().tables}
    assert set(found) == {"sales.by_zone", "sales.by_month", "hr.staff", "data_sources.orders"}
    assert [column.type for column in found["data_sources.orders"].columns] == [
        ColumnType.INTEGER, ColumnType.TEXT, ColumnType.FLOAT, ColumnType.DATE, ColumnType.TIMESTAMP,
        ColumnType.BOOLEAN,
    ]  # fmt: skip
    assert "Retail" in found["sales.by_zone"].comment
    assert ask(connector, 'SELECT "Net sales" FROM sales.by_zone ORDER BY 1') == [[800], [1200]]
    joined = "SELECT count(*) FROM sales.by_zone z JOIN data_sources.orders o ON z.Zone = o.Zone"
    assert ask(connector, joined) == [[10]]
    with pytest.raises(QueryFailed, match="nothing"):
        ask(connector, "SELECT * FROM sales.nothing")


def test_only_needed_fields_and_rows_are_asked_for(opened: Opener, server: TableauServer) -> None:
    connector = opened()
    text = "SELECT sum(Amount) FROM data_sources.orders WHERE Zone = :zone AND Paid"
    assert ask(connector, text, zone="North") == [[9.0]]
    question = server.bodies[-1]["query"]
    assert [one["fieldCaption"] for one in question["fields"]] == ["Zone", "Amount", "Paid"]
    assert [one["values"] for one in question["filters"]] == [["North"]]
    for text, expected in (
        ("SELECT count(*) FROM data_sources.orders", 10),
        ("SELECT count(*) FROM data_sources.orders WHERE Zone = 'North' OR Paid", 7),
        ("SELECT count(*) FROM data_sources.orders WHERE NOT Zone = 'North'", 5),
        ("SELECT count(*) FROM data_sources.orders WHERE Zone IN ('East', 'South')", 5),
        (
            "SELECT count(*) FROM data_sources.orders a, data_sources.orders b WHERE a.Zone = 'East'",
            50,
        ),
    ):
        assert ask(connector, text) == [[expected]], text
    assert len(ask(connector, "SELECT * FROM data_sources.orders")[0]) == 6


def test_without_the_vizql_data_service_views_still_answer(opened: Opener, server: TableauServer) -> None:
    server.vizql = False
    connector = opened()
    assert "data_sources.orders" not in {table.name for table in connector.schema().tables}
    with pytest.raises(QueryFailed, match="VizQL"):
        ask(connector, "SELECT * FROM data_sources.orders")
    assert ask(connector, "SELECT count(*) FROM sales.by_zone") == [[2]]


def test_a_session_that_ended_is_renewed_and_the_last_connection_signs_out(
    opened: Opener, server: TableauServer
) -> None:
    first, second = opened(), opened()
    assert server.issued == 1, "a token has one session at a time"
    server.tokens.clear()
    for connector in (first, second, first):
        assert ask(connector, "SELECT count(*) FROM sales.by_zone") == [[2]]
    assert server.issued == 2
    first.close()
    assert server.signed_out == 0
    second.close()
    second.close()
    assert server.signed_out == 1
    assert server.tokens == {}


def test_a_session_that_somebody_ends_again_and_again_is_said(opened: Opener, server: TableauServer) -> None:
    connector = opened()
    server.faults += [Fault(status=401, path="/data")] * 10
    with pytest.raises(SourceUnavailable, match="again and again"):
        ask(connector, "SELECT count(*) FROM sales.by_zone")
    server.faults.clear()
    assert ask(connector, "SELECT count(*) FROM sales.by_zone") == [[2]]


def test_a_sign_in_that_hangs_does_not_hold_up_another_past_its_deadline(
    opened: Opener, server: TableauServer
) -> None:
    with FaultProxy(server.port) as line:
        first, second = opened(url=line.url), opened(url=line.url)
        server.tokens.clear()
        with first._site._session.lock:  # as by a connection whose sign-in hangs
            started = time.monotonic()
            with pytest.raises(QueryTimeout):
                ask(second, "SELECT count(*) FROM sales.by_zone", seconds=0.5)
            assert time.monotonic() - started < 10
        assert ask(first, "SELECT count(*) FROM sales.by_zone") == [[2]]


def test_a_user_signs_in_with_a_password_and_a_wrong_one_is_never_shown(opened: Opener) -> None:
    login = {"token_name": "", "token_secret": "", "user": "asha", "password": "hush-word"}
    assert ask(opened(**login), "SELECT count(*) FROM hr.staff") == [[1]]
    for wrong in ({"token_secret": "wrong-secret"}, {**login, "password": "wrong-secret"}):
        with pytest.raises(SourceUnavailable, match="does not let") as caught:
            opened(**wrong)
        assert "wrong-secret" not in str(caught.value)
    with pytest.raises(SourceUnavailable, match="needs"):
        opened(token_secret="")
    for url in ("http://tableau.example", "ftp://x", "https://a/b?c", "https://u:p@h"):
        with pytest.raises(SourceUnavailable, match="address"):
            opened(url=url)


def test_views_are_files(opened: Opener) -> None:
    connector = opened()
    assert isinstance(connector, FileConnector)
    assert [entry.path for entry in connector.list("", 10)] == ["hr", "sales"]
    assert [entry.path for entry in connector.list("hr", 10)] == [
        "hr/staff.csv", "hr/staff.png", "hr/staff.pdf",
    ]  # fmt: skip
    assert connector.read("sales/by_zone.csv", 1000).data == ZONES
    assert connector.read("hr/staff.png", 1000).data.startswith(b"\x89PNG")
    assert [entry.path for entry in connector.search("zone.pdf", 10)] == ["sales/by_zone.pdf"]
    with pytest.raises(TooLarge):
        connector.read("sales/by_zone.csv", 5)
    for path in ("../x", "hr/staff", "hr/nothing.csv"):
        with pytest.raises(NotFound):
            connector.read(path, 1000)


def test_hostile_names_are_told_apart(opened: Opener, server: TableauServer) -> None:
    for name in ("A/B", "A B", "a-b", "../../x", "'; DROP TABLE y; --", "x" * 300, "\u202eevil", "select"):
        server.view("main", name, b"a\n1\n")
    connector = opened()
    names = [table.name for table in connector.schema().tables if table.name.startswith("main_views.")]
    assert len(names) == 8
    together = " UNION ALL ".join(f"SELECT a FROM {name}" for name in names)
    assert ask(connector, together) == [[1]] * 8


def test_a_broken_download_is_never_used_and_a_slow_one_ends(opened: Opener, server: TableauServer) -> None:
    connector = opened()
    connector.list("", 1)
    server.faults.append(Fault(cut=True, path="/data"))
    with pytest.raises(SourceUnavailable):
        ask(connector, "SELECT count(*) FROM sales.by_zone")
    server.faults.append(Fault(slow=True, path="/data"))
    with pytest.raises(QueryTimeout):
        ask(connector, "SELECT count(*) FROM sales.by_zone", seconds=1)
    server.faults.append(Fault(slow=True, path="/data"))
    timer = threading.Timer(0.5, connector.cancel)
    timer.start()
    with pytest.raises(QueryCancelled):
        ask(connector, "SELECT count(*) FROM sales.by_zone")
    timer.join()
    server.faults.append(Fault(status=403, path="/data"))
    with pytest.raises(NotPermitted):
        ask(connector, "SELECT count(*) FROM sales.by_zone")
    assert ask(connector, "SELECT count(*) FROM sales.by_zone") == [[2]]


def test_the_session_goes_nowhere_else(opened: Opener, server: TableauServer) -> None:
    connector = opened()
    with TableauServer() as other:
        for location in (f"{other.url}/api/3.24/x", "/elsewhere"):
            server.faults.append(Fault(location=location))
            with pytest.raises(SourceUnavailable, match=r"another address|redirect"):
                connector.ping()
        assert other.calls == []


def test_rows_go_with_their_connection_and_what_was_left_behind_goes_too(
    opened: Opener, tmp_path: Path
) -> None:
    cache = tmp_path / "home" / "cache" / "tableau"
    (cache / "left-by-a-killed-one").mkdir(parents=True)
    (cache / "left-by-a-killed-one" / "rows.csv").write_text("a")
    os.utime(cache / "left-by-a-killed-one", (1, 1))
    first = opened()
    assert [path.name for path in cache.iterdir()] == [first._folder.name]
    assert first._folder.stat().st_mode & 0o077 == 0
    os.utime(first._folder, (1, 1))
    opened()
    assert first._folder.exists(), "it is in use"
    first.close()
    assert not first._folder.exists()


@pytest.mark.parametrize("body", [b"<html>", b"", b"{}", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"])
def test_what_is_no_tableau_is_said_plainly(opened: Opener, server: TableauServer, body: bytes) -> None:
    server.faults.append(Fault(body=body))
    with pytest.raises(SourceUnavailable, match="not Tableau"):
        opened()


def test_a_view_larger_than_allowed_is_refused(opened: Opener, server: TableauServer) -> None:
    server.view("Big", "All", b"a,b\n" + b"1,some text\n" * 120_000)
    connector = opened(copy_mb=1)
    with pytest.raises(TooLarge, match="copy_mb"):
        ask(connector, "SELECT count(*) FROM big.all_")
    assert "big.all_" in {table.name for table in connector.schema().tables}, (
        "its first rows tell its columns"
    )


@pytest.mark.parametrize(
    "fault",
    [
        LineFault(black_hole=True),
        pytest.param(LineFault(refuse=True), marks=pytest.mark.slow),
        pytest.param(LineFault(cut_after_bytes=40), marks=pytest.mark.slow),
        LineFault(cut_after_bytes=40, reset=True),
        pytest.param(LineFault(latency_seconds=3), marks=pytest.mark.slow),
    ],
    ids=["black hole", "refused", "cut", "reset", "slow"],
)
def test_a_bad_line_ends_within_the_deadline_and_leaves_nothing_open(
    server: TableauServer, opened: Opener, fault: LineFault, tmp_path: Path
) -> None:
    before = threading.active_count()
    with FaultProxy(server.port) as line:
        connector = opened(url=line.url)
        connector.list("", 1)
        line.cut_all()
        line.fault = fault
        started = time.monotonic()
        with pytest.raises(AppError):
            ask(connector, "SELECT count(*) FROM sales.by_zone", seconds=1.5)
        assert time.monotonic() - started < 10
        line.fault = LineFault()
        line.cut_all()
        assert ask(connector, "SELECT count(*) FROM sales.by_zone") == [[2]]
        connector.close()
    end = time.monotonic() + 10
    while threading.active_count() > before + 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert threading.active_count() <= before + 2
    assert list((tmp_path / "home" / "cache" / "tableau").iterdir()) == []

"""Queries across connections over HTTP: answered, explained, stopped, limited, governed, written down."""

import csv
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.connectors import KINDS
from shared.settings import BackendSettings, DatabaseSection, JoinsSection
from tests.peers.fault_proxy import Fault, FaultProxy
from tests.peers.postgres import PostgresServer
from tests.server.across.conftest import Ask
from tests.server.running import Answered, RunningBackend, start, wait_until

_BOTH = (
    "SELECT z.manager, count(*) AS stores, sum(s.area_sqft) AS area"
    " FROM shop.public.stores AS s JOIN files.zones AS z ON z.zone = s.zone"
    " GROUP BY ALL ORDER BY 1 NULLS LAST"
)
_LONG = "SELECT count(*) FROM shop.busy JOIN files.zones ON busy.n = 1"


def running(postgres: PostgresServer) -> int:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active'"
    return int(postgres.execute(sql)[0][0])


@pytest.fixture
def busy(backend: RunningBackend, postgres: PostgresServer) -> Iterator[None]:
    """A table whose rows take for ever."""
    postgres.execute(
        "CREATE VIEW busy AS SELECT 1 AS n, pg_sleep(60)::text AS t FROM generate_series(1, 100)",
        "GRANT SELECT ON busy TO reader",
    )
    backend.ask("GET", "/api/schema/shop?refresh=1")
    yield
    postgres.execute("DROP VIEW busy")
    backend.ask("GET", "/api/schema/shop?refresh=1")


def test_tables_of_two_connections_are_joined(ask: Ask) -> None:
    answer = ask(_BOTH).json
    assert answer["rows"] == [["Asha", 15, 79800], ["Vikram", 15, 79500], [None, 15, 79350]]
    assert [column["type"] for column in answer["columns"]] == ["text", "integer", "integer"]


def test_parameters_are_values_everywhere(ask: Ask) -> None:
    joined = "shop.stores s JOIN files.zones z USING (zone)"
    sql = f"SELECT s.zone, z.target FROM {joined} WHERE zone = :zone LIMIT 1"
    assert ask(sql, params={"zone": "West"}).json["rows"] == [["West", 2000.25]]
    assert ask(sql, params={"zone": "x' OR '1'='1"}).json["rows"] == []
    assert ask(sql).json["error"] == "The query has a parameter :zone, but no value was given for it."


@pytest.mark.parametrize("accept", ["text/csv", "application/x-ndjson", "application/vnd.apache.parquet"])
def test_every_format_is_there(ask: Ask, accept: str) -> None:
    answered = ask(_BOTH, accept=accept)
    assert answered.status == 200
    if accept == "text/csv":
        assert list(csv.reader(io.StringIO(answered.body.decode())))[1] == ["Asha", "15", "79800"]


def test_explain_shows_what_each_source_is_asked_and_asks_none(ask: Ask) -> None:
    answer = ask("EXPLAIN " + _BOTH.replace("GROUP", "WHERE z.zone = 'East' GROUP")).json
    assert [column["name"] for column in answer["columns"]][:4] == ["step", "connection", "table", "sql"]
    by_table = {row[2]: row for row in answer["rows"]}
    assert by_table["zones"][3] == 'SELECT "zone", "manager" FROM zones WHERE "zone" = \'East\''
    assert by_table["stores"][3] == 'SELECT "zone", "area_sqft" FROM stores'
    assert by_table["stores"][4:7] == [60, None, None]
    assert answer["rows"][-1][1:3] == ["*", None]


def test_explain_analyze_runs_it_and_tells_rows_and_keys(ask: Ask) -> None:
    sql = (
        "EXPLAIN ANALYZE SELECT p.name, sum(x.quantity) FROM files.hr.people p"
        " JOIN shop.sales x ON x.store_id = p.store_id WHERE p.person_id = 2 GROUP BY 1"
    )
    people, sales, joined = ask(sql).json["rows"]
    assert (people[0], people[2], people[5]) == (1, "hr.people", 1)
    assert (sales[0], sales[3], sales[5]) == (
        2,
        'SELECT "store_id", "quantity" FROM sales WHERE "store_id" IN (9)',
        334,
    )
    assert sales[7] == "only sales.store_id that are in files.hr.people.store_id"
    assert (joined[0], joined[5]) == (3, 1)


def test_a_source_that_does_not_take_a_condition_is_asked_without_it(
    backend: RunningBackend, postgres: PostgresServer, ask: Ask
) -> None:
    postgres.execute(
        "CREATE TABLE tills AS SELECT i AS till, 'cash'::payment_mode AS mode FROM generate_series(1, 9) i",
        "GRANT SELECT ON tills TO reader",
    )
    backend.ask("GET", "/api/schema/shop?refresh=1")
    try:
        sql = "SELECT count(*) FROM shop.tills t JOIN files.zones z ON true WHERE t.mode = '{}'"
        assert ask(sql.format("cash")).json["rows"] == [[36]]
        assert ask(sql.format("barter")).json["rows"] == [[0]]  # the enum has no such value
        part = ask(f"EXPLAIN ANALYZE {sql.format('barter')}").json["rows"][0]
        assert part[3:8:2] == ['SELECT "mode" FROM tills', 9, "the source did not take the condition"]
    finally:
        postgres.execute("DROP TABLE tills")
        backend.ask("GET", "/api/schema/shop?refresh=1")


def test_a_part_that_is_too_large_is_named_with_what_can_be_done(ask: Ask) -> None:
    refused = ask("SELECT count(*) FROM shop.sales, files.zones")
    assert refused.status == 413
    assert refused.json["error"] == (
        "The query needs more than 15,000 rows of shop.sales, the most that is fetched of one table."
    )
    assert "about 20,000 rows" in refused.json["details"]
    assert "sold_on" in refused.json["details"]


@pytest.mark.parametrize(
    ("sql", "status", "said"),
    [
        ("SELECT * FROM stores", 404, "The table 'stores' names no connection."),
        ("SELECT * FROM shop.payroll", 404, "There is no table called 'payroll' in shop."),
        ("SELECT * FROM nobody.stores", 404, "There is no connection called 'nobody'."),
        ("SELECT 1", 400, "The query names no table of any connection; ask one connection instead."),
        ("SELECT s.nothing FROM shop.stores s", 400, "nothing"),
        ("DELETE FROM shop.stores", 400, "Only a query that reads is allowed"),
        ("EXPLAIN EXPLAIN SELECT 1", 400, ""),
        ("EXPLAIN DROP TABLE shop.stores", 400, "Only a query that reads is allowed"),
        ("SELECT * FROM shop.stores, '/etc/passwd'", 400, ""),
        ("SELECT * FROM read_csv('/etc/passwd'), shop.stores", 400, "'read_csv' is not on the list"),
        ("SELECT * FROM shop.stores s, memory.main.p0", 400, "called 'memory' can not be used"),
        ("SELECT * FROM shop.pg_catalog.pg_authid", 400, "not open to queries"),
        ("SELECT * FROM shop.information_schema.tables", 404, "There is no table called"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(ask: Ask, sql: str, status: int, said: str) -> None:
    refused = ask(sql)
    assert (refused.status, said in refused.json["error"]) == (status, True), refused.json


def test_the_same_permissions_are_asked_for(backend: RunningBackend, ask: Ask) -> None:
    assert ask(_BOTH, key=backend.key("schema_read")).status == 403
    reader = backend.key("db_read")
    assert ask(_BOTH, key=reader).status == 200
    assert ask(_BOTH, key=reader, accept="text/csv").status == 403
    many = ask("SELECT a.store_id FROM shop.stores a, shop.stores b", key=reader, max_rows=5000).json
    assert (many["row_count"], many["truncated"]) == (1000, True)


def test_the_audit_names_the_tables_of_all_connections(backend: RunningBackend, ask: Ask) -> None:
    query_id = ask(_BOTH).json["query_id"]
    wait_until(lambda: any(line["query_id"] == query_id for line in backend.audit()))
    (line,) = [line for line in backend.audit() if line["query_id"] == query_id]
    assert (line["connection"], line["tables"], line["row_count"]) == (
        "*",
        "files.zones shop.public.stores",
        3,
    )


@pytest.mark.usefixtures("busy")
def test_a_cancel_stops_every_part_inside_its_source(
    backend: RunningBackend, postgres: PostgresServer, ask: Ask
) -> None:
    query_id = "5d7fe312-1111-4222-8333-444455556666"
    answers: list[Answered] = []
    asking = threading.Thread(target=lambda: answers.append(ask(_LONG, query_id=query_id)))
    asking.start()
    wait_until(lambda: running(postgres) == 1)
    assert backend.ask("DELETE", f"/api/query/{query_id}").status == 202
    asking.join(20)
    assert answers[0].json["code"] == "query_cancelled"
    wait_until(lambda: running(postgres) == 0)
    assert ask(_BOTH).status == 200


@pytest.mark.usefixtures("busy")
def test_past_its_deadline_no_part_goes_on(postgres: PostgresServer, ask: Ask) -> None:
    late = ask(_LONG, timeout_seconds=1)
    assert (late.status, late.json["code"]) == (504, "query_timeout")
    wait_until(lambda: running(postgres) == 0)


@pytest.mark.usefixtures("busy")
def test_a_client_that_leaves_takes_the_parts_along(
    backend: RunningBackend, postgres: PostgresServer
) -> None:
    connection = backend.connect()
    body = b'{"connection": "*", "query": "%s"}' % _LONG.encode()
    connection.request("POST", "/api/query", body, backend.headers(body))
    wait_until(lambda: running(postgres) == 1)
    connection.close()
    wait_until(lambda: running(postgres) == 0)


def test_a_join_that_never_ends_is_stopped_too(ask: Ask) -> None:
    sql = f"SELECT count(*) FROM {', '.join(f'shop.stores s{n}' for n in range(8))}, files.zones"
    late = ask(sql, timeout_seconds=2)
    assert (late.status, late.json["code"]) == (504, "query_timeout")
    assert ask(_BOTH).status == 200


def test_a_dead_source_gives_its_own_error_and_the_others_go_on(
    backend: RunningBackend, postgres: PostgresServer, ask: Ask
) -> None:
    with FaultProxy(postgres.port) as proxy:
        params = {**postgres.params(), "port": proxy.port}
        backend.ask("POST", "/api/connections", {"name": "frail", "type": "postgresql", "params": params})
        sql = "SELECT count(*) FROM frail.stores JOIN files.zones USING (zone)"
        assert ask(sql).json["rows"] == [[45]]
        proxy.fault = Fault(refuse=True)
        proxy.cut_all()
        failed = ask(sql)
        assert (failed.status, failed.json["code"]) == (503, "source_unavailable")
        assert ask(_BOTH).status == 200
    backend.ask("DELETE", "/api/connections/frail")


def test_many_at_once_are_all_answered(ask: Ask) -> None:
    answers: list[Answered] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(_BOTH))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [answer.status for answer in answers] == [200] * 6
    assert len({answer.body.split(b'"rows"')[1].split(b"]]")[0] for answer in answers}) == 1


def test_an_engine_that_nobody_needs_is_ended(tmp_path: Path) -> None:
    settings = BackendSettings(
        database=DatabaseSection(idle_timeout=0.5), joins=JoinsSection(memory_mb=256, disk_mb=64)
    )
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "zones.csv").write_text("zone\nEast\n")
    running = start(tmp_path / "home", KINDS.values(), settings)
    try:
        files = {"name": "files", "type": "filesystem", "params": {"root": str(tmp_path / "files")}}
        running.ask("POST", "/api/connections", files)
        body = {"connection": "*", "query": "SELECT count(*) FROM files.zones"}
        assert running.ask("POST", "/api/query", body).json["rows"] == [[1]]
        engines = running.serving.backend.queries._across._engines
        wait_until(lambda: engines.figures().open == engines.figures().ending == 0)
        assert running.ask("POST", "/api/query", body).json["rows"] == [[1]]
    finally:
        running.stop()

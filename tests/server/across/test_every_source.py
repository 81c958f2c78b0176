"""Queries across connections with every kind of source that speaks SQL: what is passed on changes nothing."""

from collections.abc import Iterator

import pytest

from tests.peers.clickhouse import ClickHouseServer
from tests.peers.oracle import OraclePeer
from tests.peers.sqlserver import SqlServerPeer
from tests.server.across.conftest import Ask
from tests.server.running import RunningBackend


@pytest.fixture(scope="module")
def sources(
    backend: RunningBackend, clickhouse: ClickHouseServer, oracle: OraclePeer, sqlserver: SqlServerPeer
) -> Iterator[None]:
    made = {
        "ch": ("clickhouse", clickhouse.params()),
        "ora": ("oracle", oracle.params()),
        "ms": ("sqlserver", sqlserver.params()),
    }
    for name, (kind, params) in made.items():
        body = {"name": name, "type": kind, "params": params}
        answered = backend.ask("POST", "/api/connections", body)
        assert answered.status == 201, answered.body
    yield
    for name in made:
        backend.ask("DELETE", f"/api/connections/{name}")


@pytest.mark.usefixtures("sources")
def test_five_kinds_of_source_are_joined_in_one_query(ask: Ask) -> None:
    answer = ask(
        "SELECT count(*), min(p.name), max(z.target) FROM shop.stores p"
        " JOIN ch.stores c ON c.store_id = p.store_id JOIN ora.stores o ON o.store_id = p.store_id"
        " JOIN ms.dbo.stores m ON m.store_id = p.store_id JOIN files.zones z ON z.zone = m.zone"
        " WHERE o.zone = 'East' AND m.opened_on >= '2016-01-01' AND c.city IN ('Patna', 'Pune')"
    )
    # East is every third store; of those from the tenth on, every second one is in Patna or Pune
    numbers = [n for n in range(1, 61) if n % 3 == 0 and n * 30 >= 275 and (n - 1) % 4 in (0, 2)]
    assert answer.json["rows"] == [[len(numbers), min(f"Store {n}" for n in numbers), 1000.5]], answer.json


@pytest.mark.usefixtures("sources")
def test_every_source_of_one_query_is_told_its_request_id(
    backend: RunningBackend, oracle: OraclePeer
) -> None:
    sql = "SELECT count(*) FROM shop.stores p JOIN ora.stores o ON o.store_id = p.store_id"
    begin = len(oracle.named)
    body = {"connection": "*", "query": sql}
    answered = backend.ask("POST", "/api/query", body, headers={"X-Request-Id": "joined-1.a_b"})
    assert answered.status == 200, answered.json
    assert ("V-Mart-AI-Agent", "joined-1.a_b") in oracle.named[begin:]


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize(
    ("table", "plain", "hidden"),
    [
        ("ch.stores", "x.zone = 'East'", "x.zone || '' = 'East'"),
        ("ch.stores", "x.zone = 'Nowhere'", "x.zone || '' = 'Nowhere'"),
        ("ch.stores", "x.area_sqft IS NULL", "coalesce(x.area_sqft, -1) = -1"),
        (
            "ch.stores",
            "x.opened_on BETWEEN '2016-01-01' AND '2017-06-30'",
            "x.opened_on + 0 <= '2017-06-30' AND year(x.opened_on) > 2015",
        ),
        ("ch.sales", "x.sale_id < 500 AND x.net_amount > 7", "x.sale_id < 500 AND x.net_amount + 0 > 7"),
        (
            "ch.sales",
            "x.sold_at < '2025-04-05'",
            "x.sale_id < 9000 AND x.sold_at::DATE < '2025-04-05'",
        ),
        ("ora.stores", "x.zone IN ('East', 'West')", "x.zone || '' IN ('East', 'West')"),
        ("ora.stores", "x.opened_on < DATE '2016-05-05'", "x.opened_on::TIMESTAMP < DATE '2016-05-05'"),
        ("ora.sales", "x.net_amount BETWEEN 1.5 AND 99", "x.net_amount + 0 BETWEEN 1.5 AND 99"),
        ("ora.sales", "x.store_id = 7 AND NOT x.quantity = 3", "x.store_id + 0 = 7 AND x.quantity + 0 <> 3"),
        ("ms.stores", "x.name LIKE 'Store 1%'", "x.name || '' LIKE 'Store 1%'"),
        ("ms.stores", "x.opened_on >= '2017-01-01'", "x.opened_on + 0 >= '2017-01-01'"),
        ("ms.sales", "x.sold_at >= '2025-08-01'", "x.sold_at + INTERVAL 0 DAY >= '2025-08-01'"),
        ("ms.sales", "x.net_amount = 37.37", "x.net_amount + 0 = 37.37"),
    ],
)
def test_a_condition_that_is_passed_on_changes_no_answer(
    ask: Ask, table: str, plain: str, hidden: str
) -> None:
    answers = []
    for where in (plain, hidden):
        answered = ask(f"SELECT count(*), min(x.store_id), sum(x.store_id) FROM {table} AS x WHERE {where}")
        assert answered.status == 200, answered.json
        answers.append(answered.json["rows"])
    assert answers[0] == answers[1]
    assert answers[0][0][0] > 0 or "Nowhere" in plain

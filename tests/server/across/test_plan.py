"""What is asked of each source. That the answers are right whatever is asked is in test_exactness."""

from collections.abc import Mapping

import pytest

from server.across.plan import Plan, planned
from server.across.references import Bound, references
from shared import guard
from shared.errors import NotFound, QueryRefused
from shared.results import ColumnType
from shared.wire import ColumnInfo, TableInfo

_TYPES = {
    "id": ColumnType.INTEGER,
    "store_id": ColumnType.INTEGER,
    "qty": ColumnType.INTEGER,
    "net": ColumnType.DECIMAL,
    "zone": ColumnType.TEXT,
    "day": ColumnType.DATE,
    "at_time": ColumnType.TIMESTAMP,
    "share": ColumnType.FLOAT,
    "open": ColumnType.BOOLEAN,
}


def table(name: str, *columns: str, rows: int | None = None) -> TableInfo:
    return TableInfo(name, [ColumnInfo(one, _TYPES[one]) for one in columns], row_estimate=rows)


_TABLES: Mapping[tuple[str, str], TableInfo] = {
    ("pg", "stores"): table("stores", "id", "zone", "open", rows=60),
    ("pg", "sales"): table("sales", "id", "store_id", "qty", "net", "day", "at_time", rows=2_000_000),
    ("files", "zones"): table("zones", "zone", "share", "day", rows=4),
    ("ora", "SALES"): table("SALES", "store_id", "zone", "day", "net", rows=500_000),
    ("ch", "clicks"): table("clicks", "store_id", "zone", "net", "day", rows=9_000_000),
}
_DIALECTS = {"pg": "postgres", "files": "duckdb", "ora": "oracle", "ch": "clickhouse"}


def plan(sql: str) -> Plan:
    checked = guard.check(sql, "duckdb")
    tree = guard.tree(checked, "duckdb")
    bounds = [Bound(one, _TABLES[one.connection, one.parts[-1]]) for one in references(tree, list(_DIALECTS))]
    return planned(checked, tree, bounds, _DIALECTS)


def asked(sql: str) -> dict[str, str]:
    return {f"{part.connection}.{part.table}": part.sql() for part in plan(sql).parts}


def condition(where: str, of: str = "pg.sales") -> str:
    (text,) = asked(f"SELECT 1 FROM {of} AS x WHERE {where}").values()
    return text.partition(" WHERE ")[2]


def test_only_the_columns_that_the_query_can_need_are_fetched() -> None:
    text = asked("SELECT s.zone, sum(x.net) FROM pg.sales x JOIN pg.stores s ON s.id = x.store_id GROUP BY 1")
    assert text["pg.stores"] == 'SELECT "id", "zone" FROM stores'
    assert text["pg.sales"] == 'SELECT "store_id", "net" FROM sales'


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM pg.stores",
        "SELECT s.* FROM pg.stores s",
        "SELECT s FROM pg.stores s",
        "SELECT zone FROM pg.stores AS s(a, zone)",
        "SELECT COLUMNS('z.*') FROM pg.stores",
        "SELECT #1 FROM pg.stores",
        "SELECT 1 FROM pg.stores NATURAL JOIN files.zones",
        "PIVOT pg.stores ON zone IN ('a') USING count(id)",
    ],
)
def test_all_columns_are_fetched_where_names_do_not_tell(sql: str) -> None:
    assert 'SELECT "id", "zone", "open" FROM stores' in asked(sql).values()


def test_a_count_of_rows_needs_one_column() -> None:
    assert asked("SELECT count(*) FROM pg.stores") == {"pg.stores": 'SELECT "id" FROM stores'}


@pytest.mark.parametrize(
    ("where", "passed_on"),
    [
        ("qty = 3 AND net > 2.5", '"qty" = 3 AND "net" > 2.5'),
        ("3 < qty", '"qty" > 3'),
        ("qty IN (1, -2)", '"qty" IN (1, (-2))'),
        ("qty BETWEEN 1 AND 5", '("qty" >= 1 AND "qty" <= 5)'),
        ("NOT (qty = 1 OR net IS NULL)", ""),
        ("qty = 1 OR id = 2", '("qty" = 1 OR "id" = 2)'),
        ("qty = 1 OR abs(id) = 2", ""),
        ("qty = 1 AND abs(id) = 2", '"qty" = 1'),
        ("NOT (qty = 1 AND abs(id) = 2)", ""),
        ("qty IS NULL", '"qty" IS NULL'),
        ("net IS NULL", ""),  # a NaN arrives as NULL
        ("net IS NOT NULL", 'NOT "net" IS NULL'),
        ("day >= '2026-01-01'", "\"day\" >= CAST('2026-01-01' AS DATE)"),
        ("day = DATE '2026-01-31'", "\"day\" = CAST('2026-01-31' AS DATE)"),
        ("day = '2026-02-31'", ""),
        ("day = '1.1.2026'", ""),
        ("at_time >= '2026-01-10 10:00'", "\"at_time\" >= CAST('2026-01-09' AS DATE)"),
        ("at_time < TIMESTAMP '2026-01-10'", "\"at_time\" < CAST('2026-01-12' AS DATE)"),
        ("NOT at_time < '2026-01-10'", ""),
        ("qty = '3'", ""),
        ("qty = 1e3", ""),
        ("qty = store_id", ""),
        ("qty = (SELECT 1)", ""),
        ("x.qty = 1 AND pg.sales.id = 2", '"qty" = 1'),
    ],
)
def test_conditions_that_mean_the_same_go_to_the_source(where: str, passed_on: str) -> None:
    assert condition(where) == passed_on


@pytest.mark.parametrize(
    ("where", "passed_on"),
    [
        ("zone = 'it''s'", "\"zone\" = 'it''s'"),
        ("zone <> 'East'", ""),  # some sources take 'EAST' for the same
        ("zone > 'East'", ""),
        ("NOT zone = 'East'", ""),
        ("zone LIKE 'East%'", "\"zone\" LIKE 'East%'"),
        ("zone LIKE '[E]ast_'", ""),
        ("zone NOT LIKE 'East%'", ""),
        ("open AND NOT open = TRUE", '"open" AND NOT ("open" = TRUE)'),
    ],
)
def test_text_is_asked_to_be_equal_and_nothing_else(where: str, passed_on: str) -> None:
    assert condition(where, of="pg.stores") == passed_on


def test_each_source_is_asked_in_its_own_words() -> None:
    assert condition("day = '2026-01-10'", of="ora.SALES") == (
        "(\"day\" >= to_date('2026-01-09', 'YYYY-MM-DD') AND \"day\" < to_date('2026-01-12', 'YYYY-MM-DD'))"
    )
    assert condition("net = 2 AND net < 2.5", of="ch.clicks") == '"net" = 2'
    assert condition("zone = 'a\\b'", of="ch.clicks") == ""
    assert condition("share > 0.5", of="files.zones") == ""


def test_a_side_that_may_be_missing_is_asked_only_for_what_null_does_not_satisfy() -> None:
    both = "FROM pg.sales x {} JOIN pg.stores s ON s.id = x.store_id AND s.zone = 'East' AND x.qty = 2"
    left = asked(f"SELECT 1 {both.format('LEFT')} WHERE s.id IS NULL AND x.store_id IS NULL")
    assert left["pg.stores"].endswith("WHERE \"zone\" = 'East'")
    assert left["pg.sales"].endswith('WHERE "store_id" IS NULL')
    right = asked(f"SELECT 1 {both.format('RIGHT')}")
    assert "WHERE" not in right["pg.stores"]
    assert right["pg.sales"].endswith('WHERE "qty" = 2')
    full = asked(f"SELECT 1 {both.format('FULL')} WHERE s.id = 7 AND x.id IS NULL")
    assert full["pg.stores"].endswith('WHERE "id" = 7')
    assert "WHERE" not in full["pg.sales"]


@pytest.mark.parametrize("join", ["ANTI JOIN", "SEMI JOIN", "ASOF JOIN", "POSITIONAL JOIN"])
def test_of_other_joins_no_condition_is_taken(join: str) -> None:
    on = "" if "POS" in join else "ON s.id = x.store_id" + (" AND s.id >= x.id" if "ASOF" in join else "")
    assert not any(
        "WHERE" in text for text in asked(f"SELECT 1 FROM pg.sales x {join} pg.stores s {on}").values()
    )


def test_a_table_that_stands_twice_is_fetched_once_for_both() -> None:
    text = asked("SELECT 1 FROM pg.sales a, pg.sales b WHERE a.qty = 1 AND b.qty = 2 AND b.net = 3")
    assert text == {
        "pg.sales": 'SELECT "qty", "net" FROM sales WHERE (("qty" = 1) OR ("qty" = 2 AND "net" = 3))'
    }
    assert "WHERE" not in asked("SELECT 1 FROM pg.sales a, pg.sales b WHERE a.qty = 1")["pg.sales"]


def test_names_that_could_mean_something_else_are_left_alone() -> None:
    inside = (
        "SELECT 1 FROM pg.stores s WHERE EXISTS (SELECT 1 FROM files.zones z WHERE s.id = 3 AND share = 1)"
    )
    assert not any("WHERE" in text for text in asked(inside).values())
    either = "WITH c AS (SELECT 1 AS zone) SELECT 1 FROM pg.stores, c WHERE zone = 'a' AND id = 1"
    assert "WHERE" not in asked(either)["pg.stores"]


def test_a_limit_goes_along_when_any_rows_will_do() -> None:
    assert asked("SELECT id, zone AS z FROM pg.stores LIMIT 5 OFFSET 2")["pg.stores"].endswith("LIMIT 7")
    for more in ("WHERE abs(id) = 1", "ORDER BY id", "GROUP BY ALL", "QUALIFY true"):
        assert "LIMIT" not in asked(f"SELECT id FROM pg.stores {more} LIMIT 5")["pg.stores"]
    for what in ("DISTINCT id", "count(*)", "row_number() OVER ()", "(SELECT max(id) FROM files.zones)"):
        assert "LIMIT" not in asked(f"SELECT {what} FROM pg.stores LIMIT 5")["pg.stores"]
    assert "LIMIT" not in asked("SELECT s.id FROM pg.stores s, files.zones LIMIT 5")["pg.stores"]
    assert "LIMIT" not in asked("SELECT id FROM pg.stores LIMIT 5%")["pg.stores"]


def test_the_keys_of_a_small_part_are_for_the_source_of_a_large_one() -> None:
    found = plan(
        "SELECT 1 FROM pg.sales x JOIN pg.stores s ON s.id = x.store_id JOIN files.zones z USING (zone)"
        " WHERE z.day = '2026-01-01'"
    )
    by_table = {part.table: part for part in found.parts}
    assert [found.parts[number].table for wave in found.waves for number in wave] == [
        "zones",
        "stores",
        "sales",
    ]
    (reducer,) = by_table["sales"].reducers
    assert (reducer.column.name, reducer.key.name) == ("store_id", "id")
    assert found.parts[reducer.part].table == "stores"


@pytest.mark.parametrize(
    "joined",
    [
        "pg.sales x LEFT JOIN pg.stores s ON s.id = x.store_id AND s.zone = 'a'",  # every sale counts
        "pg.sales x FULL JOIN pg.stores s ON s.id = x.store_id AND s.id = 1",
        "pg.sales x JOIN pg.stores s ON s.id = x.store_id AND s.zone = 'a' JOIN pg.sales y ON true",
        "pg.sales x JOIN pg.stores s ON s.id = x.net AND s.zone = 'a'",
        "pg.sales x JOIN pg.stores s ON s.id = x.store_id OR s.zone = 'a'",
    ],
)
def test_no_keys_are_sent_where_other_rows_count_too(joined: str) -> None:
    assert len(plan(f"SELECT 1 FROM {joined}").waves) == 1


def test_a_table_without_its_connection_is_not_found() -> None:
    with pytest.raises(NotFound, match="'stores' names no connection"):
        plan("SELECT 1 FROM stores")
    with pytest.raises(NotFound, match="no connection called 'nowhere'"):
        plan("SELECT 1 FROM nowhere.stores")
    with pytest.raises(QueryRefused, match="called 'memory'"):
        plan("SELECT 1 FROM memory.main.p0")
    assert plan("WITH stores AS (SELECT id FROM PG.stores) SELECT 1 FROM stores").parts[0].connection == "pg"

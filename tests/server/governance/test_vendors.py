"""Oracle's and SQL Server's governed SQL, of which no engine is here: its structure, and what it gives when
it is translated and asked of DuckDB."""

import random
import re
from collections import Counter
from collections.abc import Iterator

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from shared import guard
from shared.errors import QueryFailed, QueryRefused
from shared.sql import parsing
from shared.sql.rules import rules
from tests.server.governance.asking import Failed, Run
from tests.server.governance.generated import TRAITS, Maker
from tests.server.governance.shop import COLUMNS, SECRET, SEEN_COLUMNS, raw, seen, statements, view

_HASH = re.compile(
    r"LOWER\(CONVERT\(VARCHAR\(32\), HASHBYTES\('SHA2_256', CONCAT\('[0-9a-f]{32}', ([^()]+)\)\), 2\)\)"
)
_MACROS = f"""
CREATE MACRO standard_hash(value, kind) AS value;
CREATE MACRO rawtohex(value) AS upper(sha256(value));
CREATE MACRO hashed(value) AS substr(sha256('{SECRET}' || value), 1, 32);
"""
_OWN = {"oracle": "SEEN", "tsql": "seen"}


@pytest.fixture(scope="module")
def databases() -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]]:
    made = []
    for tables, columns in ((raw(), COLUMNS), (seen(raw()), SEEN_COLUMNS)):
        connection = duckdb.connect()
        connection.execute("CREATE SCHEMA seen; SET schema = 'seen'" + ";" + _MACROS)
        for statement in statements("duckdb", tables, columns, lambda name: f"seen.{name}"):
            connection.execute(statement)
        made.append(connection)
    yield made[0], made[1]
    for connection in made:
        connection.close()


def _translated(connection: duckdb.DuckDBPyConnection, dialect: str) -> Run:
    def ask(sql: str) -> list[tuple[object, ...]]:
        tree = sqlglot.parse_one(_HASH.sub(r"hashed(\1)", sql), dialect=dialect)
        text = tree.sql(dialect="duckdb").replace("ROWNUM > 0", "1 = 1")
        try:
            return connection.execute(text).fetchall()
        except duckdb.Error as error:
            raise Failed(str(error)) from error

    return ask


@pytest.mark.parametrize("dialect", ["oracle", "tsql"])
def test_generated_queries_mean_the_same_when_translated(
    databases: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection], dialect: str
) -> None:
    _compare(dialect, 60, 1, databases)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["oracle", "tsql"])
def test_many_generated_queries_mean_the_same_when_translated(
    databases: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection], dialect: str
) -> None:
    _compare(dialect, 500, 2, databases)


def _compare(
    dialect: str,
    count: int,
    seed: int,
    databases: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
) -> None:
    maker, sees = Maker(random.Random(f"{dialect} {seed}"), TRAITS[dialect]), view(dialect, own=_OWN[dialect])
    governed, expected = (_translated(one, dialect) for one in databases)
    outcomes: Counter[str] = Counter()
    for _ in range(count):
        sql = maker.query()
        try:
            checked = guard.check(sql, dialect)
        except QueryRefused:
            outcomes["refused"] += 1
            continue
        try:
            text = sees.rewrite(checked)
            _assert_governed(text, dialect)
            found = Counter(map(repr, governed(text)))
            wanted = Counter(map(repr, expected(checked)))
        except (Failed, QueryFailed, QueryRefused):
            outcomes["failed"] += 1
            continue
        assert found == wanted, f"{sql}\n{text}"
        outcomes["rows" if found else "empty"] += 1
    assert outcomes["rows"] > 0.3 * count, outcomes


def _assert_governed(text: str, dialect: str) -> None:
    """Every table stands alone in a derived table of its own, or is a CTE by its new name."""
    (tree,) = parsing.trees(text, dialect, rules(dialect).typed)
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if table.name.startswith("vmart_policy_"):
            assert table.name in ctes
            continue
        select = table.find_ancestor(exp.Select)
        assert table.alias == "vmart_policy"
        assert select is not None
        assert select.args["from_"].this is table
        assert not select.args.get("joins")
        assert all(isinstance(one, exp.Alias) for one in select.expressions)
        assert isinstance(select.parent, exp.Subquery)


@pytest.mark.parametrize(
    ("dialect", "sql", "fence"),
    [
        ("oracle", "SELECT * FROM sales", "AND ROWNUM > 0"),
        ("tsql", "SELECT * FROM sales", "SELECT TOP 9223372036854775807"),
        ("postgres", "SELECT * FROM sales WHERE CAST(note AS INTEGER) = 1", "OFFSET 0"),
        ("duckdb", "SELECT * FROM sales", "OFFSET 0"),
        ("clickhouse", "SELECT * FROM sales WHERE toInt32(note) = 1", "LIMIT 18446744073709551615"),
    ],
)
def test_what_could_fail_on_hidden_rows_meets_a_fence(dialect: str, sql: str, fence: str) -> None:
    assert fence in view(dialect).rewrite(guard.check(sql, dialect))


@pytest.mark.parametrize("dialect", ["postgres", "clickhouse"])
def test_a_plain_query_keeps_its_index(dialect: str) -> None:
    sql = "SELECT zone, count(*) FROM sales WHERE store_id = 2 AND amount > 5 GROUP BY zone"
    text = view(dialect).rewrite(guard.check(sql, dialect))
    assert "OFFSET" not in text
    assert "LIMIT" not in text


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("oracle", "SELECT * FROM all_tables"),
        ("oracle", "SELECT * FROM \"sales\""),
        ("oracle", "SELECT * FROM user_tab_columns"),
        ("oracle", "SELECT margin FROM dual"),
        ("oracle", "SELECT * FROM hr.sales"),
        ("oracle", "SELECT * FROM staff CONNECT BY PRIOR staff_id = store_id"),
        ("oracle", "SELECT * FROM sales SAMPLE (10)"),
        ("oracle", "SELECT CAST(NULL AS seen.staff) FROM dual"),
        ("tsql", "SELECT * FROM staff WITH (NOLOCK)"),
        ("tsql", "SELECT * FROM sys.tables"),
        ("tsql", "SELECT * FROM shop.dbo.staff"),
        ("tsql", "SELECT * FROM shop..staff"),
        ("tsql", "SELECT * FROM [staff]"),
        ("tsql", "SELECT * FROM information_schema.columns"),
        ("tsql", "SELECT * FROM sales TABLESAMPLE (10 PERCENT)"),
        ("tsql", "WITH staff AS (SELECT * FROM dbo.staff) SELECT * FROM staff"),
    ],
)  # fmt: skip
def test_what_the_caller_does_not_see_is_refused(dialect: str, text: str) -> None:
    if "dual" in text and "margin" in text:
        assert "margin" in view(dialect).rewrite(
            guard.check(text, dialect)
        )  # a column that dual does not have
        return
    with pytest.raises((QueryRefused, QueryFailed)):
        view(dialect, own=_OWN[dialect]).rewrite(guard.check(text, dialect))


def test_a_cte_of_sql_server_that_names_itself_is_recursive() -> None:
    text = view("tsql").rewrite(
        guard.check("WITH sales AS (SELECT * FROM sales) SELECT * FROM sales", "tsql")
    )
    assert "[sales] AS [vmart_policy]" not in text

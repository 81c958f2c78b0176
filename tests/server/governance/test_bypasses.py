"""Attempts to see more than the policy shows: each is refused, fails, or gives nothing that is hidden."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pg8000.exceptions
import pg8000.native
import pytest

from server.governance.errors import screened
from shared import guard
from shared.errors import AppError, QueryFailed
from tests.peers.postgres import PostgresServer
from tests.server.governance.asking import Failed, Run, in_clickhouse
from tests.server.governance.shop import COLUMNS, Row, raw, statements, view

_FILE = Path(__file__).parents[1] / "queries" / "policy_bypasses.sql"
_ENGINES = ("postgres", "duckdb", "clickhouse")


def _attempts() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        dialect, _, text = line.partition(" | ")
        found += [(one, text) for one in (_ENGINES if dialect == "*" else (dialect,))]
    return found


def _marked() -> dict[str, list[Row]]:
    """The shop, in which whatever is hidden can be told from everything else."""
    tables = raw()
    for number, row in enumerate(tables["sales"]):
        north, some = row["zone"] == "North", row["store_id"] in (2, 5)
        row["margin"] = 770000 + number
        row["note"] = "12" if north else f"(NOTE{number}X"
        if not north:
            row["zone"] = f"ZONE{number}X"
            row["product_id"] = 550000 + number
        if north and not some:
            row["phone"] = f"PHONE{number}X98"
        if not north and not some:
            row |= {"sale_id": 660000 + number, "phone": f"PHONE{number}X98", "amount": 440000 + number}
    for number, row in enumerate(tables["stores"]):
        row |= {"rent": 880000 + number, "manager": f"MANAGER{number}X"}
    for number, row in enumerate(tables["staff"]):
        row |= {"salary": 990000 + number, "name": f"STAFF{number}X"}
    return tables


MARKED = _marked()
HIDDEN = sorted(
    {
        text
        for rows in MARKED.values()
        for row in rows
        for text in map(str, row.values())
        if re.fullmatch(r"\(?[A-Z]+\d+X(98)?|([4-9])\2\d{4}", text)
    }
)
"""What nobody may be told."""


@pytest.fixture(scope="module")
def engines(postgres: PostgresServer, clickhouse_engine: Any) -> Iterator[dict[str, Run]]:
    memory = duckdb.connect()
    memory.execute("CREATE SCHEMA seen; SET schema = 'seen'")
    for statement in statements("duckdb", MARKED, COLUMNS, lambda name: f"seen.{name}"):
        memory.execute(statement)
    postgres.execute("CREATE DATABASE all_rows_policy", database="postgres")
    real = postgres.connect(database="all_rows_policy")
    real.run("CREATE SCHEMA seen")
    real.run("SET search_path = seen")
    for statement in statements("postgres", MARKED, COLUMNS, lambda name: f"seen.{name}"):
        real.run(statement)
    runs: dict[str, Run] = {
        "duckdb": lambda sql: _or_failed(lambda: memory.execute(sql).fetchall(), duckdb.Error),
        "postgres": lambda sql: _or_failed(
            lambda: [tuple(row) for row in real.run(sql)], pg8000.exceptions.DatabaseError
        ),
        "clickhouse": in_clickhouse(clickhouse_engine, "all_rows_policy", MARKED, COLUMNS),
    }
    yield runs
    memory.close()
    real.close()
    postgres.execute("DROP DATABASE all_rows_policy", database="postgres")


def _or_failed(ask: Callable[[], list[tuple[Any, ...]]], kind: type[Exception]) -> list[tuple[Any, ...]]:
    try:
        return ask()
    except kind as error:
        raise Failed(str(error)) from error


def _outcome(run: Run, dialect: str, text: str) -> tuple[str, list[tuple[Any, ...]]]:
    """What the caller is told, and the rows."""
    try:
        governed = view(dialect, own="seen").rewrite(guard.check(text, dialect))
    except AppError as error:
        return str(error), []
    try:
        return "", run(governed)
    except Failed as error:
        return str(screened(QueryFailed(str(error)))), []


@pytest.mark.parametrize(("dialect", "text"), _attempts())
def test_an_attempt_to_see_more_shows_nothing(engines: dict[str, Run], dialect: str, text: str) -> None:
    said, rows = _outcome(engines[dialect], dialect, text)
    told = f"{said} {rows!r}"
    assert [one for one in HIDDEN if one in told] == []
    assert "vmart_policy." not in told
    assert "CASE WHEN" not in told


def test_there_are_enough_attempts_to_believe_it() -> None:
    attempts = _attempts()
    assert len(set(attempts)) >= 200
    assert len(HIDDEN) >= 100


def test_what_is_not_hidden_would_be_found(engines: dict[str, Run]) -> None:
    """The attempts would see the marks if there were no policy."""
    for run in engines.values():
        told = "".join(repr(run(f"SELECT * FROM {name}")) for name in MARKED)
        assert [one for one in HIDDEN if one not in told] == []


ORACLES = [
    "SELECT count(*) FROM sales WHERE CAST(note AS INTEGER) = 12",
    "SELECT count(*) FROM sales AS s WHERE 1 / (s.sale_id - 660000) < 5",
    "SELECT count(*) FROM (SELECT note FROM sales) AS q WHERE CAST(q.note AS INTEGER) > 0",
    "SELECT count(*) FROM (SELECT CAST(note AS INTEGER) AS n FROM sales) AS q WHERE n > 0",
    "WITH q AS (SELECT CAST(note AS INTEGER) AS n, store_id FROM sales) SELECT count(*) FROM q WHERE n = 12",
    "SELECT count(*) FROM stores JOIN sales ON stores.store_id = CAST(sales.note AS INTEGER) + sales.store_id"
    " - 12",
    "SELECT count(*) FROM stores WHERE EXISTS (SELECT 1 FROM sales WHERE sales.store_id = stores.store_id AND"
    " CAST(sales.note AS INTEGER) = 12)",
    "SELECT count(*) FROM stores WHERE store_id IN (SELECT CAST(note AS INTEGER) FROM sales)",
    "SELECT max(n) FROM (SELECT CAST(note AS INTEGER) AS n FROM sales UNION ALL SELECT 1) AS q WHERE n > 1",
    "SELECT zone, count(*) FROM sales GROUP BY zone, note HAVING CAST(note AS INTEGER) = 12",
]  # fmt: skip


@pytest.mark.parametrize("dialect", _ENGINES)
@pytest.mark.parametrize("text", ORACLES)
def test_a_condition_that_fails_on_hidden_rows_tells_nothing_of_them(
    engines: dict[str, Run], dialect: str, text: str
) -> None:
    """In the rows that are seen, every note is a number or NULL: the cast fails on hidden ones only."""
    said, rows = _outcome(engines[dialect], dialect, text.replace("INTEGER", _INTEGERS[dialect]))
    assert said == ""
    assert rows


@pytest.mark.parametrize(
    ("dialect", "condition"),
    [
        ("postgres", "note ~ note"),
        ("duckdb", "regexp_matches(note, note)"),
        ("clickhouse", "match(note, note)"),
    ],
)
def test_a_cheap_condition_that_fails_on_hidden_rows_is_not_tried_before_the_policy(
    engines: dict[str, Run], dialect: str, condition: str
) -> None:
    """Hidden notes are no patterns; a planner that is free to choose tries the cheaper condition first."""
    for text in (
        f"SELECT count(*) FROM sales WHERE {condition}",
        f"SELECT 1 FROM sales WHERE NOT {condition}",
    ):
        said, _ = _outcome(engines[dialect], dialect, text)
        assert said == ""


_INTEGERS = {"postgres": "INTEGER", "duckdb": "INTEGER", "clickhouse": "Nullable(Int32)"}

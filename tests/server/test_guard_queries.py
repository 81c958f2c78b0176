"""Hundreds of queries: analytical ones mean the same after the guard, hostile ones do not pass."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pg8000.native
import pytest

from shared import guard
from shared.errors import QueryRefused
from shared.sql.rules import rules
from tests.peers.postgres import PostgresServer
from tests.server import sql_functions
from tests.server.guard_data import SHOP, SHOP_DUCKDB, SHOP_POSTGRES, attacks, queries


@pytest.fixture(scope="module")
def in_duckdb() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute(SHOP + SHOP_DUCKDB + "SET TimeZone = 'UTC'")
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def in_postgres(postgres: PostgresServer) -> Iterator[pg8000.native.Connection]:
    postgres.execute("CREATE DATABASE guarded", database="postgres")
    connection = postgres.connect(database="guarded")
    for statement in filter(str.strip, (SHOP + SHOP_POSTGRES).split(";")):
        connection.run(statement)
    yield connection
    connection.close()
    postgres.execute("DROP DATABASE guarded", database="postgres")


@pytest.mark.parametrize("text", queries("benign_common") + queries("benign_duckdb"))
def test_an_analytical_query_means_the_same_in_duckdb(
    in_duckdb: duckdb.DuckDBPyConnection, text: str
) -> None:
    expected = in_duckdb.execute(text).fetchall()
    assert repr(in_duckdb.execute(guard.check(text, "duckdb")).fetchall()) == repr(expected)


@pytest.mark.parametrize("text", queries("benign_common") + queries("benign_postgres"))
def test_an_analytical_query_means_the_same_in_postgres(
    in_postgres: pg8000.native.Connection, text: str
) -> None:
    assert _answer(in_postgres, guard.check(text, "postgres")) == _answer(in_postgres, text)


def _answer(connection: pg8000.native.Connection, text: str) -> tuple[str, list[int]]:
    """Rows and types, in a transaction, so that CURRENT_TIME stands still."""
    connection.run("BEGIN")
    try:
        answer: Any = connection.execute_simple(text)
        return repr(answer.rows), [column["type_oid"] for column in answer.columns]
    finally:
        connection.run("ROLLBACK")


@pytest.mark.parametrize("text", queries("hostile_common") + queries("hostile_duckdb"))
def test_an_attack_on_duckdb_is_refused_with_a_reason(text: str) -> None:
    _assert_refused(text, "duckdb")


@pytest.mark.parametrize("text", queries("hostile_common") + queries("hostile_postgres"))
def test_an_attack_on_postgres_is_refused_with_a_reason(text: str) -> None:
    _assert_refused(text, "postgres")


def _assert_refused(text: str, dialect: str) -> None:
    (attack,) = attacks([text], secret=Path("/t/secret.csv"), out=Path("/t/out"), table=Path("/t/a.parquet"))
    with pytest.raises(QueryRefused) as refusal:
        guard.check(attack, dialect)
    assert refusal.value.message.endswith(".")
    assert len(refusal.value.message) < 200


def test_there_are_enough_queries_to_believe_it() -> None:
    common, hostile = len(queries("benign_common")), len(queries("hostile_common"))
    for dialect in ("duckdb", "postgres"):
        assert common + len(queries(f"benign_{dialect}")) >= 150
        assert hostile + len(queries(f"hostile_{dialect}")) >= 120


def test_the_functions_of_duckdb_are_those_of_its_catalogue() -> None:
    assert set(sql_functions.duckdb_functions()) <= rules("duckdb").functions
    known = {
        name
        for (name,) in duckdb.execute(
            "SELECT DISTINCT lower(function_name) FROM duckdb_functions()"
        ).fetchall()
    }
    grammar = {"coalesce", "ifnull", "grouping", "grouping_id", "columns", "list_pack", "struct", "array"}
    assert rules("duckdb").functions - known <= grammar
    assert not rules("duckdb").functions - set(sql_functions.duckdb_functions()) - known - grammar


def test_the_functions_of_postgres_are_those_of_its_catalogue(in_postgres: pg8000.native.Connection) -> None:
    found = set(sql_functions.postgres_functions(in_postgres))
    assert found <= rules("postgres").functions
    volatile = {
        name for (name,) in in_postgres.run("SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v'")
    }
    harmless = {"random", "random_normal", "gen_random_uuid", "clock_timestamp", "timeofday"}
    allowed = rules("postgres").functions | rules("postgres").table_functions
    assert allowed & volatile <= harmless

"""Generated queries give under a policy what they give where only what the policy shows is there."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pg8000.exceptions
import pg8000.native
import pytest

from shared import guard
from shared.errors import QueryFailed, QueryRefused
from shared.guard import ReadOnlySql
from tests.peers.postgres import PostgresServer
from tests.server.governance.asking import Failed, Run, in_clickhouse
from tests.server.governance.generated import TRAITS, Maker
from tests.server.governance.shop import COLUMNS, SEEN_COLUMNS, raw, seen, statements, view, view_of_all

_NO_JOIN = ("INVALID_JOIN_ON_EXPRESSION", "FULL JOIN is only supported with")
"""ClickHouse and PostgreSQL do not take every condition of a join; which, depends on what they can compute
or leave out beforehand."""
FEW, BATCH = 80, 250


def _compare(dialect: str, count: int, seed: int, governed: Run, expected: Run) -> Counter[str]:
    """``governed`` has all rows, ``expected`` only those that are seen, under the same names."""
    maker = Maker(random.Random(f"{dialect} {seed}"), TRAITS[dialect])
    sees, sees_all = view(dialect, own="seen"), view_of_all(dialect, own="seen")
    outcomes: Counter[str] = Counter()
    for _ in range(count):
        sql = maker.query()
        checked = guard.check(sql, dialect)
        wanted = _answer(expected, lambda sql: sql, checked)
        found = _answer(governed, sees.rewrite, checked)
        if found != wanted and (isinstance(found, Counter) or isinstance(wanted, Counter)):
            # An ambiguous name may be read otherwise of derived tables: then that must be all that differs.
            wanted = _answer(expected, sees_all.rewrite, checked)
            outcomes["read otherwise"] += 1
        if isinstance(found, Counter):
            assert found == wanted, f"{sql}\n{sees.rewrite(checked)}"
            outcomes["rows" if found else "empty"] += 1
        elif isinstance(wanted, Counter) and any(said in found for said in _NO_JOIN):
            outcomes["no such join"] += 1
        else:
            assert not isinstance(wanted, Counter), f"{sql}\n{sees.rewrite(checked)}"
            outcomes["failed"] += 1
    return outcomes


def _answer(run: Run, change: Callable[[ReadOnlySql], str], sql: ReadOnlySql) -> Counter[str] | str:
    """The rows, each with how often it is there; or what was said instead."""
    try:
        return Counter(map(repr, run(change(sql))))
    except (Failed, QueryFailed, QueryRefused) as error:
        return str(error)


def _is_telling(counts: Counter[str], count: int) -> None:
    """Most of them ran, and most of those gave rows."""
    assert counts["rows"] + counts["empty"] + counts["failed"] + counts["no such join"] == count
    assert counts["rows"] > 0.3 * count, counts
    assert counts["failed"] < 0.4 * count, counts
    assert counts["no such join"] <= 0.01 * count, counts
    assert counts["read otherwise"] <= 0.04 * count, counts


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """As many batches as ``--generated`` asks for, each with its own seed and so the same at every run."""
    if "seed" in metafunc.fixturenames:
        batches = metafunc.config.getoption("generated") // BATCH
        metafunc.parametrize("seed", range(2, 2 + batches))


@pytest.fixture(scope="module")
def in_duckdb() -> Iterator[tuple[Run, Run]]:
    """All rows, and what is seen of them."""
    connections = []
    for tables, columns in ((raw(), COLUMNS), (seen(raw()), SEEN_COLUMNS)):
        connection = duckdb.connect()
        connection.execute("CREATE SCHEMA seen; SET schema = 'seen'")
        for statement in statements("duckdb", tables, columns, lambda name: f"seen.{name}"):
            connection.execute(statement)
        connections.append(connection)

    def run(connection: duckdb.DuckDBPyConnection) -> Run:
        def ask(sql: str) -> list[tuple[Any, ...]]:
            try:
                return connection.execute(sql).fetchall()
            except duckdb.Error as error:
                raise Failed(str(error)) from error

        return ask

    yield run(connections[0]), run(connections[1])
    for connection in connections:
        connection.close()


@pytest.fixture(scope="module")
def in_postgres(postgres: PostgresServer) -> Iterator[tuple[Run, Run]]:
    runs, connections = [], []
    for database, tables, columns in (
        ("all_rows", raw(), COLUMNS),
        ("seen_rows", seen(raw()), SEEN_COLUMNS),
    ):
        postgres.execute(f"CREATE DATABASE {database}", database="postgres")
        connection = postgres.connect(database=database)
        connection.run("CREATE SCHEMA seen")
        connection.run("SET search_path = seen")
        for statement in statements("postgres", tables, columns, lambda name: f"seen.{name}"):
            connection.run(statement)
        connections.append(connection)
        runs.append(_in_postgres(connection))
    yield runs[0], runs[1]
    for connection in connections:
        connection.close()
    for database in ("all_rows", "seen_rows"):
        postgres.execute(f"DROP DATABASE {database}", database="postgres")


def _in_postgres(connection: pg8000.native.Connection) -> Run:
    def ask(sql: str) -> list[tuple[Any, ...]]:
        try:
            return [tuple(row) for row in connection.run(sql)]
        except pg8000.exceptions.DatabaseError as error:
            raise Failed(str(error)) from error

    return ask


@pytest.fixture(scope="module")
def clickhouse_runs(clickhouse_engine: Any) -> tuple[Run, Run]:
    return (
        in_clickhouse(clickhouse_engine, "all_rows", raw(), COLUMNS),
        in_clickhouse(clickhouse_engine, "seen", seen(raw()), SEEN_COLUMNS),
    )


def test_generated_queries_mean_the_same_in_duckdb(in_duckdb: tuple[Run, Run]) -> None:
    _ask("duckdb", FEW, 1, in_duckdb)


def test_generated_queries_mean_the_same_in_clickhouse(clickhouse_runs: tuple[Run, Run]) -> None:
    _ask("clickhouse", FEW, 1, clickhouse_runs)


def test_generated_queries_mean_the_same_in_postgres(in_postgres: tuple[Run, Run]) -> None:
    _ask("postgres", FEW, 1, in_postgres)


@pytest.mark.slow
def test_thousands_of_generated_queries_mean_the_same_in_duckdb(
    in_duckdb: tuple[Run, Run], seed: int
) -> None:
    _ask("duckdb", BATCH, seed, in_duckdb)


@pytest.mark.slow
def test_thousands_of_generated_queries_mean_the_same_in_postgres(
    in_postgres: tuple[Run, Run], seed: int
) -> None:
    _ask("postgres", BATCH, seed, in_postgres)


@pytest.mark.slow
def test_thousands_of_generated_queries_mean_the_same_in_clickhouse(
    clickhouse_runs: tuple[Run, Run], seed: int
) -> None:
    _ask("clickhouse", BATCH, seed, clickhouse_runs)


def _ask(dialect: str, count: int, seed: int, runs: tuple[Run, Run]) -> None:
    _is_telling(_compare(dialect, count, seed, *runs), count)

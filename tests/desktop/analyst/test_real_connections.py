"""The analyst over real connections: PostgreSQL with its keys, and a folder of Parquet, through the guard."""

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from desktop.analyst.analyst import Analyst
from desktop.analyst.meaning import Plan
from server import demo
from server.connectors.base import Limits, SqlConnector
from server.connectors.filesystem.kind import open_ as open_folder
from server.connectors.postgres.kind import open_postgres
from shared import guard
from shared.arrow_json import json_lines
from shared.results import ColumnType, JsonRows, Rows
from tests.desktop.analyst.questions import HostileQuestion, question_files, right
from tests.desktop.analyst.schemas.fleet import fleet
from tests.desktop.analyst.schemas.hospital import hospital
from tests.desktop.analyst.schemas.tables import load, postgres_script
from tests.peers.postgres import SHOP, PostgresServer

FILES = {file.schema: file for file in question_files()}
SCHEMAS = {"hospital": hospital, "fleet": fleet}
QUESTIONS = [
    pytest.param(name, question, id=f"{name}-{question.id}")
    for name in SCHEMAS
    for question in FILES[name].questions
]


def rows_of(connector: SqlConnector, sql: str) -> list[list[Any]]:
    """As the backend does it: the guard first, then the connector."""
    with connector.query(guard.check(sql, connector.dialect), {}, Limits(5_000, 30)) as result:
        kinds = [column.type for column in result.columns]
        rows: list[list[Any]] = []
        for batch in result.batches():
            if isinstance(batch, Rows):
                rows += [list(row) for row in batch.rows]
            else:
                data = batch.data if isinstance(batch, JsonRows) else json_lines(batch.data, result.columns)
                rows += [json.loads(line) for line in data.splitlines()]
    return [[_cell(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in rows]


def _cell(cell: Any, kind: ColumnType) -> Any:
    if kind is ColumnType.TIMESTAMP and isinstance(cell, str):
        return datetime.fromisoformat(cell)
    return cell


@pytest.fixture(scope="module")
def databases(postgres: PostgresServer) -> Iterator[Callable[[str], SqlConnector]]:
    opened: dict[str, SqlConnector] = {}

    def of(name: str) -> SqlConnector:
        if name not in opened:
            postgres.execute(f"CREATE DATABASE {name}_asked", database=SHOP)
            postgres.execute(postgres_script(SCHEMAS[name]()), database=f"{name}_asked")
            postgres.execute(
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", database=f"{name}_asked"
            )
            opened[name] = open_postgres(postgres.params(database=f"{name}_asked"), 10)
        return opened[name]

    yield of
    for connector in opened.values():
        connector.close()


@pytest.fixture(scope="module")
def gold() -> Iterator[dict[str, duckdb.DuckDBPyConnection]]:
    found = {name: duckdb.connect(":memory:") for name in SCHEMAS}
    for name, db in found.items():
        load(SCHEMAS[name](), db)
    yield found
    for db in found.values():
        db.close()


@pytest.fixture(scope="module")
def analysts(databases: Callable[[str], SqlConnector]) -> Callable[[str, date | None], Analyst]:
    made: dict[tuple[str, date | None], Analyst] = {}

    def of(name: str, as_of: date | None) -> Analyst:
        if (name, as_of) not in made:
            connector = databases(name)
            made[(name, as_of)] = Analyst(
                connector.schema(), lambda sql: rows_of(connector, sql), today=FILES[name].as_of, as_of=as_of
            )
        return made[(name, as_of)]

    return of


@pytest.mark.parametrize(("schema", "question"), QUESTIONS)
def test_over_postgresql_it_is_right_or_asks_or_refuses(
    databases: Callable[[str], SqlConnector],
    analysts: Callable[[str, date | None], Analyst],
    gold: dict[str, duckdb.DuckDBPyConnection],
    schema: str,
    question: HostileQuestion,
) -> None:
    analyst = analysts(schema, question.as_of)
    memory: dict[str, object] | None = None
    for earlier in question.after:
        outcome = analyst.read(earlier, memory)
        memory = outcome.memory if isinstance(outcome, Plan) else memory
    outcome = analyst.read(question.question, memory)
    if isinstance(outcome, Plan):
        assert right(gold[schema], question, rows_of(databases(schema), outcome.sql)), outcome.sql
    else:
        assert question.expect != "answered" or question.also, outcome


def test_over_the_demo_folder_the_gold_question_is_answered_right(tmp_path: Path) -> None:
    folder = demo.ensure(tmp_path / "retail", lambda _: None)
    connector = open_folder({"root": str(folder)}, 10)
    try:
        analyst = Analyst(connector.schema(), lambda sql: rows_of(connector, sql), today=date(2026, 11, 23))
        plan = analyst.read("net sales by zone last financial year")
        assert isinstance(plan, Plan)
        assert plan.as_of == date(2026, 3, 31)
        wanted = rows_of(
            connector,
            "SELECT zone, SUM(net_amount) AS s FROM sales JOIN stores USING (store_id) "
            "WHERE date BETWEEN '2024-04-01' AND '2025-03-31' GROUP BY zone ORDER BY s DESC",
        )
        assert rows_of(connector, plan.sql) == wanted
        starters = analyst.starters()
        assert len(starters) == 6
        for starter in starters:
            started = analyst.read(starter)
            assert isinstance(started, Plan)
            assert rows_of(connector, started.sql)
    finally:
        connector.close()

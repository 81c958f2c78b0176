"""The judge is judged: gold SQL runs, traps differ from it, and every expectation is one that exists."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from server.demo import parquet
from tests.desktop.analyst.questions import OUTCOMES, HostileQuestion, question_files, right, same
from tests.desktop.analyst.schemas.fleet import fleet
from tests.desktop.analyst.schemas.hospital import hospital
from tests.desktop.analyst.schemas.tables import load

FILES = {file.schema: file for file in question_files()}
QUESTIONS = [
    pytest.param(file.schema, question, id=f"{file.schema}-{question.id}")
    for file in FILES.values()
    for question in file.questions
]


@pytest.fixture(scope="module")
def sources(demo_folder: Path) -> Iterator[dict[str, duckdb.DuckDBPyConnection]]:
    found = {name: duckdb.connect(":memory:") for name in ("retail", "hospital", "fleet")}
    for table in parquet.TABLES:
        found["retail"].execute(f"CREATE VIEW {table} AS FROM '{demo_folder / table}.parquet'")
    load(hospital(), found["hospital"])
    load(fleet(), found["fleet"])
    yield found
    for db in found.values():
        db.close()


@pytest.mark.parametrize(("schema", "question"), QUESTIONS)
def test_gold_sql_gives_rows_and_a_careless_reading_gives_others(
    sources: dict[str, duckdb.DuckDBPyConnection], schema: str, question: HostileQuestion
) -> None:
    db = sources[schema]
    assert question.expect in OUTCOMES
    assert set(question.also) <= set(OUTCOMES) - {question.expect}
    assert bool(question.sql) or "answered" not in (question.expect, *question.also)
    for sql in (question.sql, *question.sql_also):
        if sql:
            rows = db.execute(sql).fetchall()
            assert rows
            assert any(value is not None for row in rows for value in row)
            assert right(db, question, rows)
    if question.trap:
        assert not right(db, question, db.execute(question.trap).fetchall())


def test_there_are_enough_of_them_and_their_names_are_their_own() -> None:
    assert set(FILES) == {"retail", "hospital", "fleet"}
    assert len(QUESTIONS) >= 60
    for file in FILES.values():
        names = [question.id for question in file.questions]
        assert len(names) == len(set(names))


def test_an_answer_may_have_more_columns_in_another_order_but_not_other_figures() -> None:
    gold = [("East", Decimal("10.50")), ("West", None)]
    assert same(gold, [[None, "West", 0.0], [10.5, "East", 1.0]])
    assert not same(gold, [["West", 0], ["East", 10.5]])
    assert not same(gold, [["East", 10.5]])
    assert not same(gold, [["West", None], ["East", 10.5]], ordered=True)
    assert same([("2025-04-01", 1)], [["2025-04", 1]])

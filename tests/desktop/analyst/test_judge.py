"""The analyst before its outside judge: right, asking back or refusing as allowed, never wrong."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from desktop.analyst.meaning import Plan, Question
from server.demo import parquet
from tests.desktop.analyst.asking import Asking
from tests.desktop.analyst.questions import HostileQuestion, question_files, right
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
def askers(demo_folder: Path) -> Iterator[dict[str, Asking]]:
    found = {name: duckdb.connect(":memory:") for name in FILES}
    for table in parquet.TABLES:
        found["retail"].execute(f"CREATE VIEW {table} AS FROM '{demo_folder / table}.parquet'")
    load(hospital(), found["hospital"])
    load(fleet(), found["fleet"])
    yield {name: Asking(db) for name, db in found.items()}
    for db in found.values():
        db.close()


@pytest.mark.parametrize(("schema", "question"), QUESTIONS)
def test_it_is_right_or_asks_or_refuses(
    askers: dict[str, Asking], schema: str, question: HostileQuestion
) -> None:
    asker = askers[schema]
    outcome = asker.ask([*question.after, question.question], FILES[schema].day(question), question.as_of)
    status = "cannot_answer"
    if isinstance(outcome, Plan):
        status = "answered"
        assert right(asker.db, question, asker.rows(outcome)), outcome.sql
    elif isinstance(outcome, Question):
        status = "needs_clarification"
    assert status in (question.expect, *question.also), outcome

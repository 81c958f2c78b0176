"""The made-up schemas: the same everywhere, and the same as files and as a PostgreSQL script."""

import hashlib
from pathlib import Path

import duckdb

from tests.desktop.analyst.questions import question_files, right
from tests.desktop.analyst.schemas.fleet import fleet
from tests.desktop.analyst.schemas.hospital import hospital
from tests.desktop.analyst.schemas.tables import load, postgres_script, quoted, write_csv, write_parquet
from tests.peers.postgres import PostgresServer


def test_the_rows_are_always_the_same() -> None:
    script = postgres_script(hospital()) + postgres_script(fleet())
    assert hashlib.sha256(script.encode()).hexdigest()[:16] == "933824c4a6b9bd97"


def test_keys_hold_and_the_script_makes_the_same_tables_as_the_files(tmp_path: Path) -> None:
    for tables in (hospital(), fleet()):
        folder = tmp_path / tables[0].name
        write_csv(tables, folder)
        write_parquet(tables, folder)
        with duckdb.connect(":memory:") as scripted, duckdb.connect(":memory:") as loaded:
            scripted.execute(postgres_script(tables))
            load(tables, loaded)
            for table in tables:
                everything = f"SELECT * FROM {quoted(table.name)}"
                rows = loaded.execute(everything).fetchall()
                assert scripted.execute(everything).fetchall() == rows
                assert loaded.execute(f"FROM '{folder / table.name}.parquet'").fetchall() == rows
                count = loaded.execute(f"SELECT count(*) FROM '{folder / table.name}.csv'").fetchone()
                assert count == (len(table.rows),)


def test_postgresql_takes_the_script_and_the_gold_sql(postgres: PostgresServer) -> None:
    postgres.execute("CREATE DATABASE hospital", database="postgres")
    postgres.execute(postgres_script(hospital()), database="hospital")
    with duckdb.connect(":memory:") as db:
        load(hospital(), db)
        questions = next(file for file in question_files() if file.schema == "hospital").questions
        for question in questions:
            if question.sql:
                assert right(db, question, postgres.execute(question.sql, database="hospital")), question.id

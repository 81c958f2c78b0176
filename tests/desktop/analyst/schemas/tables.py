"""Small made-up tables that are the same on every run, and how they become files or a PostgreSQL script."""

import csv
import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

Value = str | int | float | date | datetime | None


class Field(NamedTuple):
    """``kind`` is a type that DuckDB and PostgreSQL share; ``references`` is ``table.column``."""

    name: str
    kind: str
    references: str = ""


class Table(NamedTuple):
    name: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    rows: list[tuple[Value, ...]]


def pick(sides: int, *keys: object) -> int:
    """A number from 0 to ``sides`` - 1, always the same for the same keys."""
    digest = hashlib.blake2b("|".join(map(str, keys)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % sides


def choice(options: Sequence[str], *keys: object) -> str:
    return options[pick(len(options), *keys)]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def write_csv(tables: Sequence[Table], folder: Path) -> Path:
    """One file a table; an empty cell is NULL."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        with (folder / f"{table.name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(field.name for field in table.fields)
            writer.writerows(["" if value is None else value for value in row] for row in table.rows)
    return folder


def write_parquet(tables: Sequence[Table], folder: Path) -> Path:
    """One file a table, each column in its own type."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(":memory:") as db:
        load(tables, db)
        for table in tables:
            file = str(folder / f"{table.name}.parquet").replace("'", "''")
            db.execute(f"COPY {quoted(table.name)} TO '{file}' (FORMAT parquet)")
    return folder


def load(tables: Sequence[Table], db: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables in DuckDB itself, for the gold SQL."""
    for table in tables:
        fields = ", ".join(f"{quoted(field.name)} {field.kind}" for field in table.fields)
        db.execute(f"CREATE TABLE {quoted(table.name)} ({fields})")
        columns = list(map(list, zip(*table.rows, strict=True)))
        values = ", ".join(f"unnest(?)::{field.kind}" for field in table.fields)
        db.execute(f"INSERT INTO {quoted(table.name)} SELECT {values}", columns)


def postgres_script(tables: Sequence[Table]) -> str:
    """Tables with their primary and foreign keys, and their rows; for an empty schema."""
    parts = []
    for table in tables:
        lines = [f"  {quoted(field.name)} {field.kind}" for field in table.fields]
        lines.append(f"  PRIMARY KEY ({', '.join(map(quoted, table.key))})")
        for field in table.fields:
            if field.references:
                parent, _, column = field.references.partition(".")
                lines.append(
                    f"  FOREIGN KEY ({quoted(field.name)}) REFERENCES {quoted(parent)} ({quoted(column)})"
                )
        parts.append(f"CREATE TABLE {quoted(table.name)} (\n" + ",\n".join(lines) + "\n);")
        for start in range(0, len(table.rows), 500):
            rows = ",\n".join(
                "(" + ", ".join(map(_literal, row)) + ")" for row in table.rows[start : start + 500]
            )
            parts.append(f"INSERT INTO {quoted(table.name)} VALUES\n{rows};")
    return "\n".join(parts) + "\n"


def _literal(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"

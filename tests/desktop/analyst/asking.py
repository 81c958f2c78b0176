"""An analyst over a DuckDB database: its schema as a connection shows it, and its plans run for real."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb

from desktop.analyst.analyst import Analyst
from desktop.analyst.meaning import Outcome, Plan
from shared.results import Column, ColumnType
from shared.wire import ColumnInfo, ForeignKey, Schema, TableInfo

_KINDS = (
    ("TIMESTAMP", ColumnType.TIMESTAMP), ("DATE", ColumnType.DATE), ("DECIMAL", ColumnType.DECIMAL),
    ("DOUBLE", ColumnType.FLOAT), ("FLOAT", ColumnType.FLOAT), ("BOOLEAN", ColumnType.BOOLEAN),
    ("VARCHAR", ColumnType.TEXT), ("HUGEINT", ColumnType.INTEGER), ("BIGINT", ColumnType.INTEGER),
    ("INTEGER", ColumnType.INTEGER), ("SMALLINT", ColumnType.INTEGER), ("TIME", ColumnType.TIME),
)  # fmt: skip


def kind(name: str) -> ColumnType:
    return next((k for prefix, k in _KINDS if name.upper().startswith(prefix)), ColumnType.JSON)


def schema_of(
    db: duckdb.DuckDBPyConnection, foreign_keys: dict[str, list[ForeignKey]] | None = None
) -> Schema:
    """What a connector without keys shows; ``foreign_keys`` adds those that one with keys knows."""
    rows = db.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "ORDER BY 1, ordinal_position"
    ).fetchall()
    tables: dict[str, list[ColumnInfo]] = {}
    for table, column, type_name in rows:
        tables.setdefault(table, []).append(ColumnInfo(column, kind(type_name)))
    return Schema(
        [
            TableInfo(_written(name), columns, foreign_keys=(foreign_keys or {}).get(name, []))
            for name, columns in tables.items()
        ],
        dialect="duckdb",
        connection="test",
    )


def _written(name: str) -> str:
    return name if name.isidentifier() and name.islower() else '"' + name.replace('"', '""') + '"'


class Asking:
    """Asks an analyst and runs what it plans."""

    def __init__(self, db: duckdb.DuckDBPyConnection, schema: Schema | None = None) -> None:
        self.db = db
        self.schema = schema or schema_of(db)
        self.fetched: list[str] = []
        self._analysts: dict[tuple[date, date | None], Analyst] = {}

    def fetch(self, sql: str) -> list[list[Any]]:
        self.fetched.append(sql)
        return [list(row) for row in self.db.execute(sql).fetchall()]

    def analyst(self, today: date, as_of: date | None = None) -> Analyst:
        if (today, as_of) not in self._analysts:
            self._analysts[(today, as_of)] = Analyst(self.schema, self.fetch, today=today, as_of=as_of)
        return self._analysts[(today, as_of)]

    def ask(self, questions: Sequence[str], today: date, as_of: date | None = None) -> Outcome:
        """The outcome of the last question of a conversation."""
        analyst = self.analyst(today, as_of)
        memory: dict[str, object] | None = None
        outcome = analyst.read(questions[0], None)
        for question in questions[1:]:
            if isinstance(outcome, Plan):
                memory = outcome.memory
            outcome = analyst.read(question, memory)
        return outcome

    def rows(self, plan: Plan) -> list[tuple[Any, ...]]:
        return self.db.execute(plan.sql).fetchall()

    def columns(self, plan: Plan) -> list[Column]:
        description = self.db.execute(plan.sql).description or []
        return [Column(str(d[0]), kind(str(d[1]))) for d in description]

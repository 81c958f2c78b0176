"""Two hundred tables are read without touching the data, and a large column is asked, not copied."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb

from desktop.analyst.analyst import Analyst
from desktop.analyst.meaning import Plan, Refusal
from shared.results import ColumnType
from shared.wire import ColumnInfo, Schema, TableInfo
from tests.desktop.analyst.asking import Asking


def test_two_hundred_tables_cost_no_query_before_the_first_question() -> None:
    tables = [
        TableInfo(
            f"table_{n}",
            [
                ColumnInfo("id", ColumnType.INTEGER),
                *(ColumnInfo(f"other_{k}_id", ColumnType.INTEGER) for k in range(5)),
                *(ColumnInfo(f"text_{k}", ColumnType.TEXT) for k in range(5)),
                *(ColumnInfo(f"amount_{k}", ColumnType.DECIMAL) for k in range(5)),
            ],
        )
        for n in range(200)
    ]

    def fetch(sql: str) -> Sequence[Sequence[Any]]:
        raise AssertionError(sql)

    Analyst(Schema(tables, dialect="duckdb"), fetch, today=date(2026, 1, 1))


def test_a_value_of_a_column_with_very_many_is_found_by_asking_for_it() -> None:
    db = duckdb.connect(":memory:")
    db.execute(
        "CREATE TABLE payments AS "
        "SELECT i AS payment_id, 'Person ' || i AS payer, i AS amount FROM range(9000) t(i)"
    )
    asking = Asking(db)
    plan = asking.ask(["payment amount of person 77"], date(2026, 1, 1))
    assert isinstance(plan, Plan)
    assert asking.rows(plan) == [(77,)]
    assert isinstance(asking.ask(["payment amount of person 9999999"], date(2026, 1, 1)), Refusal)
    db.close()

"""An engine as a function from SQL to rows."""

import re
from collections.abc import Callable
from typing import Any

from shared.results import ColumnType
from tests.server.governance.shop import Row, statements

Run = Callable[[str], list[tuple[Any, ...]]]
"""The rows of a query; raises Failed."""


class Failed(Exception):
    """The source would not run it."""


def in_clickhouse(
    engine: Any, database: str, tables: dict[str, list[Row]], columns: dict[str, dict[str, ColumnType]]
) -> Run:
    """In a database of this name, which is made; queries call it ``seen``. ``engine`` is of chdb."""
    engine.query(f"CREATE DATABASE {database}")
    for statement in statements("clickhouse", tables, columns, f"{database}.".__add__):
        engine.query(statement)

    def ask(sql: str) -> list[tuple[Any, ...]]:
        text = re.sub(r'"?\bseen\b"?\.', f"{database}.", sql)
        # With its cache of conditions this version gives wrong rows to a filter that stood in a join before.
        settings = "SETTINGS use_query_condition_cache = 0"
        try:
            engine.query(f"USE {database}")
            found = engine.query(f"{text} {settings}", "TSV").bytes()
        except RuntimeError as error:
            raise Failed(str(error)) from error
        return [(line,) for line in found.decode().splitlines()]

    return ask

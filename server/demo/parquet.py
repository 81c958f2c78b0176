"""The demo's tables, written as Parquet into a folder. What they hold is decided beside this file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from server.demo import others, sales, seasons
from server.demo.dice import Ints
from server.demo.products import CATEGORIES, all_products
from server.demo.stores import all_stores

TABLES = ("stores", "products", "sales", "returns", "inventory", "targets")
_FIRST = f"DATE '{seasons.FIRST_DAY.isoformat()}'"
_RUPEES = "CAST(CAST({} AS DECIMAL(12, 0)) * 0.01 AS DECIMAL(12, 2))"
_ROW_GROUP = 65_536
"""A fortnight of Diwali or a month of July: a question about one month reads two of sixteen groups."""


def write(folder: Path, progress: Callable[[str], None]) -> None:
    """All six files. The folder exists and is empty."""
    progress("Making up two years of sales in 120 stores")
    stores, products = all_stores(), all_products()
    expected = sales.expected_lines(stores)
    lines = sales.all_lines(stores, products, expected)
    sold = lines._asdict() | {"sale_id": np.arange(1, lines.day.size + 1, dtype=np.int64)}
    with duckdb.connect(":memory:") as db:
        _write_places(db, folder)
        progress("Writing the sales")
        _write(db, folder / "sales.parquet", _SALES, sold)
        progress("Writing returns, stock and targets")
        back = others.all_returns(lines)
        came_back = {name: sold[name][back.line] for name in ("sale_id", "store", "product")}
        numbered = {"return_id": np.arange(1, back.line.size + 1, dtype=np.int64)}
        _write(db, folder / "returns.parquet", _RETURNS, back._asdict() | came_back | numbered)
        _write(db, folder / "inventory.parquet", _INVENTORY, others.all_stock(stores, lines)._asdict())
        _write(
            db, folder / "targets.parquet", _TARGETS, others.all_targets(stores, lines, expected)._asdict()
        )


def _names(names: Sequence[str]) -> str:
    """A list literal; its index 0, like every other outside it, is NULL."""
    return "[" + ", ".join("'" + name.replace("'", "''") + "'" for name in names) + "]"


_SALES = {
    "sale_id": "sale_id::INTEGER",
    "date": f"{_FIRST} + day::INTEGER",
    "store_id": "(store + 1)::INTEGER",
    "product_id": "(product + 1)::INTEGER",
    "quantity": "quantity::INTEGER",
    "net_amount": _RUPEES.format("net"),
    "discount": _RUPEES.format("discount"),
    "payment_mode": f"{_names(sales.PAYMENT_MODES)}[payment + 1]",
}
_RETURNS = {
    "return_id": "return_id::INTEGER",
    "sale_id": "sale_id::INTEGER",
    "date": f"{_FIRST} + day::INTEGER",
    "store_id": "(store + 1)::INTEGER",
    "product_id": "(product + 1)::INTEGER",
    "quantity": "quantity::INTEGER",
    "refund_amount": _RUPEES.format("refund"),
    "reason": f"{_names(others.REASONS)}[reason + 1]",
}
_INVENTORY = {
    "week_date": f"{_FIRST} + (week * 7)::INTEGER",
    "store_id": "(store + 1)::INTEGER",
    "department": f"{_names([c.department for c in CATEGORIES])}[category + 1]",
    "category": f"{_names([c.name for c in CATEGORIES])}[category + 1]",
    "on_hand": "on_hand::INTEGER",
    "on_order": "on_order::INTEGER",
}
_TARGETS = {
    "store_id": "(store + 1)::INTEGER",
    "month": f"({_FIRST} + to_months(month::INTEGER))::DATE",
    "amount": "amount::DECIMAL(12, 2)",
}
_STORES = {
    "store_id": "INTEGER",
    "name": "VARCHAR",
    "city": "VARCHAR",
    "state": "VARCHAR",
    "zone": "VARCHAR",
    "opened_on": "DATE",
    "area_sqft": "INTEGER",
}
_PRODUCTS = {
    "product_id": "INTEGER",
    "name": "VARCHAR",
    "department": "VARCHAR",
    "category": "VARCHAR",
    "brand": "VARCHAR",
    "mrp": "DECIMAL(10, 2)",
}


def _write_places(db: duckdb.DuckDBPyConnection, folder: Path) -> None:
    for table, types, rows in (
        ("stores", _STORES, [store[: len(_STORES)] for store in all_stores()]),
        ("products", _PRODUCTS, [tuple(product) for product in all_products()]),
    ):
        columns = {name: f"unnest(?)::{kind}" for name, kind in types.items()}
        _copy(db, folder / f"{table}.parquet", _select(columns), list(map(list, zip(*rows, strict=True))))


def _write(
    db: duckdb.DuckDBPyConnection, file: Path, columns: Mapping[str, str], source: Mapping[str, Ints]
) -> None:
    db.register("source", dict(source))
    _copy(db, file, f"FROM source {_select(columns)}", [])


def _select(columns: Mapping[str, str]) -> str:
    return "SELECT " + ", ".join(f"{expression} AS {name}" for name, expression in columns.items())


def _copy(db: duckdb.DuckDBPyConnection, file: Path, query: str, values: list[list[Any]]) -> None:
    target = str(file).replace("'", "''")
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP}"
    db.execute(f"COPY ({query}) TO '{target}' ({options})", values)

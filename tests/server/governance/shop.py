"""A shop whose rows, and what a caller sees of them, are known without any SQL; as tables of every engine.

``RAW`` has everything. ``seen`` computes in Python what the policies below leave of it: the rows, the columns
and the masks, which is what the governed queries are compared with.
"""

import datetime
import hashlib
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from server.access.data_policy import resolve
from server.catalogue import Catalogue
from server.governance.governance import View
from server.governance.governed import Rules
from shared.policies import ConnectionPolicy, Mask, TablePolicy
from shared.results import ColumnType
from shared.wire import ColumnInfo, Schema, TableInfo

SECRET = "0123456789abcdef0123456789abcdef"
ZONES = ("North", "East", "South", "West")

Row = dict[str, Any]
T = ColumnType
COLUMNS: dict[str, dict[str, ColumnType]] = {
    "sales": {
        "sale_id": T.INTEGER, "store_id": T.INTEGER, "zone": T.TEXT, "product_id": T.INTEGER,
        "amount": T.DECIMAL, "sold_on": T.DATE, "phone": T.TEXT, "margin": T.INTEGER, "note": T.TEXT,
    },
    "stores": {
        "store_id": T.INTEGER, "name": T.TEXT, "zone": T.TEXT, "manager": T.TEXT, "opened_on": T.DATE,
        "rent": T.INTEGER,
    },
    "products": {"product_id": T.INTEGER, "category": T.TEXT, "brand": T.TEXT},
    "staff": {"staff_id": T.INTEGER, "store_id": T.INTEGER, "name": T.TEXT, "salary": T.INTEGER},
}  # fmt: skip

NORTH = [
    ConnectionPolicy(
        "shop",
        [
            TablePolicy(
                "sales",
                hidden=["margin"],
                rows="zone = {user.zone}",
                masks={"phone": Mask.LAST_FOUR, "sold_on": Mask.YEAR},
            ),
            TablePolicy("stores", hidden=["rent"], masks={"manager": Mask.HASH, "opened_on": Mask.YEAR}),
        ],
    )
]
"""The role of a zone."""
SOME_STORES = [
    ConnectionPolicy(
        "shop",
        [
            TablePolicy(
                "sales",
                columns=["sale_id", "store_id", "amount", "phone", "product_id"],
                rows="store_id IN ({user.stores})",
                masks={"product_id": Mask.HIDE},
            ),
            TablePolicy("products"),
        ],
    )
]
"""The role of some stores, in whatever zone: it shows phones as they are."""
ATTRIBUTES = {"zone": "North", "stores": ["2", "5"]}
POLICY = resolve([NORTH, SOME_STORES], ATTRIBUTES)


def raw(seed: int = 7, sales: int = 60) -> dict[str, list[Row]]:
    """Few different values, so that conditions and joins meet; NULLs in every column that may have them."""
    dice = random.Random(seed)

    def maybe(value: Any) -> Any:
        return None if dice.random() < 0.12 else value

    stores = [
        {
            "store_id": number,
            "name": f"Store {number}",
            "zone": ZONES[number % 4],
            "manager": maybe(dice.choice(["Asha", "Ravi", "Om's", "Zoë"])),
            "opened_on": maybe(datetime.date(2015 + number, 1 + number, 1 + number)),
            "rent": 1000 * number,
        }
        for number in range(1, 9)
    ]
    products = [
        {
            "product_id": number,
            "category": dice.choice(["kids", "men", "home"]),
            "brand": maybe(f"B{number % 3}"),
        }
        for number in range(1, 7)
    ]
    found: list[Row] = []
    for number in range(1, sales + 1):
        store = dice.randint(1, 8)
        found.append(
            {
                "sale_id": number,
                "store_id": store,
                "zone": maybe(ZONES[store % 4]),
                "product_id": maybe(dice.randint(1, 6)),
                "amount": Decimal(dice.randint(0, 40)) / 4,
                "sold_on": maybe(datetime.date(2024 + number % 3, 1 + number % 12, 1 + number % 28)),
                "phone": maybe(dice.choice(["9876500001", "9876500002", "123", "", "+91 98111 22334"])),
                "margin": dice.randint(-5, 5),
                "note": maybe(dice.choice(["gift", "returned", "12"])),
            }
        )
    staff = [
        {"staff_id": number, "store_id": 1 + number % 8, "name": f"Staff {number}", "salary": 100 * number}
        for number in range(1, 12)
    ]
    return {"sales": found, "stores": stores, "products": products, "staff": staff}


def seen(tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """What POLICY shows, worked out by hand."""
    sales = []
    for row in tables["sales"]:
        north, some = row["zone"] == "North", row["store_id"] in (2, 5)
        if north or some:
            sales.append(
                {
                    "sale_id": row["sale_id"],
                    "store_id": row["store_id"],
                    "zone": row["zone"] if north else None,
                    "product_id": row["product_id"] if north else None,
                    "amount": row["amount"],
                    "sold_on": _year(row["sold_on"]) if north else None,
                    "phone": row["phone"] if some else _last_four(row["phone"]),
                    "note": row["note"] if north else None,
                }
            )
    stores = [
        {
            **{name: row[name] for name in ("store_id", "name", "zone")},
            "manager": _hash(row["manager"]),
            "opened_on": _year(row["opened_on"]),
        }
        for row in tables["stores"]
    ]
    return {"sales": sales, "stores": stores, "products": tables["products"]}


SEEN_COLUMNS: dict[str, dict[str, ColumnType]] = {
    "sales": {**{k: v for k, v in COLUMNS["sales"].items() if k != "margin"}, "sold_on": T.INTEGER},
    "stores": {**{k: v for k, v in COLUMNS["stores"].items() if k != "rent"}, "opened_on": T.INTEGER},
    "products": COLUMNS["products"],
}


def _year(value: datetime.date | None) -> int | None:
    return None if value is None else value.year


def _last_four(value: str | None) -> str | None:
    return None if value is None else "****" + (value[-4:] if len(value) > 4 else "")


def _hash(value: str | None) -> str | None:
    return None if value is None else hashlib.sha256((SECRET + value).encode()).hexdigest()[:32]


def schema(dialect: str, tables: dict[str, dict[str, ColumnType]] = COLUMNS) -> Schema:
    """Oracle keeps names in capital letters."""
    found = [
        TableInfo(
            name,
            [ColumnInfo(one.upper() if dialect == "oracle" else one, kind) for one, kind in columns.items()],
        )
        for name, columns in tables.items()
    ]
    return Schema(found, dialect, "shop")


def view(dialect: str, *, own: str = "") -> View:
    said = Rules(POLICY.of("shop"), POLICY.attributes, dialect, SECRET)
    return View((dialect,), Catalogue(schema(dialect)), said, own)


def view_of_all(dialect: str, *, own: str = "") -> View:
    """Of a database that holds only what is seen, all of it."""
    said = Rules([[TablePolicy("*")]], {}, dialect, SECRET)
    return View(("all", dialect), Catalogue(schema(dialect, SEEN_COLUMNS)), said, own)


_TYPES = {
    "duckdb": {T.INTEGER: "INTEGER", T.TEXT: "TEXT", T.DECIMAL: "DECIMAL(12, 2)", T.DATE: "DATE"},
    "postgres": {T.INTEGER: "INTEGER", T.TEXT: "TEXT", T.DECIMAL: "NUMERIC(12, 2)", T.DATE: "DATE"},
    "clickhouse": {
        T.INTEGER: "Nullable(Int32)",
        T.TEXT: "Nullable(String)",
        T.DECIMAL: "Nullable(Decimal(12, 2))",
        T.DATE: "Nullable(Date)",
    },
}


def statements(
    dialect: str,
    tables: dict[str, list[Row]],
    columns: dict[str, dict[str, ColumnType]],
    named: Callable[[str], str],
) -> list[str]:
    """That make and fill the tables; ``named`` gives the name of each."""
    types = _TYPES[dialect]
    engine = " ENGINE = MergeTree ORDER BY tuple()" if dialect == "clickhouse" else ""
    made: list[str] = []
    for name, rows in tables.items():
        defined = ", ".join(f"{column} {types[kind]}" for column, kind in columns[name].items())
        made.append(f"CREATE TABLE {named(name)} ({defined}){engine}")
        values = ", ".join(_values(row, list(columns[name])) for row in rows)
        made.append(f"INSERT INTO {named(name)} VALUES {values}")
    return made


def _values(row: Row, columns: Sequence[str]) -> str:
    return f"({', '.join(_literal(row[name]) for name in columns)})"


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case datetime.date():
            return f"'{value.isoformat()}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
    return str(value)

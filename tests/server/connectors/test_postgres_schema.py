"""What a PostgreSQL connection shows of its tables."""

from server.connectors.postgres.kind import open_postgres
from server.connectors.postgres.session import PostgresConnector
from shared.wire import ForeignKey, TableInfo
from tests.peers.postgres import PostgresServer
from tests.server.connectors.asking import ask
from tests.server.connectors.conftest import Opener


def tables(connection: PostgresConnector) -> dict[str, TableInfo]:
    return {table.name: table for table in connection.schema().tables}


def test_it_shows_every_kind_of_relation_that_the_account_can_read(connection: PostgresConnector) -> None:
    shown = tables(connection)
    assert {
        "stores",
        "products",
        "sales",
        "sales_by_zone",
        "sales_by_day",
        "stock",
        "hr.staff",
    } <= shown.keys()
    assert '"Head Office"."Select"' in shown
    assert not {"payroll", "stock_2025", "stock_2026"} & shown.keys()
    for name in shown:
        ask(connection, f"SELECT * FROM {name}", max_rows=1)


def test_it_shows_columns_keys_comments_and_estimates(connection: PostgresConnector) -> None:
    shown = tables(connection)
    sales, stores = shown["sales"], shown["stores"]
    assert [(column.name, column.type.value, column.nullable) for column in sales.columns] == [
        ("sale_id", "integer", False),
        ("sold_on", "date", False),
        ("store_id", "integer", True),
        ("product_id", "integer", True),
        ("quantity", "integer", False),
        ("net_amount", "decimal", False),
        ("discount", "float", True),
        ("paid", "text", True),
    ]
    assert sales.primary_key == ["sale_id"]
    assert ForeignKey(["store_id"], "stores", ["store_id"]) in sales.foreign_keys
    assert shown["hr.staff"].foreign_keys == [ForeignKey(["store_id"], "stores", ["store_id"])]
    assert (sales.row_estimate, shown["stock"].row_estimate) == (20000, 3000)
    assert shown["sales_by_zone"].row_estimate is None
    assert stores.comment == "One row a store."
    assert stores.columns[3].comment == "North, South, East or West."
    assert shown["products"].columns[3].type.value == "decimal"


def test_it_samples_the_values_of_small_text_columns(connection: PostgresConnector) -> None:
    shown = tables(connection)
    columns = {column.name: column for column in shown["stores"].columns}
    assert (sorted(columns["zone"].samples), columns["zone"].samples_complete) == (
        ["East", "North", "South", "West"],
        True,
    )
    assert (len(columns["name"].samples), columns["name"].samples_complete) == (60, True)
    assert columns["area_sqft"].samples == []
    paid = shown["sales"].columns[7]
    assert (sorted(paid.samples), paid.samples_complete) == (["card", "cash", "upi"], True)


def test_a_column_that_may_not_be_read_is_not_shown(
    postgres: PostgresServer, open_connection: Opener
) -> None:
    postgres.execute(
        "CREATE ROLE narrow LOGIN PASSWORD 'narrow-Secret-5'",
        "GRANT SELECT (store_id, zone) ON stores TO narrow",
    )
    shown = tables(open_connection(user="narrow", password="narrow-Secret-5"))
    assert list(shown) == ["stores"]
    assert [column.name for column in shown["stores"].columns] == ["store_id", "zone"]


ODD = [
    "CREATE SCHEMA odd",
    "GRANT USAGE ON SCHEMA odd TO reader",
    "CREATE TABLE odd.parents (b integer, a integer, gone integer, PRIMARY KEY (a, b))",
    "ALTER TABLE odd.parents DROP COLUMN gone",
    'CREATE TABLE odd."it""s.a table" ("weird ""name""" text, "select" text, "ключ" integer)',
    """CREATE TABLE odd.made (net numeric, tax numeric GENERATED ALWAYS AS (net * 0.18) STORED,
        id integer GENERATED ALWAYS AS IDENTITY UNIQUE, tags text[], kind public.rupees)""",
    """CREATE TABLE odd.children (pb integer, pa integer, store integer REFERENCES public.stores,
        FOREIGN KEY (pa, pb) REFERENCES odd.parents (a, b))""",
    "CREATE TABLE odd.secret (id integer PRIMARY KEY, word text)",
    "CREATE TABLE odd.points (id integer, secret integer REFERENCES odd.secret)",
    "CREATE TABLE odd.nothing ()",
    "CREATE TABLE odd.parts (day date, n integer, PRIMARY KEY (day, n)) PARTITION BY RANGE (day)",
    "CREATE TABLE odd.parts_1 PARTITION OF odd.parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "CREATE FOREIGN DATA WRAPPER nowhere",
    "CREATE SERVER far FOREIGN DATA WRAPPER nowhere",
    "CREATE FOREIGN TABLE odd.distant (id integer, name text) SERVER far",
    "COMMENT ON COLUMN odd.distant.name IS 'Told by the other side: \"so\".'",
    "CREATE MATERIALIZED VIEW odd.kept AS SELECT 1 AS one, 'x'::text AS x",
    "CREATE TYPE odd.pair AS (a integer, b integer)",
    "CREATE SEQUENCE odd.numbers",
    "GRANT SELECT ON ALL TABLES IN SCHEMA odd TO reader",
    "REVOKE ALL ON odd.secret FROM reader",
]


def test_odd_relations_keys_and_names_are_told_as_they_are(
    postgres: PostgresServer, open_connection: Opener
) -> None:
    postgres.execute(*ODD)
    try:
        shown = {name: table for name, table in tables(open_connection()).items() if "odd" in name}
    finally:
        postgres.execute("DROP SCHEMA odd CASCADE", "DROP FOREIGN DATA WRAPPER nowhere CASCADE")
    assert {name.removeprefix("odd.") for name in shown} == {
        *("parents", "children", "made", "points", "parts", "distant", "kept", '"it""s.a table"')
    }
    assert [column.name for column in shown["odd.parents"].columns] == ["b", "a"]
    assert shown["odd.parents"].primary_key == ["a", "b"]
    assert shown["odd.parts"].primary_key == ["day", "n"]
    assert [
        (key.columns, key.references_table, key.references_columns)
        for key in shown["odd.children"].foreign_keys
    ] == [(["pa", "pb"], "odd.parents", ["a", "b"]), (["store"], "stores", ["store_id"])]
    assert shown["odd.points"].foreign_keys == []  # what it points at does not exist for this account
    assert [column.name for column in shown['odd."it""s.a table"'].columns] == [
        *('weird "name"', "select", "ключ")
    ]
    made = {column.name: column.type.value for column in shown["odd.made"].columns}
    assert made == {"net": "decimal", "tax": "decimal", "id": "integer", "tags": "json", "kind": "decimal"}
    assert shown["odd.distant"].columns[1].comment == 'Told by the other side: "so".'


def test_a_thousand_tables_are_all_shown(postgres: PostgresServer) -> None:
    postgres.execute("CREATE DATABASE wide", database="postgres")
    make = """DO $$ BEGIN FOR i IN {0}..{1} LOOP
        EXECUTE format('CREATE TABLE t%s (a int PRIMARY KEY, b text, c numeric, d date)', i);
        END LOOP; END $$"""
    for first in range(1, 1000, 500):
        postgres.execute(make.format(first, first + 499), database="wide")
    postgres.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", database="wide")
    connection = open_postgres(postgres.params(database="wide"), 5)
    try:
        assert len(connection.schema().tables) == 1000
    finally:
        connection.close()

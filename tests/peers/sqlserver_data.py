"""What is in the SQL Server peer: a small shop, and the catalogue views that a connector reads."""

from collections.abc import Sequence


def tables() -> list[str]:
    """DuckDB statements."""
    return [
        "CREATE SCHEMA dbo",
        "CREATE SCHEMA hr",
        'CREATE SCHEMA "Head Office"',
        "CREATE SCHEMA sys",
        "SET schema = 'dbo'",
        "CREATE TABLE numbers AS SELECT i::INTEGER AS i FROM range(1, 50001) r(i)",
        """CREATE TABLE stores (store_id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, zone VARCHAR NOT NULL,
            opened_on DATE, area DOUBLE, is_open BOOLEAN)""",
        """INSERT INTO stores SELECT i, 'Store ' || i, ['East', 'North', 'West'][i % 3 + 1],
            DATE '2015-04-01' + i::INTEGER * 30, 5000.5 + i, i % 2 = 0 FROM range(1, 61) r(i)""",
        """CREATE TABLE sales (sale_id BIGINT, sold_at TIMESTAMPTZ, store_id INTEGER,
            net_amount DECIMAL(12, 2), price_money DECIMAL(19, 4))""",
        """INSERT INTO sales SELECT i, TIMESTAMPTZ '2025-04-01 09:30:00+05:30' + to_hours(i), i % 60 + 1,
            (i * 37 % 100000) / 100.0, i / 8 FROM range(1, 5001) r(i)""",
        "CREATE TABLE hr.staff (staff_id INTEGER, store_id INTEGER, name VARCHAR)",
        "INSERT INTO hr.staff SELECT i, i % 60 + 1, 'Person ' || i FROM range(1, 51) r(i)",
        'CREATE TABLE "Head Office"."Se]lect" ("From" INTEGER, "Order By" VARCHAR)',
        *_catalogue(),
        *_functions(),
    ]


_SCHEMAS = [(1, "dbo"), (5, "hr"), (6, "Head Office")]
_TYPES = [
    "int",
    "varchar",
    "nvarchar",
    "date",
    "float",
    "bit",
    "bigint",
    "datetimeoffset",
    "decimal",
    "money",
]

# Id, schema, name, rows, comment; then columns: name, type, nullable, comment.
_TABLES: list[tuple[int, int, str, int, str, list[tuple[str, str, int, str]]]] = [
    (
        *(101, 1, "stores", 60, "One row a store."),
        [
            ("store_id", "int", 0, ""),
            ("name", "nvarchar", 0, ""),
            ("zone", "nvarchar", 0, "North, East or West."),
            ("opened_on", "date", 1, ""),
            ("area", "float", 1, ""),
            ("is_open", "bit", 1, ""),
        ],
    ),
    (
        *(102, 1, "sales", 5000, ""),
        [
            ("sale_id", "bigint", 0, ""),
            ("sold_at", "datetimeoffset", 1, ""),
            ("store_id", "int", 1, ""),
            ("net_amount", "decimal", 1, ""),
            ("price_money", "money", 1, ""),
        ],
    ),
    (
        103,
        5,
        "staff",
        50,
        "",
        [("staff_id", "int", 0, ""), ("store_id", "int", 1, ""), ("name", "nvarchar", 1, "")],
    ),
    (104, 6, "Se]lect", 0, "", [("From", "int", 1, ""), ("Order By", "nvarchar", 1, "")]),
]


def _catalogue() -> list[str]:
    columns = [(key, at, *column) for key, *_, parts in _TABLES for at, column in enumerate(parts, 1)]
    notes = [(1, key, 0, "MS_Description", table[4]) for table in _TABLES if table[4] for key in table[:1]]
    notes += [(1, key, at, "MS_Description", note) for key, at, _, _, _, note in columns if note]
    return [
        _view("schemas", "schema_id name", _SCHEMAS),
        _view(
            "objects",
            "object_id schema_id name type is_ms_shipped",
            [(key, schema, name, "U", 0) for key, schema, name, *_ in _TABLES],
        ),
        _view("types", "user_type_id name", list(enumerate(_TYPES))),
        _view(
            "columns",
            "object_id column_id name system_type_id is_nullable",
            [(key, at, name, _TYPES.index(kind), nullable) for key, at, name, kind, nullable, _ in columns],
        ),
        _view("extended_properties", "class major_id minor_id name value", notes),
        _view("partitions", "object_id index_id rows", [(table[0], 0, table[3]) for table in _TABLES]),
        _view("indexes", "object_id index_id is_primary_key", [(101, 1, 1), (102, 1, 0)]),
        _view("index_columns", "object_id index_id column_id key_ordinal", [(101, 1, 1, 1), (102, 1, 1, 1)]),
        _view(
            "foreign_key_columns",
            "constraint_object_id constraint_column_id parent_object_id parent_column_id"
            " referenced_object_id referenced_column_id",
            [(201, 1, 102, 3, 101, 1), (202, 1, 103, 2, 101, 1)],
        ),
        _view("permissions_here", "scope permission_name", [
            ("DATABASE", "CONNECT"), ("DATABASE", "SELECT"), ("DATABASE", "CREATE TABLE"),
            ("SERVER", "CONNECT SQL"), ("SERVER", "VIEW ANY DATABASE"), ("SERVER", "ALTER TRACE"),
        ]),
    ]  # fmt: skip


def _functions() -> list[str]:
    return [
        "CREATE MACRO schema_name() AS 'dbo'",
        "CREATE MACRO suser_sname() AS 'reader'",
        "CREATE MACRO user_name() AS 'reader'",
        "CREATE MACRO is_srvrolemember(role) AS 0",
        "CREATE MACRO is_member(role) AS CASE WHEN role = 'db_datawriter' THEN 1 ELSE 0 END",
        "CREATE MACRO quotename(name) AS '[' || name || ']'",
        "CREATE MACRO has_perms_by_name(what, kind, permission) AS"
        " CASE WHEN what = '[hr].[staff]' AND permission = 'UPDATE' THEN 1 ELSE 0 END",
        "CREATE MACRO sys.fn_my_permissions(thing, scope_) AS TABLE"
        " SELECT permission_name FROM sys.permissions_here WHERE scope = scope_",
    ]


def _view(name: str, columns: str, rows: Sequence[Sequence[object]]) -> str:
    values = ", ".join("(" + ", ".join(map(_literal, row)) + ")" for row in rows)
    return f"CREATE TABLE sys.{name} AS SELECT * FROM (VALUES {values}) v({', '.join(columns.split())})"


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"

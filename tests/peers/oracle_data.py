"""What is in the Oracle peer: a small shop, and the views of Oracle's dictionary that a connector reads."""

from collections.abc import Sequence


def tables() -> list[str]:
    """DuckDB statements."""
    return [
        'CREATE TABLE "DUAL" ("DUMMY" VARCHAR)',
        "INSERT INTO \"DUAL\" VALUES ('X')",
        'CREATE TABLE "NUMBERS" AS SELECT i::DECIMAL(10, 0) AS "I" FROM range(1, 50001) r(i)',
        """CREATE TABLE "STORES" ("STORE_ID" DECIMAL(10, 0) PRIMARY KEY, "NAME" VARCHAR NOT NULL,
            "ZONE" VARCHAR NOT NULL, "OPENED_ON" DATE, "AREA" DOUBLE, "NOTES_CLOB" VARCHAR)""",
        """INSERT INTO "STORES" SELECT i, 'Store ' || i, ['East', 'North', 'West'][i % 3 + 1],
            DATE '2015-04-01' + i::INTEGER * 30, 5000.5 + i, CASE WHEN i % 2 = 0 THEN repeat('आज ', i) END
            FROM range(1, 61) r(i)""",
        """CREATE TABLE "SALES" ("SALE_ID" DECIMAL(19, 0), "SOLD_AT" TIMESTAMPTZ, "STORE_ID" DECIMAL(10, 0),
            "NET_AMOUNT" DECIMAL(12, 2), "QUANTITY" INTEGER)""",
        """INSERT INTO "SALES" SELECT i, TIMESTAMPTZ '2025-04-01 09:30:00+05:30' + to_hours(i), i % 60 + 1,
            (i * 37 % 100000) / 100.0, i % 5 + 1 FROM range(1, 5001) r(i)""",
        'CREATE SCHEMA "HR"',
        'CREATE TABLE "HR"."STAFF" ("STAFF_ID" DECIMAL(10, 0), "STORE_ID" DECIMAL(10, 0), "NAME" VARCHAR)',
        'INSERT INTO "HR"."STAFF" SELECT i, i % 60 + 1, \'Person \' || i FROM range(1, 51) r(i)',
        'CREATE SCHEMA "Head Office"',
        'CREATE TABLE "Head Office"."Select" ("From" DECIMAL(10, 0), "Order By" VARCHAR)',
        *_dictionary(),
    ]


_USERS = [("READER", "N"), ("HR", "N"), ("Head Office", "N"), ("SYS", "Y")]

# Owner, table, rows, comment; then columns: name, type, precision, scale, nullable, comment.
_TABLES: list[tuple[str, str, int | None, str, list[tuple[str, str, int | None, int | None, str, str]]]] = [
    (
        *("READER", "STORES", 60, "One row a store."),
        [
            ("STORE_ID", "NUMBER", 10, 0, "N", ""),
            ("NAME", "VARCHAR2", None, None, "N", ""),
            ("ZONE", "VARCHAR2", None, None, "N", "North, East or West."),
            ("OPENED_ON", "DATE", None, None, "Y", ""),
            ("AREA", "BINARY_DOUBLE", None, None, "Y", ""),
            ("NOTES_CLOB", "CLOB", None, None, "Y", ""),
        ],
    ),
    (
        *("READER", "SALES", 5000, ""),
        [
            ("SALE_ID", "NUMBER", 19, 0, "N", ""),
            ("SOLD_AT", "TIMESTAMP(6) WITH TIME ZONE", None, 6, "Y", ""),
            ("STORE_ID", "NUMBER", 10, 0, "Y", ""),
            ("NET_AMOUNT", "NUMBER", 12, 2, "Y", ""),
            ("QUANTITY", "NUMBER", None, None, "Y", ""),
        ],
    ),
    (
        *("HR", "STAFF", None, ""),
        [
            ("STAFF_ID", "NUMBER", 10, 0, "N", ""),
            ("STORE_ID", "NUMBER", 10, 0, "Y", ""),
            ("NAME", "VARCHAR2", None, None, "Y", ""),
        ],
    ),
    (
        *("Head Office", "Select", 0, ""),
        [("From", "NUMBER", 10, 0, "Y", ""), ("Order By", "VARCHAR2", None, None, "Y", "")],
    ),
    ("SYS", "USER$", 100, "", [("NAME", "VARCHAR2", None, None, "Y", "")]),
]

# Owner, name, kind, table, owner and name of the key that it points to, columns.
_KEYS = [
    ("READER", "STORES_PK", "P", "STORES", None, None, ["STORE_ID"]),
    ("READER", "SALES_STORE", "R", "SALES", "READER", "STORES_PK", ["STORE_ID"]),
    ("HR", "STAFF_PK", "P", "STAFF", None, None, ["STAFF_ID"]),
    ("HR", "STAFF_STORE", "R", "STAFF", "READER", "STORES_PK", ["STORE_ID"]),
]


def _dictionary() -> list[str]:
    columns = [
        (owner, table, *column, at)
        for owner, table, _, _, parts in _TABLES
        for at, column in enumerate(parts)
    ]
    keys = [(*key[:6], column, at) for key in _KEYS for at, column in enumerate(key[6])]
    return [
        _view("ALL_USERS", "USERNAME ORACLE_MAINTAINED", _USERS),
        _view(
            "ALL_TAB_COLUMNS",
            "OWNER TABLE_NAME COLUMN_NAME DATA_TYPE DATA_PRECISION DATA_SCALE NULLABLE COLUMN_ID",
            [(o, t, n, kind, p, s, null, at) for o, t, n, kind, p, s, null, _, at in columns],
        ),
        _view(
            "ALL_COL_COMMENTS",
            "OWNER TABLE_NAME COLUMN_NAME COMMENTS",
            [(o, t, n, comment or None) for o, t, n, *_, comment, _ in columns],
        ),
        _view("ALL_TABLES", "OWNER TABLE_NAME NUM_ROWS", [table[:3] for table in _TABLES]),
        _view("ALL_TAB_COMMENTS", "OWNER TABLE_NAME COMMENTS", [(*t[:2], t[3] or None) for t in _TABLES]),
        _view(
            "ALL_OBJECTS",
            "OWNER OBJECT_NAME OBJECT_TYPE",
            [*((*table[:2], "TABLE") for table in _TABLES), ("HR", "RAISE_SALARY", "PROCEDURE")],
        ),
        _view(
            "ALL_CONSTRAINTS",
            "OWNER CONSTRAINT_NAME CONSTRAINT_TYPE TABLE_NAME R_OWNER R_CONSTRAINT_NAME",
            [key[:6] for key in _KEYS],
        ),
        _view(
            "ALL_CONS_COLUMNS",
            "OWNER CONSTRAINT_NAME COLUMN_NAME POSITION",
            [(key[0], key[1], key[6], key[7]) for key in keys],
        ),
        _view(
            "ALL_TAB_PRIVS",
            "TABLE_SCHEMA TABLE_NAME PRIVILEGE",
            [("HR", "STAFF", "SELECT"), ("HR", "STAFF", "UPDATE"), ("SYS", "DUAL", "INSERT")],
        ),
        _view("SESSION_PRIVS", "PRIVILEGE", [("CREATE SESSION",), ("CREATE TABLE",)]),
        'CREATE TABLE "SESSION_ROLES" ("ROLE" VARCHAR)',
        'CREATE TABLE "USER_TABLES" ("TABLE_NAME" VARCHAR)',
        "CREATE MACRO hextoraw(a) AS unhex(a)",
        "CREATE MACRO sys_context(a, b) AS 'READER'",
    ]


def _view(name: str, columns: str, rows: Sequence[Sequence[object]]) -> str:
    values = ", ".join("(" + ", ".join(map(_literal, row)) + ")" for row in rows)
    names = ", ".join(f'"{column}"' for column in columns.split())
    return f'CREATE TABLE "{name}" AS SELECT * FROM (VALUES {values}) v({names})'


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"

"""Queries to a real PostgreSQL: values, types, limits, parameters."""

import decimal
import json
import random

import pytest

from server.connectors.base import Limits, SqlConnector
from server.connectors.postgres.kind import KIND
from server.connectors.postgres.session import PostgresConnector
from shared.errors import QueryFailed
from shared.guard import ReadOnlySql
from tests.peers.postgres import PostgresServer
from tests.server.connectors.asking import ask

VALUES = [
    # what SQL says, the portable type, what JSON says
    ("1::smallint", "integer", 1),
    ("(-9223372036854775808)::bigint", "integer", -(2**63)),
    ("4294967295::oid", "integer", 4294967295),
    ("12.50::numeric(10, 2)", "decimal", 12.5),
    ("'NaN'::numeric", "decimal", None),
    ("'-Infinity'::numeric", "decimal", None),
    ("0.1::real", "float", 0.1),
    ("1e300::double precision", "float", 1e300),
    ("'Infinity'::double precision", "float", None),
    ("'NaN'::real", "float", None),
    ("true", "boolean", True),
    ("false", "boolean", False),
    ("'NaN'::text", "text", "NaN"),
    ("'null'::text", "text", "null"),
    ("''::text", "text", ""),
    ("NULL::text", "text", None),
    ("'\\.'::text", "text", "\\."),
    ("E'a\"b\\\\c\\nd\\r\\te\\x01\\x1f\\x7f'", "text", 'a"b\\c\nd\r\te\x01\x1f\x7f'),
    ("'₹ 😀 हिन्दी'::varchar(20)", "text", "₹ 😀 हिन्दी"),
    ("'ab'::char(4)", "text", "ab  "),
    ("'\\x00ff10'::bytea", "binary", "AP8Q"),
    ("convert_to(repeat('x', 90), 'UTF8')", "binary", "eHh4" * 30),
    ("date '2026-03-31'", "date", "2026-03-31"),
    ("date 'infinity'", "date", None),
    ("date '0044-03-15 BC'", "date", None),
    ("date '9999-12-31'", "date", "9999-12-31"),
    ("date '10000-01-01'", "date", None),
    ("time '18:40:00.5'", "time", "18:40:00.5"),
    ("time with time zone '18:40:00+05:30'", "time", "18:40:00+05:30"),
    ("timestamp '2026-03-31 18:40:00'", "timestamp", "2026-03-31T18:40:00"),
    ("timestamp '2026-03-31 18:40:00.123456'", "timestamp", "2026-03-31T18:40:00.123456"),
    ("timestamp '-infinity'", "timestamp", None),
    ("timestamptz '2026-03-31 18:40:00+05:30'", "timestamp", "2026-03-31T13:10:00+00:00"),
    ("timestamptz 'infinity'", "timestamp", None),
    ("interval '1 day 02:03:04'", "text", "1 day 02:03:04"),
    ("'2f1b6f0e-0000-4000-8000-00000000000a'::uuid", "text", "2f1b6f0e-0000-4000-8000-00000000000a"),
    ("int4range(1, 5)", "text", "[1,5)"),
    ("'upi'::payment_mode", "text", "upi"),
    ("12.5::rupees", "decimal", 12.5),
    ("'10.0.0.1/8'::inet", "text", "10.0.0.1/8"),
    ("ROW(1, 'a')", "text", "(1,a)"),
    ("'a'::\"char\"", "text", "a"),
    ("'{\"a\": [1, null]}'::jsonb", "json", {"a": [1, None]}),
    ("E'{\"a\":\\n 1}'::json", "json", {"a": 1}),
    ("ARRAY[1, 2, NULL]", "json", [1, 2, None]),
    ("ARRAY[['a\"', 'b\n']]", "json", [['a"', "b\n"]]),
    ("ARRAY['upi', 'cash']::payment_mode[]", "json", ["upi", "cash"]),
    ("ARRAY[date '2026-03-31']", "json", ["2026-03-31"]),
]


@pytest.mark.parametrize(("sql", "portable", "value"), VALUES, ids=[sql for sql, _, _ in VALUES])
def test_each_type_arrives_as_what_it_is(
    connection: PostgresConnector, sql: str, portable: str, value: object
) -> None:
    """Both ways: copied, and cell by cell, which a bound value asks for."""
    copied = ask(connection, f"SELECT {sql} AS v")
    bound = ask(connection, f"SELECT {sql} AS v WHERE :yes", yes=True)
    assert (copied.types, copied.row) == ([portable], [value])
    assert (bound.types, bound.row) == ([portable], [value])


def test_decimals_keep_every_digit(connection: PostgresConnector) -> None:
    digits = "123456789012345678901234567890.1234567890"
    answer = ask(connection, f"SELECT {digits}::numeric, 1.10::numeric(4, 2)")
    row = json.loads(answer.lines[0], parse_float=decimal.Decimal)
    assert list(map(str, row)) == [digits, "1.10"]


def test_three_thousand_random_rows_are_what_the_driver_reads(
    postgres: PostgresServer, connection: PostgresConnector
) -> None:
    dice = random.Random(11)
    alphabet = [chr(code) for code in range(1, 128)] + list("é₹😀\u2028\ud7ff\ufeff\U0010ffff")
    rows = []
    for number in range(3000):
        text = None if dice.random() < 0.1 else "".join(dice.choices(alphabet, k=dice.randrange(60)))
        amount = dice.choice((None, decimal.Decimal(dice.randrange(10**9)) / 100))
        rows.append(
            [number, text, amount, dice.choice((None, True, False)), dice.choice((None, dice.random()))]
        )
    plain = postgres.connect()
    try:
        plain.run("CREATE TABLE wild (n int, t text, d numeric, b bool, f float8)")
        plain.run("GRANT SELECT ON wild TO reader")
        for n, t, d, b, f in rows:
            plain.run("INSERT INTO wild VALUES (:n, :t, :d, :b, :f)", n=n, t=t, d=d, b=b, f=f)
        expected = [
            [*row[:2], None if row[2] is None else float(row[2]), *row[3:]]
            for row in plain.run("SELECT * FROM wild ORDER BY n")
        ]
        copied = ask(connection, "SELECT * FROM wild ORDER BY n", max_rows=5000)
        bound = ask(connection, "SELECT * FROM wild WHERE n >= :n ORDER BY n", n=0, max_rows=5000)
    finally:
        plain.run("DROP TABLE IF EXISTS wild")
        plain.close()
    assert copied.rows == expected
    assert bound.rows == expected


@pytest.mark.parametrize("sql", ["SELECT * FROM sales ORDER BY sale_id", "SELECT *, ARRAY[1] FROM sales"])
def test_max_rows_is_exact_and_says_whether_there_was_more(connection: PostgresConnector, sql: str) -> None:
    for wanted, truncated in ((0, True), (1, True), (19_999, True), (20_000, False), (20_001, False)):
        answer = ask(connection, sql, max_rows=wanted)
        assert (len(answer.rows), answer.truncated) == (min(wanted, 20_000), truncated)


def test_an_empty_result_has_its_columns(connection: PostgresConnector) -> None:
    answer = ask(connection, 'SELECT sale_id, paid AS "How paid", 1 AS "How paid" FROM sales WHERE false')
    assert [column.name for column in answer.columns] == ["sale_id", "How paid", "How paid"]
    assert answer.rows == []
    assert not answer.truncated


def test_the_order_of_the_query_is_kept(connection: PostgresConnector) -> None:
    answer = ask(connection, "SELECT sale_id FROM sales ORDER BY net_amount DESC, sale_id -- the end")
    assert len(answer.rows) == 1000
    first = ask(connection, "SELECT sale_id FROM sales ORDER BY net_amount DESC, sale_id LIMIT 3")
    assert answer.rows[:3] == first.rows


def test_parameters_are_values_and_never_sql(connection: PostgresConnector) -> None:
    answer = ask(
        connection,
        "SELECT count(*), :text FROM sales WHERE store_id = :store AND sold_on >= :day AND (:none) IS NULL",
        text="'; DROP TABLE sales; --",
        store=5,
        day="2025-04-01",
        none=None,
    )
    assert answer.row == [334, "'; DROP TABLE sales; --"]


def test_a_result_that_is_not_wanted_any_more_is_stopped_and_the_connection_goes_on(
    postgres: PostgresServer, connection: PostgresConnector
) -> None:
    result = connection.query(
        ReadOnlySql("SELECT repeat('x', 1000) FROM generate_series(1, 10000000)"), {}, Limits(10**9, 60)
    )
    next(result.batches())
    result.close()
    assert connection.reset()
    assert ask(connection, "SELECT 1").row == [1]
    running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%repeat(%'"
    assert postgres.execute(f"{running} AND pid <> pg_backend_pid()") == [[0]]


def test_the_server_sees_who_is_asking(connection: PostgresConnector) -> None:
    assert ask(connection, "SELECT current_setting('application_name')").row == ["V-Mart AI Agent"]


def test_it_is_a_connector_that_speaks_sql(connection: PostgresConnector) -> None:
    assert isinstance(connection, SqlConnector)
    assert KIND.dialect == connection.dialect
    assert [field.name for field in KIND.fields if field.secret] == ["password"]
    connection.ping()


def test_a_parameter_may_stand_where_nothing_tells_its_type(connection: PostgresConnector) -> None:
    sql = """SELECT count(*) FROM stores
        WHERE (:zone IS NULL OR zone = :zone) AND (:big IS NULL OR store_id > :big)"""
    assert ask(connection, sql, zone=None, big=None).row == [60]
    assert ask(connection, sql, zone="East", big=30).row == [8]


def test_a_repeated_query_sees_what_has_changed_since(
    postgres: PostgresServer, connection: PostgresConnector
) -> None:
    def answers() -> list[tuple[list[str], list[object]]]:
        copied = ask(connection, "SELECT * FROM moving")
        bound = ask(connection, "SELECT * FROM moving WHERE :yes", yes=True)
        return [(copied.types, copied.row), (bound.types, bound.row)]

    postgres.execute("CREATE TABLE moving (a int)", "GRANT SELECT ON moving TO reader")
    try:
        postgres.execute("INSERT INTO moving VALUES (1)")
        for _ in range(3):
            assert answers() == [(["integer"], [1])] * 2
        postgres.execute("ALTER TABLE moving ALTER a TYPE text USING 'one \"' || a")
        for _ in range(2):
            assert answers() == [(["text"], ['one "1'])] * 2
        postgres.execute("ALTER TABLE moving ADD b boolean DEFAULT true")
        for _ in range(2):
            assert answers() == [(["text", "boolean"], ['one "1', True])] * 2
    finally:
        postgres.execute("DROP TABLE moving")
    for _ in range(2):
        with pytest.raises(QueryFailed, match='"moving" does not exist'):
            answers()
    assert ask(connection, "SELECT 1").row == [1]


def test_a_repeated_query_takes_other_values(connection: PostgresConnector) -> None:
    sql = "SELECT count(*) FROM stores WHERE :zone IS NULL OR zone = :zone"
    assert [ask(connection, sql, zone=zone).row for zone in ("East", None, "x", "East")] == [
        [15],
        [60],
        [0],
        [15],
    ]

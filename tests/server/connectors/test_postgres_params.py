""":name placeholders, and all that only looks like one."""

import pytest

from server.connectors.postgres.params import bound
from server.connectors.postgres.session import PostgresConnector
from shared.errors import AppError, InvalidRequest, QueryFailed
from shared.guard import ReadOnlySql
from tests.server.connectors.asking import ask


def test_each_placeholder_becomes_a_number_and_its_value_stays_outside() -> None:
    statement = bound(
        ReadOnlySql("SELECT :a, b FROM t WHERE c=:b AND d IN (:a)"), {"a": 1, "b": "x'; DROP TABLE t"}
    )
    assert statement.sql == "SELECT $1, b FROM t WHERE c=$2 AND d IN ($3)"
    assert statement.values == ["1", "x'; DROP TABLE t", "1"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a::text, b [1:2], c[x:y], (d)::int",
        "SELECT ':a', 'it''s :a', E'\\':a', \":a\"",
        "SELECT 1 -- :a",
        "SELECT /* :a /* :a */ :a */ 1",
        "SELECT $$ :a $$, $x$ :a $$ :a $x$",
        "SELECT date'2020-01-01\\', ':a'",
    ],
)
def test_what_only_looks_like_a_placeholder_is_left_alone(sql: str) -> None:
    assert bound(ReadOnlySql(sql), {}).sql == sql


def test_values_are_written_as_postgresql_reads_them() -> None:
    sql = "SELECT :a, :b, :c, :d"
    values = bound(ReadOnlySql(sql), {"a": True, "b": None, "c": 1.5, "d": "₹"}).values
    assert values == ["true", None, "1.5", "₹"]


def test_a_placeholder_without_a_value_is_named() -> None:
    with pytest.raises(InvalidRequest, match=":store"):
        bound(ReadOnlySql("SELECT * FROM t WHERE s = :store"), {"shop": 1})


def test_a_value_that_no_placeholder_takes_is_named() -> None:
    with pytest.raises(InvalidRequest, match=":shop"):
        bound(ReadOnlySql("SELECT 1"), {"shop": 1})


@pytest.mark.parametrize(("sql", "params"), [("SELECT 1\0", {}), ("SELECT :a", {"a": "x\0y"})])
def test_a_nul_character_cannot_end_a_message_early(sql: str, params: dict[str, str]) -> None:
    with pytest.raises(AppError, match="NUL"):
        bound(ReadOnlySql(sql), params)


_MANY = "FROM generate_series(1, 300) i"


@pytest.mark.parametrize(
    "value", ["it's", 'a"b', "back\\slash", "ünï😀", "", "$1", "'); DROP TABLE sales; --", "a\nb"]
)
def test_a_long_answer_is_copied_with_the_values_it_was_asked_with(
    connection: PostgresConnector, value: str
) -> None:
    sql = f"SELECT i, :text AS a, CAST(:text AS text) AS b, :n + i AS c, :nothing AS d {_MANY}"
    for number in (1, -7):  # the second time it is described already
        answer = ask(connection, sql, text=value, n=number, nothing=None)
        assert answer.rows == [[i, value, value, number + i, None] for i in range(1, 301)]


def test_each_type_of_value_is_what_it_is_when_bound(connection: PostgresConnector) -> None:
    sql = (
        "SELECT pg_typeof(v)::text, v::text {more}"
        " FROM (SELECT CAST(:v AS {type}) AS v FROM generate_series(1, 100)) q"
    )
    for type_, value in {
        "boolean": True,
        "smallint": 7,
        "bigint": 2**62,
        "numeric": "1.50",
        "double precision": 0.1,
        "real": 0.5,
        "date": "2026-11-28",
        "timestamp": "2026-11-28 10:00",
        "timestamptz": "2026-11-28 10:00+05:30",
        "time": "10:00",
        "uuid": "123e4567-e89b-12d3-a456-426614174000",
        "varchar": "x",
        "text": "x",
    }.items():
        copied = ask(connection, sql.format(more="", type=type_), v=value)
        by_cells = ask(connection, sql.format(more=", '1'::json AS a", type=type_), v=value)
        assert copied.rows == [row[:2] for row in by_cells.rows]


def test_a_value_that_does_not_fit_is_refused_in_a_copy_too(connection: PostgresConnector) -> None:
    ask(connection, f"SELECT i {_MANY} WHERE i > CAST(:n AS int)", n=1)
    with pytest.raises(QueryFailed, match="integer"):
        ask(connection, f"SELECT i {_MANY} WHERE i > CAST(:n AS int)", n="many")
    assert ask(connection, "SELECT current_setting('vmart.v0', true)").row in ([None], [""])

""":name placeholders, and all that only looks like one."""

import pytest

from server.connectors.postgres_params import bound
from server.guard import ReadOnlySql
from shared.errors import AppError, InvalidRequest


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

"""The guard: what it makes of a text, whatever the text."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared import guard
from shared.errors import InvalidRequest, QueryRefused

DIALECTS = ("duckdb", "postgres")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_runs_is_written_anew_without_comments(dialect: str) -> None:
    sql = guard.check("select a /* why */ from t -- because", dialect)
    assert sql == "SELECT a FROM t"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_placeholders_survive_and_only_they_are_filled(dialect: str) -> None:
    text = "select :a, ':b', x[1:y], z::date from t where s = :a and n in (:n, 2) limit :m"
    sql = guard.check(text, dialect)
    assert guard.placeholders(sql, dialect) == {"a", "n", "m"}
    filled = guard.fill(sql, dialect, lambda name: f"<{name}>")
    assert filled.count("<a>") == 2
    assert "':b'" in filled
    assert "x[1:y]" in filled
    assert filled.endswith("LIMIT <m>")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "text", ["select $1", "select ?", "select a as :x", "select * from :t", "select :f(1)"]
)
def test_a_placeholder_stands_only_for_a_value(dialect: str, text: str) -> None:
    with pytest.raises(QueryRefused):
        guard.check(text, dialect)


def test_values_and_placeholders_must_match() -> None:
    sql = guard.check("select :a", "duckdb")
    guard.check_params(sql, "duckdb", {"a": 1})
    with pytest.raises(InvalidRequest, match=":a"):
        guard.check_params(sql, "duckdb", {})
    with pytest.raises(InvalidRequest, match="'b'"):
        guard.check_params(sql, "duckdb", {"a": 1, "b": 2})


def test_tables_are_named_without_the_ctes() -> None:
    text = """
        with a as (select * from sales), b as (select * from a join hr.staff using (id))
        select * from b, (with c as (select * from c) select * from c) x, a y
    """
    assert guard.tables(guard.check(text, "postgres"), "postgres") == {"sales", "hr.staff", "c"}
    recursive = "with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select * from r"
    assert guard.tables(guard.check(recursive, "duckdb"), "duckdb") == frozenset()


def test_a_dialect_without_rules_runs_nothing() -> None:
    with pytest.raises(QueryRefused, match="klingon"):
        guard.check("select 1", "klingon")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "text",
    [
        "select " + "(" * 50_000 + "1" + ")" * 50_000,
        "select " + "(" * 500 + "1" + ")" * 500,
        "select " + "- " * 15_000 + "1",
        "select " + "not " * 15_000 + "true",
        "select a" + "[1]" * 5_000,
        "select a" + ".b" * 9_000,
        "select " + "case when true then " * 3_000 + "1" + " end" * 3_000,
        "select * from " + "(select * from " * 5_000 + "t" + ")" * 5_000,
        "select '" + "x" * 200_000 + "'",
        "select 1 " + "union all select 1 " * 50_000,
        "select 1\x00",
        "",
        "   -- nothing",
        ";;;",
    ],
    ids=lambda text: text[:20],
)
def test_what_is_too_deep_long_or_empty_is_refused_and_ends_nothing(dialect: str, text: str) -> None:
    with pytest.raises(QueryRefused):
        guard.check(text, dialect)


def test_numbers_that_the_parser_would_misread_are_refused() -> None:
    for text in ("select 1_000", "select 0x1F", "select 12abc"):
        with pytest.raises(QueryRefused):
            guard.check(text, "postgres")


_WORDS = """
select from where with recursive as ( ) [ ] { } , ; : :: :a $1 ? . * + - / || -> ->> #>> @> = < > ! ~ ' "
$$ $a$ /* */ -- \\ E' U&' a b t 1 2.5 'x' "y" null true and or not in is like between case when then else
end union all except join lateral on using group by having order limit offset over partition filter
within distinct values insert update delete into table copy explain analyze pg_sleep read_csv count sum
lag cast interval date extract array row unnest pivot unpivot for fetch with ordinality tablesample
window qualify exclude replace columns map struct lambda position overlay trim substring
"""
_TEXTS = st.lists(st.sampled_from(_WORDS.split()) | st.text(max_size=4), max_size=40).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(text=_TEXTS, dialect=st.sampled_from(DIALECTS))
@example(text="select E'", dialect="postgres")
@example(text="select \ud800", dialect="duckdb")
def test_no_text_makes_the_guard_raise_anything_but_a_refusal(text: str, dialect: str) -> None:
    try:
        sql = guard.check(text, dialect)
    except QueryRefused:
        return
    assert guard.check(sql, dialect) == sql
    guard.tables(sql, dialect)
    guard.fill(sql, dialect, lambda _: "NULL")


@given(text=st.text())
def test_a_literal_is_one_string_whatever_is_in_it(text: str) -> None:
    if "\x00" in text:
        return
    written = guard.literal(text)
    assert written[0] == written[-1] == "'"
    assert written[1:-1].replace("''", "") == text.replace("'", "")


def test_what_can_not_be_parsed_is_told_without_the_parsers_own_names() -> None:
    with pytest.raises(QueryRefused) as refused:
        guard.check("SELCT * FROM sales", "duckdb")
    assert "line 1" in str(refused.value)
    assert "<class" not in str(refused.value)


def test_long_texts_that_differ_do_not_fill_the_memory() -> None:
    texts = ["SELECT " + ", ".join([f"a + {number}"] * 1_000) + " FROM t" for number in range(7)]
    queries = [guard.check(text, "duckdb") for text in texts]
    trees = [guard.tree(sql, "duckdb") for sql in queries]
    assert guard.tree(queries[-1], "duckdb") is trees[-1]
    assert guard.tree(queries[0], "duckdb") is not trees[0]


def test_a_text_that_comes_again_is_not_read_again() -> None:
    sql = guard.check("SELECT a FROM t WHERE b = :c", "duckdb")
    assert guard.tree(sql, "duckdb") is guard.tree(sql, "duckdb")


@pytest.mark.parametrize(
    ("columns", "refused"), [("(a)", True), ("(b)", False), ("(a), unnest(:x) AS s(b)", True)]
)
def test_a_column_of_a_function_in_from_must_be_declared_by_each_of_its_name(
    columns: str, refused: bool
) -> None:
    text = f"SELECT s.b FROM generate_series(1, 2) AS s{columns}"
    if refused:
        with pytest.raises(QueryRefused, match="could be a function"):
            guard.check(text, "postgres")
    else:
        assert guard.check(text, "postgres")


def test_ctes_are_visible_to_the_later_ones_and_to_the_query() -> None:
    text = (
        "WITH a AS (SELECT 1 FROM b), b AS (SELECT 1 FROM a, x.a), c AS (WITH d AS (SELECT 1 FROM c, e),"
        " e AS (SELECT 1 FROM d, b) SELECT 1 FROM d) SELECT 1 FROM A, c, d"
    )
    assert guard.tables(guard.check(text, "duckdb"), "duckdb") == {"b", "x.a", "c", "e", "d"}
    recursive = guard.check(
        "WITH RECURSIVE a AS (SELECT 1 FROM a, b), b AS (SELECT 1) SELECT 1 FROM a", "duckdb"
    )
    assert guard.tables(recursive, "duckdb") == frozenset()


_JOINS = "SELECT t0.a FROM t t0 " + " ".join(f"JOIN t t{n} ON t{n}.id = t{n - 1}.id" for n in range(1, 900))
_PARAMETERS = "SELECT a FROM t WHERE a IN (" + ", ".join(f":p{n}" for n in range(6_000)) + ")"


@pytest.mark.parametrize("text", [_JOINS, _PARAMETERS], ids=["joins", "parameters"])
def test_a_text_as_long_as_may_be_costs_a_second_and_not_a_minute(text: str) -> None:
    """Of this thread's own time, whatever else the machine does; in the square of its length it took 60 s and
    11 s."""
    began = time.thread_time()
    sql = guard.check(text, "postgres")
    assert guard.tables(sql, "postgres")
    guard.placeholders(sql, "postgres")
    assert time.thread_time() - began < 6

"""The guard in the dialects of Oracle and SQL Server, whose engines cannot run here to compare answers.

So that a query means the same afterwards, two things are shown: the guard reads its own text as the same
tree (it refuses everything else), and reading it once more changes no letter.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import guard
from shared.errors import QueryRefused
from tests.server.guard_data import queries

DIALECTS = ("oracle", "tsql")

# PostgreSQL's and DuckDB's way to break out; in these dialects only the name of a column that is not there.
NAMES_HERE = {"SELECT $1", "SELECT $$unfinished"}


def _lines(kind: str) -> list[tuple[str, str]]:
    return [(dialect, text) for dialect in DIALECTS for text in queries(f"{kind}_{dialect}")]


@pytest.mark.parametrize(("dialect", "text"), _lines("benign"))
def test_what_analysts_ask_passes_and_is_read_again_as_it_was(dialect: str, text: str) -> None:
    sql = guard.check(text, dialect)
    assert guard.check(sql, dialect) == sql


@pytest.mark.parametrize(
    ("dialect", "text"),
    _lines("hostile")
    + [(d, text) for d in DIALECTS for text in queries("hostile_common") if text not in NAMES_HERE],
)
def test_an_attack_is_refused_with_a_reason(dialect: str, text: str) -> None:
    with pytest.raises(QueryRefused) as refusal:
        guard.check(text.replace("\\n", "\n").replace("\\r", "\r"), dialect)
    assert refusal.value.message.endswith(".")
    assert len(refusal.value.message) < 200


def test_there_are_enough_queries_to_believe_it() -> None:
    for dialect in DIALECTS:
        assert len(queries(f"benign_{dialect}")) >= 65
        assert len(queries(f"hostile_{dialect}")) + len(queries("hostile_common")) >= 190


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SELECT 1 DELETE FROM t", "SELECT 1 AS [DELETE] FROM [t]"),
        ("SELECT 1\tEXEC FROM t", "SELECT 1 AS [EXEC] FROM [t]"),
        ("SELECT a FROM t WHERE x = 1 --\nAND y = 2", "SELECT [a] FROM [t] WHERE [x] = 1 AND [y] = 2"),
        ("SELECT [a]]; DROP TABLE t; --] FROM t", "SELECT [a]]; DROP TABLE t; --] FROM [t]"),
        ("SELECT 'पटना', 'Patna'", "SELECT N'पटना', 'Patna'"),
        ("SELECT DATEADD(day, 1, d) FROM t", "SELECT DATEADD(day, 1, [d]) FROM [t]"),
        ("SELECT CONVERT(nvarchar(max), d) FROM t", "SELECT CONVERT(nvarchar(max), [d]) FROM [t]"),
    ],
)
def test_in_brackets_no_word_begins_a_statement_of_its_own_in_sql_server(text: str, written: str) -> None:
    assert guard.check(text, "tsql") == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SELECT a FROM t EXCEPT SELECT a FROM u", "SELECT a FROM t MINUS SELECT a FROM u"),
        ("SELECT 'EXCEPT' AS \"EXCEPT\" FROM t", "SELECT 'EXCEPT' AS \"EXCEPT\" FROM t"),
        ("SELECT DATE '2026-03-31' FROM dual", "SELECT DATE '2026-03-31' FROM dual"),
        ("SELECT TRIM(BOTH 'x' FROM a) FROM t", "SELECT TRIM('x' FROM a) FROM t"),
        ("SELECT a FROM t LIMIT 5", "SELECT a FROM t FETCH FIRST 5 ROWS ONLY"),
    ],
)
def test_oracle_is_asked_in_words_that_it_knows(text: str, written: str) -> None:
    assert guard.check(text, "oracle") == written


def test_what_stands_before_a_dot_is_a_table_of_the_query_in_oracle() -> None:
    guard.check("SELECT s.name, hr.staff.name, j.doc.brand FROM stores s, hr.staff, docs j", "oracle")
    with pytest.raises(QueryRefused, match="could be a function"):
        guard.check("SELECT payroll.raise_everybody FROM stores", "oracle")


_WORDS = """
SELECT FROM WHERE GROUP BY ORDER AS a b t [x y] "q" 'it''s' N'₹' 1 2.5 , , . ( ) ( ) + - * = <> || %
@ # ; TOP 5 WITH UNION ALL MINUS EXCEPT DELETE DROP TABLE EXEC INTO FOR UPDATE XML JOIN ON CROSS
APPLY PIVOT CONNECT PRIOR LEVEL ROWNUM DATE '2026-01-01' CAST( COUNT(*) SUM(a) OVER OFFSET ROWS
FETCH NEXT ONLY NULL IS NOT IN LIKE CASE WHEN THEN END :p GO BEGIN dbms_x.y utl_http.request(
OPENROWSET( sys. v$session @@x #t t@l q'[ ]' /* */ --
"""
_HEAPS = st.lists(st.sampled_from(_WORDS.split()), max_size=14)


@settings(max_examples=200, deadline=None)
@given(words=_HEAPS, dialect=st.sampled_from(DIALECTS))
def test_no_heap_of_words_makes_the_guard_raise_anything_but_a_refusal(
    words: list[str], dialect: str
) -> None:
    text = "SELECT " + " ".join(words)
    try:
        sql = guard.check(text, dialect)
    except QueryRefused:
        return
    assert guard.check(sql, dialect) == sql
    guard.tables(sql, dialect)
    guard.fill(sql, dialect, lambda _: "NULL")

"""Whatever is typed: no exception, no write, and every word that narrows an answer stands in its SQL."""

import string
from collections.abc import Iterator
from datetime import date

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop.analyst.meaning import Plan, Question, Refusal
from shared import guard
from tests.desktop.analyst.asking import Asking

TODAY = date(2026, 6, 30)
VALUES = {"Delhi": "Delhi", "Pune": "Pune", "Chair": "Chair", "O'Hara": "O''Hara", "card": "card"}
GROUPS = {"city": "city", "product": "product", "pay mode": "pay_mode"}
NUMBERS = ("7", "100", "5 lakh")
OTHER = (
    "total", "average", "number of", "orders", "amount", "order amount", "quantity", "by", "per", "and",
    "or", "not", "except", "top 3", "bottom 2", "last month", "this year", "vs", "compared to", "growth",
    "share of",
    "above", "less than", "in", "for", "only", "what about", "monthly", "which", "customers", "each", ",",
    "customer name", "in 2025", "without", "highest", "percentage", "wise", "distinct",
)  # fmt: skip
WORDS = st.lists(st.sampled_from([*VALUES, *GROUPS, *NUMBERS, *OTHER]), min_size=1, max_size=9)


@pytest.fixture(scope="module")
def shop() -> Iterator[Asking]:
    db = duckdb.connect(":memory:")
    db.execute("CREATE TABLE customers (customer_id INT, customer_name VARCHAR, city VARCHAR)")
    db.execute(
        "INSERT INTO customers VALUES (1, 'O''Hara', 'Delhi'), (2, 'Rao', 'Pune'), (3, NULL, 'delhi ')"
    )
    db.execute(
        "CREATE TABLE orders AS SELECT i AS order_id, DATE '2025-01-01' + i::INT AS order_date, "
        "1 + i % 3 AS customer_id, ['Chair', 'Table'][1 + i % 2] AS product, "
        "['card', 'cash', NULL][1 + i % 3] AS pay_mode, i % 5 AS quantity, "
        "(i * 1.5)::DECIMAL(12, 2) AS amount "
        "FROM range(500) t(i)"
    )
    yield Asking(db)
    db.close()


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=WORDS)
def test_in_any_mix_of_known_words_each_one_counts_or_there_is_no_answer(
    shop: Asking, words: list[str]
) -> None:
    outcome = shop.analyst(TODAY).read(" ".join(words))
    if not isinstance(outcome, Plan):
        return
    shop.rows(outcome)
    guard.check(outcome.sql, "duckdb")
    for word in words:
        if word in VALUES:
            assert VALUES[word] in outcome.sql
        elif word in GROUPS:
            assert GROUPS[word] in outcome.sql
        elif word == "5 lakh":
            assert "500000" in outcome.sql
        elif word in ("top 3", "bottom 2"):
            assert f"LIMIT {word[-1]}" in outcome.sql.replace("\n", " ").replace("  ", " ")
        elif word in ("last month", "this year", "in 2025"):
            assert "CAST('202" in outcome.sql
        elif word in ("not", "except", "without"):
            assert "NOT" in outcome.sql or "<>" in outcome.sql
        elif word == "average":
            assert "AVG" in outcome.sql or "DISTINCT" in outcome.sql
        elif word in ("growth", "vs", "compared to"):
            assert "CASE" in outcome.sql or "UNION" in outcome.sql or "GROUP BY" in outcome.sql
        elif word == "monthly":
            assert "MONTH" in outcome.sql


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(
        st.text(max_size=200), st.text(string.punctuation + string.digits + " '\"-;%", max_size=80)
    )
)
def test_no_text_breaks_it(shop: Asking, text: str) -> None:
    outcome = shop.analyst(TODAY).read(f"order amount {text}")
    assert isinstance(outcome, Plan | Question | Refusal)
    if isinstance(outcome, Plan):
        shop.rows(outcome)


@pytest.mark.parametrize(
    "question",
    [
        "order amount' OR '1'='1",
        'order amount in "\'; DROP TABLE orders; --"',
        "order amount by city; DELETE FROM orders",
        "order amount UNION SELECT * FROM customers",
        "🙂 order amount",
        "order amount " * 400,
        "order amount in Atlantis",
        "order amount \x00 by city",
        "order amount by city\u202e",
    ],
)
def test_hostile_text_is_refused(shop: Asking, question: str) -> None:
    assert isinstance(shop.analyst(TODAY).read(question), Refusal | Question)


def test_a_value_with_a_quote_is_found_and_escaped(shop: Asking) -> None:
    plan = shop.analyst(TODAY).read("order amount for O'Hara")
    assert isinstance(plan, Plan)
    assert (
        shop.rows(plan)
        == shop.db.execute(
            "SELECT SUM(amount) FROM orders JOIN customers USING (customer_id) "
            "WHERE customer_name = 'O''Hara'"
        ).fetchall()
    )


def test_memory_of_another_making_is_ignored(shop: Asking) -> None:
    memories: list[dict[str, object]] = [{"intent": 5}, {"intent": {"measures": "x"}}, {"other": []}]
    for memory in memories:
        assert isinstance(shop.analyst(TODAY).read("order amount", memory), Plan)

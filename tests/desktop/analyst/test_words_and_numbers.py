"""Words in their plain form, identifiers in words, and numbers as India writes them."""

from datetime import date
from decimal import Decimal

import pytest

from desktop.analyst import numbers
from desktop.analyst.roles import Role, read_tables
from desktop.analyst.tokens import singular, tokenise, words_of, words_of_name
from shared.results import ColumnType
from shared.wire import ColumnInfo, Schema, TableInfo


@pytest.mark.parametrize(
    ("value", "text"),
    [("999", "999"), ("1234567", "12,34,567"), ("-1234.5", "−1,234.50"), ("0.004", "0"), ("-0.001", "0")],
)
def test_numbers_are_grouped_by_lakh_and_crore(value: str, text: str) -> None:
    assert numbers.plain(Decimal(value)) == text


def test_money_is_told_in_lakh_and_crore() -> None:
    assert numbers.money(Decimal(1241900000)) == "₹124.19 crore"
    assert numbers.money(Decimal(-250_000)) == "−₹2.50 lakh"
    assert numbers.shown(None, "money") == "(none)"
    assert numbers.shown("2026-03-01", "month") == "Mar 2026"
    assert numbers.shown(date(2026, 3, 1), "date") == "1 Mar 2026"
    assert numbers.shown(float("nan"), "number") == "nan"


def test_words_lose_their_plural_and_keep_their_nature() -> None:
    plain = [singular(w) for w in ("stores", "categories", "sales", "status", "boxes", "men", "gross", "is")]
    assert plain == ["store", "category", "sale", "status", "box", "man", "gross", "is"]


def test_identifiers_become_words() -> None:
    assert words_of_name("netAmount_2") == ("net", "amount", "2")
    assert words_of_name("Discount %") == ("discount", "percent")
    assert words_of_name("GSTAmount") == ("gst", "amount")
    assert words_of("T-Shirts") == ("t", "shirts")
    assert [t.word for t in tokenise("Women's 1,00,000 “West End”")] == ["women", "100000", "west end"]


@pytest.mark.parametrize(
    ("table", "column", "kind", "role", "money"),
    [
        ("sales", "net_amount", ColumnType.DECIMAL, Role.ADD, True),
        ("sales", "quantity", ColumnType.INTEGER, Role.ADD, False),
        ("products", "mrp", ColumnType.DECIMAL, Role.RATE, True),
        ("orders", "Discount %", ColumnType.INTEGER, Role.RATE, False),
        ("orders", "unit_cost", ColumnType.DECIMAL, Role.RATE, True),
        ("stores", "zip", ColumnType.INTEGER, Role.LABEL, False),
        ("stores", "store_id", ColumnType.INTEGER, Role.KEY, False),
        ("people", "birth_year", ColumnType.INTEGER, Role.LABEL, False),
        ("inventory", "on_order", ColumnType.INTEGER, Role.LEVEL, False),
        ("accounts", "closing_balance", ColumnType.DECIMAL, Role.LEVEL, True),
        ("people", "salary", ColumnType.DECIMAL, Role.OPEN, True),
        ("patients", "temperature", ColumnType.FLOAT, Role.RATE, False),
        ("things", "zorp", ColumnType.INTEGER, Role.OPEN, False),
    ],
)
def test_a_column_s_role_follows_from_its_name(
    table: str, column: str, kind: ColumnType, role: Role, money: bool
) -> None:
    schema = Schema([TableInfo(table, [ColumnInfo(column, kind)])], dialect="duckdb")
    found = read_tables(schema)[table].get(column)
    assert (found.role, found.money) == (role, money)


def test_words_in_indian_scripts_stay_whole() -> None:
    assert words_of("बिहार में बिक्री") == ("बिहार", "में", "बिक्री")
    assert words_of_name("कुल_बिक्री") == ("कुल", "बिक्री")

"""Python and DuckDB read a text alike; what is no number in the one is none in the other."""

from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.sheets import values
from desktop.sheets.values import Kind

CONNECTION = duckdb.connect()
PARTS = [
    "₹",
    "Rs.",
    " ",
    "-",
    "(",
    ")",
    "1",
    "23",
    "456",
    ",",
    ".",
    "0",
    " lakh",
    " Cr",
    "%",
    "+",
    "INR ",
    "/-",
]


def in_sql(text: str, style: str) -> Decimal | None:
    fits, value = values.is_number_sql("v", style), values.number_sql("v", style, 4, exact=True)
    sql = f"SELECT CASE WHEN {fits} THEN {value} END FROM (SELECT ? AS v)"
    [(found,)] = CONNECTION.execute(sql, [text]).fetchall()
    return None if found is None else Decimal(found)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=7).map("".join), st.sampled_from(["point", "comma"])
)
def test_a_number_is_the_same_to_python_and_to_duckdb(text: str, style: str) -> None:
    tidy = values.tidy(text)
    number = values.decimal_of(tidy, style)
    if number is None or abs(number) < 10**13:
        assert in_sql(tidy, style) == number


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("05/11/2025", "2025-11-05"),
        ("5-Nov-25", "2025-11-05"),
        ("5th Nov, 2025", "2025-11-05"),
        ("Nov 5, 2025", "2025-11-05"),
        ("2025-11-05", "2025-11-05"),
        ("05.11.25", "2025-11-05"),
        ("Sept-25", "2025-09-01"),
        ("31/02/2025", None),
        ("13/13/2025", None),
    ],
)
def test_a_date_is_read_or_left(text: str, day: str | None) -> None:
    [(found,)] = CONNECTION.execute(
        f"SELECT {values.date_sql('v', 'day')} FROM (SELECT ? AS v)", [text]
    ).fetchall()
    assert (None if found is None else found.isoformat()) == day


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", Kind.EMPTY),
        ("n/a", Kind.MISSING),
        ("#N/A", Kind.ERROR),
        ("1,2,3", Kind.TEXT),
        ("10:30 pm", Kind.TIME),
        ("TRUE", Kind.BOOLEAN),
        ("2025-04-01 10:20", Kind.TIMESTAMP),
        ("12-05-2025", Kind.DATE),
        ("12-05", Kind.TEXT),
        ("V-Mart", Kind.TEXT),
    ],
)
def test_a_text_is_of_one_kind(text: str, kind: Kind) -> None:
    assert values.kind_of(text) is kind

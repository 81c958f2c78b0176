"""Numbers as a terminal and a spreadsheet show them."""

from decimal import Decimal

import pytest

from desktop import numbers
from desktop.analyst import numbers as told


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1234567.5"), "12,34,567.5"),
        (Decimal("-0.001"), "0"),
        (-1234567, "−12,34,567"),
        (Decimal("-99999999999999999999999999999999999.5"), "−99" + ",99" * 15 + ",999.5"),
        (10**37, "1" + ",00" * 17 + ",000"),
    ],
)
def test_every_digit_of_a_number_is_kept_however_large_it_is(value: Decimal | int, text: str) -> None:
    assert numbers.grouped(value) == text


@pytest.mark.parametrize("value", [1e300, -(10**38), Decimal("9" * 38), Decimal("1e-300")])
@pytest.mark.parametrize("cell_format", ["money", "number", "percent", "text"])
def test_no_number_is_too_large_or_too_small_to_be_told(value: Decimal | float, cell_format: str) -> None:
    assert numbers.cell_text(value, cell_format)
    assert told.shown(value, cell_format)
    assert numbers.short_money(value)


@pytest.mark.parametrize(
    ("cell_format", "value", "text"),
    [
        ("money", Decimal("-1234.5"), "−₹1,234.50"),
        ("percent", Decimal("-14.28"), "−14.3 %"),
        ("number", -1234567, "−12,34,567"),
    ],
)
def test_a_loss_is_written_the_same_in_a_table_and_in_a_sentence(
    cell_format: str, value: Decimal | int, text: str
) -> None:
    assert numbers.cell_text(value, cell_format) == text
    assert told.shown(value, cell_format) == text

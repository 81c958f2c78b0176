"""Which columns hold money, by their names."""

import pytest

from shared.money import is_money


@pytest.mark.parametrize(
    "name",
    ["net_amount", "NetAmount", "SALES_VALUE", "netsales", "Total sales", "discount", "sale_price", "mrp"],
)
def test_a_name_of_money_is_money(name: str) -> None:
    assert is_money(name)


@pytest.mark.parametrize(
    "name",
    [
        "quantity",
        "sales_quantity",
        "discount_percent",
        "Discount %",
        "amount_usd",
        "sale_id",
        "accounts",
        "",
        "₹",
    ],
)
def test_counts_shares_ids_and_other_currencies_are_not(name: str) -> None:
    assert not is_money(name)

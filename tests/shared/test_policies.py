"""The policies that an administrator writes: strict about what they name."""

import msgspec
import pytest

from shared.errors import InvalidRequest
from shared.policies import ConnectionPolicy, Mask, TablePolicy, check_names


def test_a_policy_reads_from_json_as_the_api_takes_it() -> None:
    text = b"""[{"connection": "shop", "tables": [{"table": "sales", "hidden": ["margin"],
        "rows": "zone = {user.zone}", "masks": {"phone": "last_four"}}]}]"""
    (policy,) = msgspec.json.decode(text, type=list[ConnectionPolicy])
    assert policy.tables[0].masks == {"phone": Mask.LAST_FOUR}
    assert policy.tables[0].columns is None
    check_names([policy])


@pytest.mark.parametrize(
    "text",
    [
        b'[{"connection": "shop", "tables": [{"table": "sales", "rowz": ""}]}]',
        b'[{"connection": "shop", "tables": [{"table": "sales", "masks": {"a": "blur"}}]}]',
        b'[{"connection": "shop", "tables": "sales"}]',
        b'[{"tables": []}]',
        b'[{"connection": "shop", "tables": [{"table": "sales", "rows": null}]}]',
    ],
)
def test_a_key_or_a_mask_that_is_unknown_is_refused(text: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=list[ConnectionPolicy])


def _shop(*tables: TablePolicy) -> list[ConnectionPolicy]:
    return [ConnectionPolicy("shop", list(tables))]


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        (_shop(), "names no table"),
        (_shop(TablePolicy("")), "is empty"),
        (_shop(TablePolicy(" sales")), "space"),
        (_shop(TablePolicy("sa\x00les")), "control"),
        (_shop(TablePolicy("s**")), "two *"),
        (_shop(TablePolicy("s" * 201)), "more than 200"),
        (_shop(TablePolicy("sales"), TablePolicy("sales")), "stands twice"),
        (_shop(TablePolicy("sales", columns=[])), "shows no column"),
        (_shop(TablePolicy("sales", columns=["a", "a"])), "stands twice"),
        (_shop(TablePolicy("sales", hidden=[""])), "is empty"),
        (_shop(TablePolicy("sales", hidden=["a"], masks={"a": Mask.HASH})), "choose one"),
        (_shop(TablePolicy("sales", rows="a = 1 " * 400)), "more than 2,000"),
        ([ConnectionPolicy("", [TablePolicy("*")])], "is empty"),
        ([ConnectionPolicy("a", [TablePolicy("*")]), ConnectionPolicy("a", [TablePolicy("*")])], "twice"),
        (_shop(*(TablePolicy(f"t{number}") for number in range(1_001))), "at most 1,000"),
    ],
)
def test_a_name_that_can_not_be_meant_is_told_in_one_sentence(
    policies: list[ConnectionPolicy], said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said.replace("*", r"\*")) as failure:
        check_names(policies)
    assert failure.value.message.endswith(".")


def test_one_star_is_every_table() -> None:
    check_names([ConnectionPolicy("*", [TablePolicy("*"), TablePolicy("hr.*"), TablePolicy("*_2026")])])

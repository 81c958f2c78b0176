"""What a policy's names mean where a table has columns that differ in case only."""

import pytest

from server.governance.governed import Rules, governed
from server.governance.names import Directory
from shared.policies import Mask, TablePolicy
from shared.results import ColumnType
from shared.wire import ColumnInfo, TableInfo

STAFF = TableInfo("staff", columns=[ColumnInfo(name, ColumnType.TEXT) for name in ("id", "pay", "Pay")])


def _select(policy: TablePolicy) -> str:
    directory = Directory(["staff"], "postgres", "public")
    found = governed(STAFF, ("staff",), directory, Rules([[policy]], {}, "postgres", "secret"))
    return found.select if found else ""


@pytest.mark.parametrize("name", ["PAY", "pAy", "P*Y", "PA*"])
def test_what_hides_or_masks_takes_every_column_that_is_alike(name: str) -> None:
    assert "pay" not in _select(TablePolicy("staff", hidden=[name])).lower()
    masked = _select(TablePolicy("staff", masks={name: Mask.HASH}))
    assert masked.count("sha256") == 2


def test_a_name_that_is_a_columns_own_takes_that_one_only() -> None:
    assert '"Pay"' in _select(TablePolicy("staff", hidden=["pay"]))
    assert '"pay"' not in _select(TablePolicy("staff", hidden=["pay"]))
    assert '"Pay"' not in _select(TablePolicy("staff", columns=["id", "PAY"])), "nothing is shown by a guess"


def _of_two(table: str, *names: str) -> bool:
    """Whether policies of these names show a table beside which there is one that is alike."""
    directory = Directory(["staff", "Staff"], "postgres", "public")
    policies = [TablePolicy(name, hidden=["id"]) if name != "*" else TablePolicy(name) for name in names]
    info = TableInfo(table, columns=[ColumnInfo("id", ColumnType.TEXT), ColumnInfo("name", ColumnType.TEXT)])
    found = governed(info, (table,), directory, Rules([policies], {}, "postgres", "secret"))
    return found is not None


def test_a_table_that_a_closer_name_may_mean_is_not_shown_by_a_wider_one() -> None:
    assert not _of_two("staff", "*", "STAFF")
    assert not _of_two("Staff", "*", "STAFF")
    assert _of_two("staff", "*", "staff", "Staff")
    assert _of_two("Staff", "*", "staff", "Staff")
    assert _of_two("staff", "*")

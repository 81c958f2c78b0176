"""What a role may see of the data: the policies that an administrator writes. What they mean for a query
stays in server/governance.

A role's policies name connections, of each the tables, and of each table the columns, the rows and the masks.
What is not named is not there for a caller of the role. In a name ``*`` stands for any letters; in that of a
table not for the dot behind its schema, but alone it is every table of the connection.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from shared.errors import InvalidRequest


class Mask(StrEnum):
    """What is shown in place of a value. NULL stays NULL."""

    HIDE = "hide"
    """NULL, of the same type."""
    HASH = "hash"
    """32 characters that are the same wherever the value is: it can be joined and counted, not read."""
    LAST_FOUR = "last_four"
    """``****`` and the last four characters; of four characters or fewer, none."""
    YEAR = "year"
    """The year of a date or timestamp; of anything else, NULL."""


class TablePolicy(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One table or view, or those whose names fit. ``columns`` None is all of them; ``hidden`` are not there
    in any case. ``rows`` is a condition on the table's own columns (see docs/security.md), empty for every
    row; ``{user.zone}`` in it is an attribute of the user."""

    table: str
    columns: list[str] | None = None
    hidden: list[str] = []
    rows: str = ""
    masks: dict[str, Mask] = {}


class ConnectionPolicy(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One connection, or those whose names fit."""

    connection: str
    tables: list[TablePolicy]


MOST_TABLES = 1_000
"""Of all policies of a role."""
MOST_NAMES = 1_000
"""Of columns, hidden and masks of a table each."""
LONGEST_NAME = 200
LONGEST_ROWS = 2_000

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_names(policies: Sequence[ConnectionPolicy]) -> None:
    """Raises InvalidRequest for a name that can not be meant, in one sentence. Conditions on rows are
    checked by server/governance."""
    if len(policies) > MOST_TABLES or sum(len(policy.tables) for policy in policies) > MOST_TABLES:
        raise InvalidRequest(f"The policies of a role name at most {MOST_TABLES:,} tables.")
    _check_different([policy.connection for policy in policies], "connection")
    for policy in policies:
        _check_name(policy.connection, "connection")
        where = f" of the connection {policy.connection!r}"
        if not policy.tables:
            raise InvalidRequest(
                f"The policy{where} names no table; name some, or leave the connection out.",
                details='{"table": "*"} is every table.',
            )
        _check_different([one.table for one in policy.tables], "table", where)
        for one in policy.tables:
            _check_table(one, where)


def _check_table(policy: TablePolicy, where: str) -> None:
    _check_name(policy.table, "table")
    where = f" of the table {policy.table!r}{where}"
    if policy.columns is not None and not policy.columns:
        raise InvalidRequest(
            f"The policy{where} shows no column; name some, or leave columns out, which shows all of them."
        )
    for names, what in (
        (policy.columns or (), "column"),
        (policy.hidden, "hidden column"),
        (policy.masks, "masked column"),
    ):
        if len(names) > MOST_NAMES:
            raise InvalidRequest(f"The policy{where} names more than {MOST_NAMES:,} columns.")
        for name in names:
            _check_name(name, what)
        _check_different(names, what, where)
    for name in policy.masks:
        if name in policy.hidden:
            raise InvalidRequest(f"The policy{where} both hides and masks the column {name!r}; choose one.")
    if len(policy.rows) > LONGEST_ROWS:
        raise InvalidRequest(f"The condition on rows{where} has more than {LONGEST_ROWS:,} characters.")


def _check_name(name: str, what: str) -> None:
    if not name.strip():
        raise InvalidRequest(f"The name of a {what} in a policy is empty.")
    if len(name) > LONGEST_NAME:
        raise InvalidRequest(f"The name of a {what} in a policy has more than {LONGEST_NAME} characters.")
    if _CONTROL.search(name) or name != name.strip():
        raise InvalidRequest(
            f"The name of a {what} in a policy, {name[:63]!r}, begins or ends with a space or holds a "
            "control character."
        )
    if "**" in name:
        raise InvalidRequest(f"The name of a {what} in a policy, {name[:63]!r}, has two * side by side.")


def _check_different(names: Iterable[str], what: str, where: str = "") -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidRequest(f"The {what} {name[:63]!r}{where} stands twice in the policies of one role.")
        seen.add(name)

"""The commands about users."""

import argparse
from collections.abc import Sequence
from typing import Any

from server.access_commands.words import (
    Add,
    changing,
    group,
    listing,
    named,
    opened,
    print_all,
    print_one,
    searched,
)


def add(command: Add) -> None:
    on = group(command, "users", "List, show, create, change and delete users.")
    listing(on("list", _list_users, "List users."))
    named(on("show", _show_user, "Show a user."))
    named(on("permissions", _user_permissions, "Show what a user may do, and why."))
    for parser in (
        named(on("create", _create_user, "Add a user.")),
        named(on("change", _change_user, "Change a user; what is not named stays as it is.")),
    ):
        parser.add_argument("--email", metavar="ADDRESS")
        parser.add_argument("--role", action="append", metavar="A", help="all its roles; may be repeated")
        parser.add_argument("--no-roles", action="store_true", help="it has no role")
        parser.add_argument(
            "--attribute", action="append", metavar="NAME=VALUE", help="all of them; one NAME may be repeated"
        )
        parser.add_argument("--no-attributes", action="store_true", help="it has no attributes")
        parser.add_argument("--active", action=argparse.BooleanOptionalAction, help="whether its keys work")
    named(on("delete", _delete_user, "Delete a user, and revoke the user's keys."))


def _list_users(parsed: argparse.Namespace) -> int:
    from server.access import told

    with opened(parsed) as keyring:
        holdings = keyring.holdings()
    rows = searched(parsed, list(holdings.rows.users.values()), told.texts_of_user)
    return print_all(parsed, told.users(rows, holdings), ["username", "email", "roles", "active", "keys"])


def _show_user(parsed: argparse.Namespace) -> int:
    from server.access import told

    with opened(parsed) as keyring:
        holdings = keyring.holdings()
    return print_one(told.users([holdings.get_user(parsed.name)], holdings)[0])


def _user_permissions(parsed: argparse.Namespace) -> int:
    from server.access import told

    with opened(parsed) as keyring:
        holdings = keyring.holdings()
    return print_one(told.effective_of_user(holdings, holdings.get_user(parsed.name)))


def _create_user(parsed: argparse.Namespace) -> int:
    from server.access.users import Users
    from shared.wire import UserCreate

    fields = _fields_of_user(parsed)
    with changing(parsed, "users.create", parsed.name, " ".join(fields)) as keyring:
        Users(keyring).create(UserCreate(parsed.name, **fields))
    print(f"Added the user {parsed.name}.")
    return 0


def _change_user(parsed: argparse.Namespace) -> int:
    from server.access.users import Users
    from shared.wire import UserUpdate

    fields = _fields_of_user(parsed)
    with changing(parsed, "users.update", parsed.name, " ".join(fields)) as keyring:
        Users(keyring).change(parsed.name, UserUpdate(**fields))
    print(f"Changed the user {parsed.name}.")
    return 0


def _delete_user(parsed: argparse.Namespace) -> int:
    from server.access.users import Users

    with changing(parsed, "users.delete", parsed.name) as keyring:
        Users(keyring).delete(parsed.name)
    print(f"Deleted the user {parsed.name}, and revoked the user's keys.")
    return 0


def _fields_of_user(parsed: argparse.Namespace) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if parsed.email is not None:
        fields["email"] = parsed.email
    if parsed.role is not None or parsed.no_roles:
        fields["roles"] = parsed.role or []
    if parsed.attribute is not None or parsed.no_attributes:
        fields["attributes"] = _attributes(parsed.attribute or [])
    if parsed.active is not None:
        fields["active"] = parsed.active
    return fields


def _attributes(pairs: Sequence[str]) -> dict[str, str | list[str]]:
    from shared.errors import InvalidRequest

    found: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InvalidRequest(f"Write an attribute as NAME=VALUE, not {pair[:63]!r}.")
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}

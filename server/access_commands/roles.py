"""The commands about roles."""

import argparse
import sys
from pathlib import Path
from typing import Any

from server.access_commands.words import (
    Add,
    changing,
    group,
    listed,
    listing,
    named,
    opened,
    print_all,
    print_one,
    searched,
)

_POLICIES_HELP = "a YAML or JSON file with the list of its data policies; - is standard input"


def add(command: Add) -> None:
    on = group(command, "roles", "List, show, create, change and delete roles.")
    listing(on("list", _list_roles, "List roles."))
    named(on("show", _show_role, "Show a role."))
    for parser in (
        named(on("create", _create_role, "Add a role. Without policies it shows no data.")),
        named(on("change", _change_role, "Change a role; what is not named stays as it is.")),
    ):
        parser.add_argument("--description", metavar="TEXT")
        parser.add_argument("--permissions", metavar="A,B", help="all that it gives")
        parser.add_argument("--policies", metavar="FILE", help=_POLICIES_HELP)
        parser.add_argument("--all-data", action="store_true", help="it shows all data")
    named(on("delete", _delete_role, "Delete a role that nobody has."))


def _list_roles(parsed: argparse.Namespace) -> int:
    from server.access import told
    from server.access.holdings import BUILT_IN

    with opened(parsed) as keyring:
        holdings = keyring.holdings()
    everything = [*BUILT_IN.values(), *holdings.rows.roles.values()]
    rows = searched(parsed, sorted(everything, key=lambda row: row.name), told.texts_of_role)
    return print_all(parsed, told.roles(rows, holdings), ["name", "built_in", "holders", "description"])


def _show_role(parsed: argparse.Namespace) -> int:
    from server.access import told

    with opened(parsed) as keyring:
        holdings = keyring.holdings()
    return print_one(told.roles([holdings.get_role(parsed.name)], holdings)[0])


def _create_role(parsed: argparse.Namespace) -> int:
    from server.access.roles import Roles
    from shared.wire import RoleCreate

    fields = _fields_of_role(parsed)
    with changing(parsed, "roles.create", parsed.name, " ".join(fields)) as keyring:
        Roles(keyring).create(RoleCreate(parsed.name, **fields))
    print(f"Added the role {parsed.name}.")
    return 0


def _change_role(parsed: argparse.Namespace) -> int:
    from server.access.roles import Roles
    from shared.wire import RoleUpdate

    fields = _fields_of_role(parsed)
    with changing(parsed, "roles.update", parsed.name, " ".join(fields)) as keyring:
        Roles(keyring).change(parsed.name, RoleUpdate(**fields))
    print(f"Changed the role {parsed.name}.")
    return 0


def _delete_role(parsed: argparse.Namespace) -> int:
    from server.access.roles import Roles

    with changing(parsed, "roles.delete", parsed.name) as keyring:
        Roles(keyring).delete(parsed.name)
    print(f"Deleted the role {parsed.name}.")
    return 0


def _fields_of_role(parsed: argparse.Namespace) -> dict[str, Any]:
    from server.access.holdings import EVERYTHING

    fields: dict[str, Any] = {}
    if parsed.description is not None:
        fields["description"] = parsed.description
    if parsed.permissions is not None:
        fields["permissions"] = listed(parsed.permissions)
    if parsed.policies is not None:
        fields["policies"] = _policies(parsed.policies)
    if parsed.all_data:
        fields["policies"] = EVERYTHING
    return fields


def _policies(file: str) -> object:
    import msgspec

    from shared.errors import InvalidRequest
    from shared.policies import ConnectionPolicy
    from shared.settings.reading import tree_of

    text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    try:
        return msgspec.convert(tree_of(text, source=file), list[ConnectionPolicy])
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{file} does not fit: {str(error).replace('`', chr(39))}.") from error

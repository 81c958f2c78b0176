"""The commands about keys."""

import argparse
from datetime import datetime
from typing import Any

from server.access_commands.words import (
    Add,
    changing,
    config,
    group,
    listed,
    listing,
    named,
    opened,
    print_all,
    print_one,
    searched,
)


def add(command: Add) -> None:
    key = command("generate-key", _generate_key, "Make an API key and print it, once.")
    key.add_argument("--name", required=True, help="who will use it, for lists and the audit trail")
    key.add_argument("--permissions", default="", metavar="A,B", help="such as db_read,schema_read")
    key.add_argument(
        "--roles", default="", metavar="A,B", help="admin, analyst, developer, viewer or your own"
    )
    key.add_argument("--role", action="append", default=[], metavar="A", help="one role; may be repeated")
    key.add_argument("--user", default="", metavar="NAME", help="whose key it is: it has the user's roles")
    key.add_argument("--expires", type=_days, metavar="DAYS", help="days until it stops working")
    _limits(key)
    config(key)
    _add_connect_code(command)
    on = group(command, "keys", "List, show, change, rotate and revoke keys; generate-key makes one.")
    listing(on("list", _list_keys, "List keys."))
    named(on("show", _show_key, "Show a key."), "id")
    named(on("permissions", _key_permissions, "Show what a key may do, and why."), "id")
    change = named(on("change", _change_key, "Change a key; what is not named stays as it is."), "id")
    change.add_argument("--name", metavar="TEXT")
    change.add_argument("--permissions", metavar="A,B", help="all its own permissions")
    change.add_argument("--role", action="append", metavar="A", help="all its roles; may be repeated")
    change.add_argument("--no-roles", action="store_true", help="it has no role, but permissions of its own")
    change.add_argument("--expires", type=_days_or_never, metavar="DAYS", help="from now on; or never")
    change.add_argument("--any-ip", action="store_true", help="it may be used from any address")
    _limits(change)
    rotate = named(on("rotate", _rotate_key, "Give a key a new text, and print it, once."), "id")
    rotate.add_argument(
        "--overlap", type=_hours, default=24.0, metavar="HOURS", help="how long the former one still works"
    )
    named(on("revoke", _revoke_key, "Revoke a key, at once."), "id")


def _add_connect_code(command: Add) -> None:
    code = command(
        "connect-code",
        _connect_code,
        "Print a code that gives an agent its key, once, within minutes; with --url also as a link.",
    )
    code.add_argument("--name", required=True, help="who will use the key, for lists and the audit trail")
    code.add_argument("--permissions", default="", metavar="A,B", help="such as db_read,schema_read")
    code.add_argument("--roles", default="", metavar="A,B", help="as of generate-key")
    code.add_argument("--user", default="", metavar="NAME", help="whose key it will be")
    code.add_argument("--expires", type=_days, metavar="DAYS", help="days until the key stops working")
    code.add_argument("--url", default="", help="where agents reach this backend")
    code.add_argument("--minutes", type=int, default=10, metavar="N", help="minutes that it works, up to 60")
    _limits(code)
    config(code)


def _connect_code(parsed: argparse.Namespace) -> int:
    from server.access import fields
    from server.access.connect_codes import ConnectCodes
    from server.access.keys import Keys, NewKey
    from shared.connect_code import link_to

    url = fields.address_of_backend(parsed.url)
    wanted = NewKey(
        parsed.name,
        listed(parsed.permissions),
        listed(parsed.roles),
        parsed.user,
        _in_days(parsed.expires),
        parsed.allowed_ip or [],
        parsed.rate or "",
    )
    with changing(parsed, "connect_codes.create", parsed.name, _given(parsed)) as keyring:
        code, _ = ConnectCodes(keyring, Keys(keyring)).create(wanted, valid_minutes=parsed.minutes)
    print(code)
    if url:
        print(link_to(url, code))
    return 0


def _generate_key(parsed: argparse.Namespace) -> int:
    from server.access.keys import Keys

    with changing(parsed, "keys.create", parsed.name, _given(parsed)) as keyring:
        key, _ = Keys(keyring).create(
            parsed.name,
            permissions=listed(parsed.permissions),
            roles=[*listed(parsed.roles), *parsed.role],
            user=parsed.user,
            expires_at=_in_days(parsed.expires),
            allowed_ips=parsed.allowed_ip or [],
            rate_limit=parsed.rate or "",
        )
    print(key)
    return 0


def _given(parsed: argparse.Namespace) -> str:
    """Names of the fields that were given, as the audit trail has them of a call over HTTP."""
    given = {
        "name": parsed.name,
        "permissions": parsed.permissions,
        "roles": parsed.roles or getattr(parsed, "role", None),
        "user": parsed.user,
        "expires_at": parsed.expires,
        "allowed_ips": parsed.allowed_ip,
        "rate_limit": parsed.rate,
    }
    return " ".join(name for name, value in given.items() if value)


def _list_keys(parsed: argparse.Namespace) -> int:
    from server.access import told

    with opened(parsed) as keyring:
        holdings = keyring.holdings()
    rows = searched(parsed, list(holdings.keys.values()), told.texts_of_key)
    shown = ["id", "name", "user", "roles", "permissions", "expires_at", "last_used_at", "trouble"]
    return print_all(parsed, told.keys(rows, holdings), shown)


def _show_key(parsed: argparse.Namespace) -> int:
    from server.access import told

    with opened(parsed) as keyring:
        holdings = keyring.holdings()
    return print_one(told.keys([holdings.get_key(parsed.id)], holdings)[0])


def _key_permissions(parsed: argparse.Namespace) -> int:
    from server.access import told

    with opened(parsed) as keyring:
        holdings = keyring.holdings()
    return print_one(told.effective_of_key(holdings, holdings.get_key(parsed.id)))


def _change_key(parsed: argparse.Namespace) -> int:
    from server.access.keys import Keys
    from shared.wire import KeyUpdate

    fields: dict[str, Any] = {}
    if parsed.name is not None:
        fields["name"] = parsed.name
    if parsed.permissions is not None:
        fields["permissions"] = listed(parsed.permissions)
    if parsed.role is not None or parsed.no_roles:
        fields["roles"] = parsed.role or []
    if parsed.expires is not None:
        moment = _in_days(parsed.expires) if parsed.expires else None
        fields["expires_at"] = moment and moment.isoformat()
    if parsed.allowed_ip is not None or parsed.any_ip:
        fields["allowed_ips"] = parsed.allowed_ip or []
    if parsed.rate is not None:
        fields["rate_limit"] = parsed.rate
    with changing(parsed, "keys.update", parsed.id, " ".join(fields)) as keyring:
        row = Keys(keyring).change(parsed.id, KeyUpdate(**fields))
    print(f"Changed the key {row.name} ({row.id}).")
    return 0


def _rotate_key(parsed: argparse.Namespace) -> int:
    from server.access.keys import Keys

    with changing(parsed, "keys.rotate", parsed.id) as keyring:
        key, _ = Keys(keyring).rotate(parsed.id, int(parsed.overlap * 3600))
    print(key)
    return 0


def _revoke_key(parsed: argparse.Namespace) -> int:
    from server.access.keys import Keys

    with changing(parsed, "keys.revoke", parsed.id) as keyring:
        Keys(keyring).revoke(parsed.id)
    print(f"Revoked the key {parsed.id}.")
    return 0


def _limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allowed-ip",
        action="append",
        metavar="ADDRESS",
        help="or network, from which it may be used; repeat",
    )
    parser.add_argument(
        "--rate", metavar="100/hour", help="its own rate limit; empty for that of the settings"
    )


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 36_500:
        raise argparse.ArgumentTypeError("is a number of days, 1 or more")
    return int(text)


def _days_or_never(text: str) -> int:
    """0 is never."""
    return 0 if text == "never" else _days(text)


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = -1
    if not 0 <= hours <= 90 * 24:
        raise argparse.ArgumentTypeError("is a number of hours, from 0 to 2160")
    return hours


def _in_days(days: int | None) -> datetime | None:
    from datetime import UTC, timedelta

    return None if days is None else datetime.now(UTC) + timedelta(days=days)

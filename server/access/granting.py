"""Nobody grants what they do not hold, and the last administrator stays. The rules of every change.

They do not ask how a change comes about: they compare what everybody holds before and after it. A grant by a
role that is edited, an attribute, a user made active or a key made longer-lived is a grant all the same.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from server.access.allowlist import parsed, within
from server.access.holdings import NOTHING, Holding, Holdings
from server.access.limits import Rate
from server.store.keys import KeyRow
from shared.errors import Conflict, NotPermitted
from shared.permissions import EVERYTHING

_SOON = timedelta(days=7)

_LAST = "Then there would be no administrator left who can get in."
_LAST_DETAILS = (
    "Somebody with all permissions and all data must keep a key that lasts a week or more, may call from "
    "here, and may call once a minute or more. Make another one first."
)


def check_grants(before: Holdings, after: Holdings, granter: Holding, at: datetime) -> None:
    """Raises NotPermitted when somebody would hold more than before, and more than who grants it."""
    roles = _differing(before.rows.roles, after.rows.roles)
    users = _differing(before.rows.users, after.rows.users)
    keys = _differing(before.keys, after.keys)
    for name, user in after.rows.users.items():
        if name in users or not roles.isdisjoint(user.roles):
            users.add(name)
            known = before.rows.users.get(name)
            held = before.of_user(known) if known else NOTHING
            _check(held, after.of_user(user), granter, f"user {name!r}")
    for key_id, key in after.keys.items():
        if key_id in keys or key.username in users or not roles.isdisjoint(key.roles):
            row = before.keys.get(key_id)
            held = before.of_key(row, at) if row else NOTHING
            _check(held, after.of_key(key, at), granter, f"key {key.name!r}")


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) is not after.get(name)}


def check_covers(granter: Holding, held: Holding, what: str) -> None:
    """Raises NotPermitted: who holds less than somebody may not change them, nor take their place."""
    if missing := granter.lacks(held.permissions):
        raise NotPermitted(f"The {what} holds what this key lacks: {', '.join(missing)}.")
    if not granter.shows(held.data):
        raise NotPermitted(f"The {what} sees data that this key does not see.")


def _check(before: Holding, after: Holding, granter: Holding, what: str) -> None:
    more = after.permissions - before.permissions
    if missing := granter.lacks(more):
        raise NotPermitted(
            f"Nobody can grant what they do not hold; for the {what}, this key lacks {', '.join(missing)}."
        )
    if more:
        added = after.data  # what is newly allowed, is so on all of it
    elif before.data is None:
        added = frozenset()
    else:
        added = None if after.data is None else after.data - before.data
    if not granter.shows(added):
        raise NotPermitted(
            f"Nobody can show what they do not see; for the {what}, this key sees too little of the data."
        )


def check_last_administrator(before: Holdings, after: Holdings, origin: str, at: datetime) -> None:
    """Raises Conflict. ``origin`` is the address of who makes the change; empty at the machine itself."""
    if _best(after, origin, at) < _best(before, origin, at):
        raise Conflict(_LAST, details=_LAST_DETAILS)


def _best(holdings: Holdings, origin: str, at: datetime) -> int:
    """2: an administrator gets in, and will next week. 1: one does today. 0: none does."""
    found = 0
    for row in holdings.keys.values():
        if _gets_in(row, origin) and holdings.of_key(row, at) == Holding(EVERYTHING, None):
            found = max(found, 1)
            if row.expires_at is None or datetime.fromisoformat(row.expires_at) >= at + _SOON:
                return 2
    return found


def _gets_in(row: KeyRow, origin: str) -> bool:
    if row.waits:  # for its connect code: nobody has it
        return False
    if row.allowed_ips and not within(origin, parsed(row.allowed_ips, "allowed_ips")):
        return False
    rate = Rate.parse(row.rate_limit)
    return rate is None or rate.calls * 60 >= rate.seconds

"""Why somebody may: each permission with what gives it, and which data are seen through which role."""

from server.access.holdings import EVERYTHING, Holdings, sees_all, utc_now
from server.store.keys import KeyRow
from server.store.users import UserRow
from shared.permissions import MEANINGS
from shared.wire import Effective, Granted, GrantSource, ShownData


def effective_of_user(holdings: Holdings, row: UserRow) -> Effective:
    trouble = "" if row.active else f"The user {row.username!r} is not active."
    return _effective(holdings, row, row.username, trouble)


def effective_of_key(holdings: Holdings, row: KeyRow) -> Effective:
    return _effective(holdings, row, row.name, holdings.trouble(row, utc_now()))


def _effective(holdings: Holdings, row: KeyRow | UserRow, name: str, trouble: str) -> Effective:
    found = sorted(holdings.sources(row).items())
    roles = [role for named in holdings.roles_of(row) if (role := holdings.find_role(named)) is not None]
    return Effective(
        name=name,
        works=not trouble,
        trouble=trouble,
        permissions=[
            Granted(permission, MEANINGS[permission], [GrantSource(one.kind, one.name) for one in sources])
            for permission, sources in found
        ],
        everything=None in holdings.policies_of(row),
        data=[
            ShownData(role.name, EVERYTHING if sees_all(role.policies) else role.policies or [])
            for role in roles
        ],
        attributes=holdings.attributes_of(row) if isinstance(row, KeyRow) else row.attributes,
    )

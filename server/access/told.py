"""Users, roles and keys as they are told to whoever may see them; and why somebody may do something."""

from collections.abc import Sequence
from datetime import datetime

from server.access.holdings import BUILT_IN, EVERYTHING, Holdings, sees_all, utc_now
from server.store.keys import KeyRow
from server.store.roles import RoleRow
from server.store.users import UserRow
from shared.permissions import MEANINGS
from shared.wire import Effective, Granted, GrantSource, KeyInfo, RoleInfo, ShownData, UserInfo


def users(rows: Sequence[UserRow], holdings: Holdings) -> list[UserInfo]:
    counts = holdings.working_keys(utc_now())
    return [
        UserInfo(
            username=row.username,
            email=row.email,
            roles=row.roles,
            active=row.active,
            attributes=row.attributes,
            created_at=row.created_at,
            updated_at=row.updated_at,
            keys=counts[row.username],
        )
        for row in rows
    ]


def roles(rows: Sequence[RoleRow], holdings: Holdings) -> list[RoleInfo]:
    return [
        RoleInfo(
            name=row.name,
            description=row.description,
            permissions=row.permissions,
            policies=EVERYTHING if row.policies is None else row.policies,
            built_in=row.name in BUILT_IN,
            holders=len(holdings.holders(row.name)),
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


def keys(rows: Sequence[KeyRow], holdings: Holdings) -> list[KeyInfo]:
    at = utc_now()
    troubles = [holdings.trouble(row, at) or _waiting(row, at) for row in rows]
    return [
        KeyInfo(
            id=row.id,
            name=row.name,
            permissions=row.permissions,
            roles=row.roles,
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked=row.revoked_at is not None,
            user=row.username,
            allowed_ips=row.allowed_ips,
            rate_limit=row.rate_limit,
            created_by=row.created_by,
            last_used_at=row.last_used_at,
            rotated_at=row.rotated_at,
            previous_expires_at=row.previous_expires_at,
            works=not trouble,
            trouble=trouble,
            provisioned=row.id not in holdings.rows.keys,
            waits=row.waits and row.revoked_at is None,
        )
        for row, trouble in zip(rows, troubles, strict=True)
    ]


def _waiting(row: KeyRow, at: datetime) -> str:
    if not row.waits or row.code_expires_at is None:
        return ""
    if datetime.fromisoformat(row.code_expires_at) <= at:
        return "Its connect code ended before anybody used it."
    return "It waits for somebody to use its connect code."


def texts_of_user(row: UserRow) -> list[str]:
    """What a search looks through."""
    return [row.username, row.email, *row.roles]


def texts_of_role(row: RoleRow) -> list[str]:
    return [row.name, row.description, *row.permissions]


def texts_of_key(row: KeyRow) -> list[str]:
    return [row.id, row.name, row.username, row.created_by, *row.roles, *row.permissions]


def effective_of_user(holdings: Holdings, row: UserRow) -> Effective:
    trouble = "" if row.active else f"The user {row.username!r} is not active."
    return _effective(holdings, row, row.username, trouble)


def effective_of_key(holdings: Holdings, row: KeyRow) -> Effective:
    at = utc_now()
    return _effective(holdings, row, row.name, holdings.trouble(row, at) or _waiting(row, at))


def _effective(holdings: Holdings, row: KeyRow | UserRow, name: str, trouble: str) -> Effective:
    found = sorted(holdings.sources(row).items())
    held = [role for named in holdings.roles_of(row) if (role := holdings.find_role(named)) is not None]
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
            for role in held
        ],
        attributes=holdings.attributes_of(row) if isinstance(row, KeyRow) else row.attributes,
    )

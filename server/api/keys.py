"""API keys over HTTP. Making and changing them stays in server/access."""

import asyncio

from server.access import fields
from server.access.holdings import Holdings, utc_now
from server.api import paging
from server.api.call import Call
from server.api.effective import effective_of_key
from server.store.keys import KeyRow
from shared.wire import Effective, KeyCreate, KeyCreated, KeyInfo, KeyList, KeyRotate, KeyUpdate


async def show_all(call: Call, _body: None) -> KeyList:
    """The oldest first; revoked ones too."""
    page = paging.asked(call, tuple[str, str])
    holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    found, following = paging.cut_from_all(
        page,
        list(holdings.keys.values()),
        lambda row: (row.created_at, row.id),
        lambda row: [row.id, row.name, row.username, row.created_by, *row.roles, *row.permissions],
    )
    return KeyList([_info(row, holdings) for row in found], following)


async def show(call: Call, _body: None) -> KeyInfo:
    return await _told(call, call.path["id"])


async def create(call: Call, body: KeyCreate) -> KeyCreated:
    expires_at = fields.moment(body.expires_at)
    key, row = await asyncio.to_thread(
        call.backend.keys.create,
        body.name,
        permissions=body.permissions,
        roles=body.roles,
        user=body.user,
        expires_at=expires_at,
        allowed_ips=body.allowed_ips,
        rate_limit=body.rate_limit,
        by=call.by,
    )
    call.about(row.id)
    await call.backend.siblings.refresh()
    return KeyCreated(key, await _told(call, row.id))


async def update(call: Call, body: KeyUpdate) -> KeyInfo:
    row = await asyncio.to_thread(call.backend.keys.change, call.about(call.path["id"], body), body, call.by)
    await call.backend.siblings.refresh()
    return await _told(call, row.id)


async def rotate(call: Call, body: KeyRotate) -> KeyCreated:
    key, row = await asyncio.to_thread(
        call.backend.keys.rotate, call.about(call.path["id"]), body.overlap_seconds, call.by
    )
    await call.backend.siblings.refresh()
    return KeyCreated(key, await _told(call, row.id))


async def revoke(call: Call, _body: None) -> None:
    await asyncio.to_thread(call.backend.keys.revoke, call.about(call.path["id"]), call.by)
    await call.backend.siblings.refresh()


async def permissions(call: Call, _body: None) -> Effective:
    row = await asyncio.to_thread(call.backend.keys.get, call.path["id"])
    return effective_of_key(await asyncio.to_thread(call.backend.keyring.holdings), row)


async def _told(call: Call, key_id: str) -> KeyInfo:
    row = await asyncio.to_thread(call.backend.keys.get, key_id)
    return _info(row, await asyncio.to_thread(call.backend.keyring.holdings))


def _info(row: KeyRow, holdings: Holdings) -> KeyInfo:
    trouble = holdings.trouble(row, utc_now())
    return KeyInfo(
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
    )

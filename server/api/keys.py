"""API keys over HTTP. Making and changing them stays in server/access."""

import asyncio

from server.access import fields, told
from server.api import paging
from server.api.call import Call
from shared.wire import Effective, KeyCreate, KeyCreated, KeyInfo, KeyList, KeyRotate, KeyUpdate


async def show_all(call: Call, _body: None) -> KeyList:
    """The oldest first; revoked ones too."""
    page = paging.asked(call, tuple[str, str])
    holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    everything = list(holdings.keys.values())
    found, following = paging.cut_from_all(
        page, everything, lambda row: (row.created_at, row.id), told.texts_of_key
    )
    return KeyList(told.keys(found, holdings), following)


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
    key_id = call.about(call.path["id"], body)
    row = await asyncio.to_thread(call.backend.keys.change, key_id, body, call.by)
    await call.backend.siblings.refresh()
    return await _told(call, row.id)


async def rotate(call: Call, body: KeyRotate) -> KeyCreated:
    key_id = call.about(call.path["id"])
    key, row = await asyncio.to_thread(call.backend.keys.rotate, key_id, body.overlap_seconds, call.by)
    await call.backend.siblings.refresh()
    return KeyCreated(key, await _told(call, row.id))


async def revoke(call: Call, _body: None) -> None:
    await asyncio.to_thread(call.backend.keys.revoke, call.about(call.path["id"]), call.by)
    await call.backend.siblings.refresh()


async def permissions(call: Call, _body: None) -> Effective:
    holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    return told.effective_of_key(holdings, holdings.get_key(call.path["id"]))


async def _told(call: Call, key_id: str) -> KeyInfo:
    holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    return told.keys([holdings.get_key(key_id)], holdings)[0]

"""API keys over HTTP. Making and finding them stays in server/access/identity."""

import asyncio
from datetime import datetime

from server.api.call import Call
from server.store.keys import KeyRow
from shared.errors import InvalidRequest
from shared.wire import KeyCreate, KeyCreated, KeyInfo, KeyList


async def show_all(call: Call, _body: None) -> KeyList:
    rows = await asyncio.to_thread(call.backend.keyring.rows)
    return KeyList([_info(row) for row in rows])


async def create(call: Call, body: KeyCreate) -> KeyCreated:
    expires_at = _moment(body.expires_at)
    key, row = await asyncio.to_thread(
        call.backend.keyring.create,
        body.name,
        permissions=body.permissions,
        roles=body.roles,
        expires_at=expires_at,
        granted_by=call.caller,
    )
    await call.backend.siblings.refresh()
    return KeyCreated(key, _info(row))


async def revoke(call: Call, _body: None) -> None:
    await asyncio.to_thread(call.backend.keyring.revoke, call.path["id"])
    await call.backend.siblings.refresh()


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest("expires_at is not a time; write it like 2027-03-31T23:59:59+05:30.") from error


def _info(row: KeyRow) -> KeyInfo:
    return KeyInfo(
        id=row.id,
        name=row.name,
        permissions=row.permissions,
        roles=row.roles,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked=row.revoked_at is not None,
    )

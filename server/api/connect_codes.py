"""Connect codes over HTTP: made by whoever may issue keys, redeemed by an agent that has none yet."""

import asyncio

from server.access import fields, told
from server.access.allowlist import counted_as
from server.access.keys import NewKey
from server.access.limits import Rate
from server.api.call import Call
from shared.connect_code import link_to
from shared.wire import ConnectCodeCreate, ConnectCodeCreated, ConnectRequest, KeyFetched

_TRIES = Rate(10, 60)
"""Of an address, right ones too: a guess must not be worth trying when there are too many."""


async def create(call: Call, body: ConnectCodeCreate) -> ConnectCodeCreated:
    wanted = NewKey(
        body.name,
        body.permissions,
        body.roles,
        body.user,
        fields.moment(body.expires_at),
        body.allowed_ips,
        body.rate_limit,
    )
    url = fields.address_of_backend(body.url)
    codes = call.backend.connect_codes
    code, row = await asyncio.to_thread(codes.create, wanted, valid_minutes=body.valid_minutes, by=call.by)
    call.about(row.id)
    await call.backend.siblings.refresh()
    holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    info = told.keys([holdings.get_key(row.id)], holdings)[0]
    return ConnectCodeCreated(code, link_to(url, code) if url else "", row.code_expires_at or "", info)


async def redeem(call: Call, body: ConnectRequest) -> KeyFetched:
    call.backend.failures.count(f"connect {counted_as(call.origin)}", {}, _TRIES)
    key, row = await asyncio.to_thread(call.backend.connect_codes.redeem, body.code[:100], call.origin)
    call.about(row.id)
    await call.backend.siblings.refresh()
    return KeyFetched(key, row.name, row.expires_at)

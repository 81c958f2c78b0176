"""Roles over HTTP. Making and changing them stays in server/access."""

import asyncio

from server.access.holdings import BUILT_IN, EVERYTHING, Holdings
from server.api import paging
from server.api.call import Call
from server.store.roles import RoleRow
from shared.wire import RoleCreate, RoleInfo, RoleList, RoleUpdate


async def show_all(call: Call, _body: None) -> RoleList:
    """By their names, the built-in ones among them."""
    page = paging.asked(call, tuple[str])
    holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    found, following = paging.cut_from_all(
        page,
        [*BUILT_IN.values(), *holdings.rows.roles.values()],
        lambda row: (row.name,),
        lambda row: [row.name, row.description, *row.permissions],
    )
    return RoleList([_info(row, holdings) for row in found], following)


async def show(call: Call, _body: None) -> RoleInfo:
    return await _told(call, call.path["name"])


async def create(call: Call, body: RoleCreate) -> RoleInfo:
    call.about(body.name)
    row = await asyncio.to_thread(call.backend.roles.create, body, call.by)
    await call.backend.siblings.refresh()
    return await _told(call, row.name)


async def update(call: Call, body: RoleUpdate) -> RoleInfo:
    row = await asyncio.to_thread(
        call.backend.roles.change, call.about(call.path["name"], body), body, call.by
    )
    await call.backend.siblings.refresh()
    return await _told(call, row.name)


async def delete(call: Call, _body: None) -> None:
    await asyncio.to_thread(call.backend.roles.delete, call.about(call.path["name"]), call.by)
    await call.backend.siblings.refresh()


async def _told(call: Call, name: str) -> RoleInfo:
    row = await asyncio.to_thread(call.backend.roles.get, name)
    return _info(row, await asyncio.to_thread(call.backend.keyring.holdings))


def _info(row: RoleRow, holdings: Holdings) -> RoleInfo:
    return RoleInfo(
        name=row.name,
        description=row.description,
        permissions=row.permissions,
        policies=EVERYTHING if row.policies is None else row.policies,
        built_in=row.name in BUILT_IN,
        holders=len(holdings.holders(row.name)),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )

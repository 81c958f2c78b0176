"""Roles over HTTP. Making and changing them stays in server/access."""

import asyncio

from server.access import told
from server.access.holdings import BUILT_IN
from server.api import paging
from server.api.call import Call
from shared.wire import RoleCreate, RoleInfo, RoleList, RoleUpdate


async def show_all(call: Call, _body: None) -> RoleList:
    """By their names, the built-in ones among them."""
    page = paging.asked(call, tuple[str])
    holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    everything = [*BUILT_IN.values(), *holdings.rows.roles.values()]
    found, following = paging.cut_from_all(page, everything, lambda row: (row.name,), told.texts_of_role)
    return RoleList(told.roles(found, holdings), following)


async def show(call: Call, _body: None) -> RoleInfo:
    return await _told(call, call.path["name"])


async def create(call: Call, body: RoleCreate) -> RoleInfo:
    call.about(body.name)
    row = await asyncio.to_thread(call.backend.roles.create, body, call.by)
    await call.backend.siblings.refresh()
    return await _told(call, row.name)


async def update(call: Call, body: RoleUpdate) -> RoleInfo:
    name = call.about(call.path["name"], body)
    row = await asyncio.to_thread(call.backend.roles.change, name, body, call.by)
    await call.backend.siblings.refresh()
    return await _told(call, row.name)


async def delete(call: Call, _body: None) -> None:
    await asyncio.to_thread(call.backend.roles.delete, call.about(call.path["name"]), call.by)
    await call.backend.siblings.refresh()


async def _told(call: Call, name: str) -> RoleInfo:
    holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    return told.roles([holdings.get_role(name)], holdings)[0]

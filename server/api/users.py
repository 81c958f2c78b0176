"""Users over HTTP. Making and changing them stays in server/access."""

import asyncio
from urllib.parse import unquote

from server.access import told
from server.api import paging
from server.api.call import Call
from shared.wire import Effective, UserCreate, UserInfo, UserList, UserUpdate


async def show_all(call: Call, _body: None) -> UserList:
    """By their names."""
    page = paging.asked(call, tuple[str])
    holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    everything = list(holdings.rows.users.values())
    found, following = paging.cut_from_all(page, everything, lambda row: (row.username,), told.texts_of_user)
    return UserList(told.users(found, holdings), following)


async def show(call: Call, _body: None) -> UserInfo:
    return await _told(call, _name(call))


async def create(call: Call, body: UserCreate) -> UserInfo:
    call.about(body.username)
    row = await asyncio.to_thread(call.backend.users.create, body, call.by)
    await call.backend.siblings.refresh()
    return await _told(call, row.username)


async def update(call: Call, body: UserUpdate) -> UserInfo:
    name = call.about(_name(call), body)
    row = await asyncio.to_thread(call.backend.users.change, name, body, call.by)
    await call.backend.siblings.refresh()
    return await _told(call, row.username)


async def delete(call: Call, _body: None) -> None:
    await asyncio.to_thread(call.backend.users.delete, call.about(_name(call)), call.by)
    await call.backend.siblings.refresh()


async def permissions(call: Call, _body: None) -> Effective:
    holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    return told.effective_of_user(holdings, holdings.get_user(_name(call)))


def _name(call: Call) -> str:
    """Usernames may hold ``@`` and ``+``, which clients send as they like."""
    return unquote(call.path["name"])


async def _told(call: Call, username: str) -> UserInfo:
    holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    return told.users([holdings.get_user(username)], holdings)[0]

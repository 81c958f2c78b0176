"""Users over HTTP. Making and changing them stays in server/access."""

import asyncio
from urllib.parse import unquote

from server.access.holdings import Holdings, utc_now
from server.api import paging
from server.api.call import Call
from server.api.effective import effective_of_user
from server.store.users import UserRow
from shared.wire import Effective, UserCreate, UserInfo, UserList, UserUpdate


async def show_all(call: Call, _body: None) -> UserList:
    """By their names."""
    page = paging.asked(call, tuple[str])
    holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    found, following = paging.cut_from_all(
        page,
        list(holdings.rows.users.values()),
        lambda row: (row.username,),
        lambda row: [row.username, row.email, *row.roles],
    )
    counts = holdings.working_keys(utc_now())
    return UserList([_info(row, counts.get(row.username, 0)) for row in found], following)


async def show(call: Call, _body: None) -> UserInfo:
    return await _told(call, _name(call))


async def create(call: Call, body: UserCreate) -> UserInfo:
    call.about(body.username)
    row = await asyncio.to_thread(call.backend.users.create, body, call.by)
    await call.backend.siblings.refresh()
    return await _told(call, row.username)


async def update(call: Call, body: UserUpdate) -> UserInfo:
    row = await asyncio.to_thread(call.backend.users.change, call.about(_name(call), body), body, call.by)
    await call.backend.siblings.refresh()
    return await _told(call, row.username)


async def delete(call: Call, _body: None) -> None:
    await asyncio.to_thread(call.backend.users.delete, call.about(_name(call)), call.by)
    await call.backend.siblings.refresh()


async def permissions(call: Call, _body: None) -> Effective:
    row = await asyncio.to_thread(call.backend.users.get, _name(call))
    return effective_of_user(await asyncio.to_thread(call.backend.keyring.holdings), row)


def _name(call: Call) -> str:
    """Usernames may hold ``@`` and ``+``, which clients send as they like."""
    return unquote(call.path["name"])


async def _told(call: Call, username: str) -> UserInfo:
    row = await asyncio.to_thread(call.backend.users.get, username)
    holdings: Holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    return _info(row, holdings.working_keys(utc_now()).get(username, 0))


def _info(row: UserRow, keys: int) -> UserInfo:
    return UserInfo(
        username=row.username,
        email=row.email,
        roles=row.roles,
        active=row.active,
        attributes=row.attributes,
        created_at=row.created_at,
        updated_at=row.updated_at,
        keys=keys,
    )

"""Looking through the eyes of another: the schema and the rows that a user, a role or a draft shows.

Only for who sees all data: nobody sees here what they would not see otherwise. How an answer is made stays in
query and schema.
"""

import asyncio
import dataclasses
from urllib.parse import quote

import msgspec

from server.access import data_policy
from server.access.data_policy import DataPolicy
from server.access.fields import attributes
from server.access.holdings import Holdings, sees_all
from server.api import query, schema
from server.api.call import Call, Stream, Whole
from shared.errors import InvalidRequest, NotFound, NotPermitted
from shared.wire import QueryRequest
from shared.wire.preview import PreviewRequest

_MOST_ROWS = 1_000


async def show(call: Call, body: PreviewRequest) -> Whole | Stream:
    call.note.connection = body.connection[:63]
    if call.caller.data.restricts:
        raise NotPermitted("Only who sees all data may look through the eyes of others.")
    if len([given for given in (body.user, body.role, body.policies is not None) if given]) != 1:
        raise InvalidRequest("Name a user or a role, or give policies: one of the three.")
    call.about(f"user {body.user}" if body.user else f"role {body.role}" if body.role else "policies")
    data = await _seen(call, body)
    seen = dataclasses.replace(
        call,
        caller=msgspec.structs.replace(call.caller, data=data),
        wishes=msgspec.structs.replace(call.wishes, accept="application/json", if_none_match=None),
        extra=False,
        path={"name": quote(body.connection, safe="")},
        query={},
    )
    if not body.query:
        return await schema.show(seen, None)
    asked = QueryRequest(
        connection=body.connection,
        query=body.query,
        max_rows=min(body.max_rows or _MOST_ROWS, _MOST_ROWS),
        timeout_seconds=body.timeout_seconds,
    )
    return await query.run(seen, asked)


async def _seen(call: Call, body: PreviewRequest) -> DataPolicy:
    if body.policies is not None:
        data_policy.check(body.policies)
        shown = None if sees_all(body.policies) else body.policies
        return data_policy.resolve([shown], attributes(body.attributes))
    holdings = await asyncio.to_thread(call.backend.keyring.holdings)
    return _of_user(holdings, body.user) if body.user else _of_role(holdings, body)


def _of_user(holdings: Holdings, name: str) -> DataPolicy:
    row = holdings.rows.users.get(name)
    if row is None:
        raise NotFound(f"There is no user called {name[:100]!r}.")
    return data_policy.resolve(holdings.policies_of(row), row.attributes)


def _of_role(holdings: Holdings, body: PreviewRequest) -> DataPolicy:
    role = holdings.find_role(body.role)
    if role is None:
        raise NotFound(f"There is no role called {body.role[:63]!r}.")
    shown = None if sees_all(role.policies) else role.policies
    return data_policy.resolve([shown], attributes(body.attributes))

"""Connections over HTTP. Checking and sealing them stays in server/connections."""

import time

from server.api.call import Call
from server.connectors.base import Kind
from shared.errors import NotPermitted
from shared.wire import (
    ConnectionCreate,
    ConnectionInfo,
    ConnectionList,
    ConnectionTest,
    ConnectionUpdate,
    FieldInfo,
    KindInfo,
    KindList,
)

_PATIENCE_SECONDS = 15.0
_TYPES: dict[type, str] = {str: "text", int: "integer", float: "decimal", bool: "boolean"}


async def kinds(call: Call, _body: None) -> KindList:
    return KindList([_kind_info(kind) for kind in call.backend.connections.kinds()])


async def show_all(call: Call, _body: None) -> ConnectionList:
    data = call.caller.data
    if data.restricts:
        return ConnectionList(call.backend.governance.connections(data))
    return ConnectionList(call.backend.connections.everything())


async def show(call: Call, _body: None) -> ConnectionInfo:
    name = call.note.connection = call.path["name"]
    call.backend.governance.demand(name, call.caller.data)
    return call.backend.connections.get(name)


async def create(call: Call, body: ConnectionCreate) -> ConnectionInfo:
    call.note.connection = body.name[:63]
    _demand_all_data(call)
    await call.backend.connections.create(body.name, body.type, body.params, body.description)
    await call.backend.siblings.refresh()
    call.backend.accounts.begin(body.name)
    return call.backend.connections.get(body.name)


async def update(call: Call, body: ConnectionUpdate) -> ConnectionInfo:
    name = call.note.connection = call.path["name"]
    _demand_all_data(call)
    await call.backend.connections.update(name, body.params, body.description)
    await call.backend.siblings.refresh()
    call.backend.accounts.begin(name)
    return call.backend.connections.get(name)


async def delete(call: Call, _body: None) -> None:
    name = call.note.connection = call.path["name"]
    _demand_all_data(call)
    await call.backend.connections.delete(name)
    await call.backend.siblings.refresh()


async def test(call: Call, _body: None) -> ConnectionTest:
    """Opens it, asks whether it answers, and what its account could do that it should not."""
    name = call.note.connection = call.path["name"]
    _demand_all_data(call)
    started = time.perf_counter()
    lease = await call.backend.connections.lease(name, early=True)
    try:
        await lease.run_within(_PATIENCE_SECONDS, lease.connector.ping)
        warnings = await lease.run_within(_PATIENCE_SECONDS, lease.connector.warnings)
    finally:
        lease.release()
    await call.backend.connections.note_account(name, warnings)
    call.note.detail = f"{len(warnings)} warnings"
    return ConnectionTest(True, round((time.perf_counter() - started) * 1000, 1), warnings)


def _demand_all_data(call: Call) -> None:
    """Whoever says where a connection leads decides what its names mean, and so what a policy shows."""
    if call.caller.data.restricts:
        raise NotPermitted("Only who sees all data may add, change, delete or test connections.")


def _kind_info(kind: Kind) -> KindInfo:
    fields = [
        FieldInfo(
            name=field.name,
            label=field.label,
            secret=field.secret,
            required=field.required,
            default=field.default,
            help=field.help,
            type=_TYPES[field.type],
            guards_secret=field.guards_secret,
        )
        for field in kind.fields
    ]
    return KindInfo(kind.type, kind.label, fields)

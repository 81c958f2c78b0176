"""What a key may do, told to whoever holds it."""

from datetime import UTC, datetime
from math import isinf

from server.api.call import Call
from shared.wire.me import Me


async def show(call: Call, _body: None) -> Me:
    caller = call.caller
    expires = None if isinf(caller.expires) else datetime.fromtimestamp(caller.expires, UTC).isoformat()
    return Me(
        key_id=caller.key_id,
        name=caller.name,
        user=caller.user,
        permissions=sorted(caller.permissions),
        expires_at=expires,
    )

"""What a key may do, told to whoever holds it."""

from datetime import UTC, datetime
from hashlib import sha256
from math import isinf

from server.access.identity import Identity
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
        sees=_sees(caller),
    )


def _sees(caller: Identity) -> str:
    """Of no use for finding out what the rules are."""
    told = "\n".join([caller.key_id, *sorted(caller.permissions), caller.scope])
    return sha256(told.encode()).hexdigest()[:16]

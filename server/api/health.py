"""Is the backend there, and can it work?"""

import time

import msgspec

from server.api.call import Call, Whole
from server.store.state import now
from shared.wire import Health, Readiness


async def show(call: Call, _body: None) -> Health:
    """That this process answers, and nothing else: whoever is told no would start it anew."""
    backend = call.backend
    uptime = int(time.monotonic() - backend.started)
    return Health("ok", len(backend.connections), uptime, backend.version, now())


async def ready(call: Call, _body: None) -> Whole:
    """Whether requests should be sent here. A source that is away does not count: no other backend could
    reach it either."""
    backend = call.backend
    reasons = ["It is being stopped."] if backend.connections.is_draining else []
    if not await backend.monitoring.state_is_there():
        reasons.append("Its own state cannot be read.")
    if backend.audit.is_full:
        reasons.append("The audit trail cannot be written fast enough.")
    pools = backend.connections.figures().values()
    away = sum(pool.breaker != "closed" for pool in pools)
    said = Readiness(
        status="unready" if reasons else "ready",
        reasons=reasons,
        sources=len(backend.connections),
        sources_away=away,
    )
    return Whole("application/json", {}, msgspec.json.encode(said), 503 if reasons else None)

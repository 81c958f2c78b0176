"""Is the backend there?"""

import time

from server.api.call import Call
from shared.wire import Health


async def show(call: Call, _body: None) -> Health:
    backend = call.backend
    uptime = int(time.monotonic() - backend.started)
    return Health("ok", len(backend.connections), uptime, backend.version)

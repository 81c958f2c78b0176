"""The figures of all workers for Prometheus. Reading and adding them stays in monitoring."""

import time

from server.api.call import Call, Whole
from server.monitoring.series import exposition, series

_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def show(call: Call, _body: None) -> Whole:
    backend = call.backend
    figures = await backend.monitoring.everywhere()
    figures[series("vmart_info", version=backend.version)] = 1
    figures["vmart_uptime_seconds"] = time.monotonic() - backend.started
    return Whole(_TYPE, {}, exposition(figures).encode())

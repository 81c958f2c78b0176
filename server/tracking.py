"""What lies under a session of requests: each socket dialled and told of by whoever holds the session."""

import socket
import ssl
from collections.abc import Callable
from typing import Any

import urllib3.connectionpool

from server import reach
from shared.http_adapter import POOLS, Adapter

_OLDEST_TLS = ssl.TLSVersion.TLSv1_2
"""A company's own server, or its proxy, may speak no newer one."""

Dial = Callable[[str, int, float | None], socket.socket]


class TrackingAdapter(Adapter):
    """Tells of each socket, so that it can be shut while somebody waits for it."""

    def __init__(self, verify: bool | str, dial: Dial, opened: Callable[[socket.socket], None]) -> None:
        self._pools = {scheme: _tracked(pool, dial, opened) for scheme, pool in POOLS.items()}
        super().__init__(verify=verify, oldest_tls=_OLDEST_TLS)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _tracked(
    pool: type[urllib3.connectionpool.HTTPConnectionPool],
    dial: Dial,
    opened: Callable[[socket.socket], None],
) -> type[urllib3.connectionpool.HTTPConnectionPool]:
    base: Any = reach.dialling(pool.ConnectionCls, dial)

    class Connection(base):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            plain: socket.socket = super()._new_conn()
            opened(plain)
            return plain

        def connect(self) -> None:
            super().connect()
            opened(self.sock)  # which TLS has replaced

    class Pool(pool):  # type: ignore[valid-type, misc]
        ConnectionCls = Connection

    return Pool

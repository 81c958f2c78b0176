"""How bytes travel: the trust store of the operating system, and an end to waiting for headers.

A read time-out starts again with every byte, so a peer that drips one byte at a time would hold
us for ever. Here the whole head of an answer must arrive within the time-out. The body's pace is
watched by its reader.
"""

import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.adapters
import truststore
import urllib3.connection
import urllib3.connectionpool


class _HeadWatch(io.RawIOBase):
    """Reads a socket; until ``head_deadline`` is lifted, no later than it."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._idle_seconds = sock.gettimeout()
        self._head_deadline = None if self._idle_seconds is None else time.monotonic() + self._idle_seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._head_deadline is not None:
            left = self._head_deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the head of the answer took too long")
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def head_arrived(self) -> None:
        self._head_deadline = None
        self._sock.settimeout(self._idle_seconds)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self._watch = _HeadWatch(sock)
        self.fp = io.BufferedReader(self._watch, 65536)

    def begin(self) -> None:
        super().begin()
        self._watch.head_arrived()


_waiting = threading.local()


@contextmanager
def when_sent(call: Callable[[], None]) -> Iterator[None]:
    """``call`` is made for each request of this thread whose connection stands and whose head is out: its
    body follows. A request that reached nobody makes no call."""
    _waiting.call = call
    try:
        yield
    finally:
        _waiting.call = None


class _HttpConnection(urllib3.connection.HTTPConnection):
    response_class = _Response

    def endheaders(self, *args: Any, **options: Any) -> None:
        super().endheaders(*args, **options)
        _head_is_out()


class _HttpsConnection(urllib3.connection.HTTPSConnection):
    response_class = _Response

    def endheaders(self, *args: Any, **options: Any) -> None:
        super().endheaders(*args, **options)
        _head_is_out()


def _head_is_out() -> None:
    call: Callable[[], None] | None = getattr(_waiting, "call", None)
    if call is not None:
        call()


class _HttpPool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


POOLS = {"http": _HttpPool, "https": _HttpsPool}


class Adapter(requests.adapters.HTTPAdapter):
    """``verify`` True means the operating system's trust store, a text a file of certificates."""

    def __init__(self, *, verify: bool | str, oldest_tls: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        self._tls = tls_context(verify, oldest_tls=oldest_tls)
        super().__init__(pool_connections=2, pool_maxsize=32, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """Our TLS context decides; requests would add a list of its own to it."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._tls}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Done by the TLS context."""


def is_loopback(url: str) -> bool:
    """Whether the address is this very computer, where no proxy of the company has a place."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def tls_context(
    verify: bool | str = True, *, oldest_tls: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
) -> ssl.SSLContext:
    """What we trust. Raises OSError when the file of certificates cannot be read."""
    context: ssl.SSLContext
    if verify is True:
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    elif verify is False:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context = ssl.create_default_context(cafile=verify)
    context.minimum_version = oldest_tls
    return context

"""How one connection to ClickHouse logs in: checked already, and kept for those that follow it."""

import ssl

import msgspec

from server import reach
from server.connectors.login import Secret


class Login(msgspec.Struct, frozen=True):
    """``http_port`` 0: there is none. ``tls`` None: unencrypted."""

    host: str
    port: int
    http_port: int
    database: str
    user: str
    password: Secret
    tls: ssl.SSLContext | None
    may: reach.Reach
    """Where it may lead; it is connected again later."""

    @property
    def source(self) -> str:
        return f"ClickHouse at {self.host}:{self.port}"

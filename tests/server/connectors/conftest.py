"""An open connection to the test cluster, for each account."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from server.connectors.postgres.kind import open_postgres
from server.connectors.postgres.session import PostgresConnector
from tests.peers.postgres import PostgresServer

Opener = Callable[..., PostgresConnector]


@pytest.fixture
def open_connection(postgres: PostgresServer) -> Iterator[Opener]:
    """Opens as many as a test likes, and closes them in the end."""
    opened: list[PostgresConnector] = []

    def open_one(**params: Any) -> PostgresConnector:
        opened.append(open_postgres(postgres.params(**params), 10))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(open_connection: Opener) -> PostgresConnector:
    """As the account that only reads."""
    return open_connection()

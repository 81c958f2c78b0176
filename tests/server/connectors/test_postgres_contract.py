"""PostgreSQL keeps the contract of every connector."""

import pytest

from server.connectors.postgres.session import PostgresConnector
from tests.server.connectors.conftest import Opener
from tests.server.connectors.contract import SqlConnectorContract


class TestPostgresContract(SqlConnectorContract):
    @pytest.fixture
    def connector(self, open_connection: Opener) -> PostgresConnector:
        return open_connection()

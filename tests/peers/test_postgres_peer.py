"""The cluster that other tests stand on."""

import pytest
from pg8000.exceptions import DatabaseError

from tests.peers.postgres import PostgresServer


def test_the_reader_reads_and_may_not_write(postgres: PostgresServer) -> None:
    reader = postgres.connect("reader")
    try:
        assert reader.run("SELECT count(*) FROM sales") == [[20000]]
        with pytest.raises(DatabaseError, match="permission denied"):
            reader.run("DELETE FROM sales")
    finally:
        reader.close()

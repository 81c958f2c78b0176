"""A result of 200 MB passes with flat memory; a row that would not is refused."""

import tracemalloc

import pytest

from server.connectors.base import Limits
from server.connectors.postgres.session import PostgresConnector
from shared.errors import QueryFailed
from shared.guard import ReadOnlySql
from shared.results import JsonRows


def test_two_hundred_megabytes_stream_with_flat_memory(connection: PostgresConnector) -> None:
    sql = ReadOnlySql("SELECT i, repeat('0123456789', 20), i * 0.5 FROM generate_series(1, 1000000) i")
    size = rows = 0
    tracemalloc.start()
    try:
        with connection.query(sql, {}, Limits(10**9, 120)) as result:
            for batch in result.batches():
                assert isinstance(batch, JsonRows)
                size += len(batch.data)
                rows += batch.count
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rows == 1_000_000
    assert size > 200_000_000
    assert peak < 8_000_000


@pytest.mark.parametrize("column", ["repeat('x', 70000000)", "to_json(repeat('x', 70000000))"])
def test_a_row_too_large_to_be_held_is_refused_and_its_connection_thrown_away(
    connection: PostgresConnector, column: str
) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(QueryFailed, match="larger than 64 MB"):
            connection.query(ReadOnlySql(f"SELECT {column} AS a"), {}, Limits(10, 60))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000
    assert not connection.reset()

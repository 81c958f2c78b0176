"""Through a pooler in transaction mode, where two queries of one connection may meet different servers."""

from pathlib import Path

from server.connectors.postgres.kind import open_postgres
from tests.peers.pgbouncer import pooled
from tests.peers.postgres import PostgresServer
from tests.server.connectors.asking import ask, quickly


def test_queries_through_a_pooler_are_answered_and_only_read(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    sql = "SELECT i, :n + 0, current_setting('transaction_read_only') FROM generate_series(1, :n) i"
    with pooled(postgres, tmp_path) as params:
        connection = open_postgres(params, 20)
        try:
            for number in (1, 2, 3):
                if (
                    not connection.reset()
                ):  # a pooler may lose what comes behind an answer; then a pool reopens
                    connection.close()
                    connection = open_postgres(params, 20)
                assert ask(connection, sql, n=number).rows == [
                    [i, number, "on"] for i in range(1, number + 1)
                ]
                if connection.reset() and (answer := quickly(connection, sql, n=number)) is not None:
                    assert sum(batch.count for batch in answer.result.batches()) == number
        finally:
            connection.close()

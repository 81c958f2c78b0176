"""A cancel that comes when the query is over, and meets what is done behind it: nobody suffers from it."""

from server.connectors.base import Limits
from server.connectors.postgres.session import PostgresConnector
from shared.guard import ReadOnlySql
from tests.peers.postgres import WRITER, WRITER_PASSWORD, PostgresServer
from tests.server.connectors.asking import ask
from tests.server.connectors.conftest import Opener


def _with_a_long_clean_up(connection: PostgresConnector) -> PostgresConnector:
    """What is thrown away behind its next query takes the server a while."""
    many = "FOR n IN 1..1200 LOOP EXECUTE format('CREATE TEMP TABLE t%s (a int)', n); END LOOP"
    connection.rows("SET default_transaction_read_only = off")
    connection.rows(f"DO $$ BEGIN {many}; END $$")
    return connection


def test_a_result_that_is_given_up_when_it_is_all_there_costs_no_connection(open_connection: Opener) -> None:
    connection = _with_a_long_clean_up(open_connection(user=WRITER, password=WRITER_PASSWORD))
    with connection.query(ReadOnlySql("SELECT 1 AS n"), {}, Limits(10, 30)):
        pass
    assert connection.reset()
    assert ask(connection, "SELECT 2 AS n").row == [2]


def test_a_repeated_query_that_means_something_else_by_now_is_asked_anew(
    open_connection: Opener, postgres: PostgresServer
) -> None:
    postgres.execute(
        "CREATE TABLE turning (a int)",
        "GRANT SELECT ON turning TO " + WRITER,
        "INSERT INTO turning VALUES (1)",
    )
    try:
        connection = open_connection(user=WRITER, password=WRITER_PASSWORD)
        assert ask(connection, "SELECT * FROM turning").types == ["integer"]
        postgres.execute("ALTER TABLE turning ALTER a TYPE text USING a::text")
        _with_a_long_clean_up(connection)
        assert ask(connection, "SELECT * FROM turning").types == ["text"]
    finally:
        postgres.execute("DROP TABLE turning")

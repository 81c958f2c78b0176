"""What an account may do beyond reading is said with the statement that mends it. (Of PostgreSQL and Oracle
beside their locks and types.)"""

import re

import pytest

from server.connectors.clickhouse import account
from server.connectors.clickhouse.kind import open_clickhouse
from server.connectors.clickhouse.settings import Account
from server.connectors.sqlserver.kind import open_sqlserver
from tests.peers.clickhouse import ADMIN, CARELESS, READER, ClickHouseServer
from tests.peers.sqlserver import SqlServerPeer


@pytest.mark.parametrize(
    ("user", "said"),
    [
        (READER, []),
        (CARELESS, ["has readonly = 2: it may lift its limits"]),
        (ADMIN, ["may do more than read"]),
    ],
)
def test_an_account_of_clickhouse(clickhouse: ClickHouseServer, user: str, said: list[str]) -> None:
    connection = open_clickhouse(clickhouse.params(user=user), 10)
    try:
        warnings = connection.warnings()
    finally:
        connection.close()
    assert len(warnings) == len(said)
    for warning, words in zip(warnings, said, strict=True):
        assert words in warning
        assert warning.endswith(f" Mend it: ALTER USER {user} SETTINGS readonly = 1;")


def test_a_name_that_is_no_word_is_quoted_in_what_mends_it() -> None:
    (warning,) = account.warnings(
        lambda _: [], Account({"readonly": "2"}, frozenset(), {}), "x SETTINGS a = 1; `b"
    )
    assert warning.endswith(" Mend it: ALTER USER `x SETTINGS a = 1; \\`b` SETTINGS readonly = 1;")


def test_an_account_of_sql_server(sqlserver: SqlServerPeer) -> None:
    connection = open_sqlserver(sqlserver.params(), 10)
    try:
        member, permission, of_server, writes = connection.warnings()
    finally:
        connection.close()
    assert member.endswith("Mend it: ALTER ROLE db_datawriter DROP MEMBER reader;")
    assert permission.endswith("has the permission CREATE TABLE. Mend it: REVOKE CREATE TABLE FROM reader;")
    # the peer's own name stands for that of the login
    assert re.fullmatch(
        r"The login (\w+) has the permission ALTER TRACE\. Mend it: USE master; REVOKE ALTER TRACE FROM \1;",
        of_server,
    )
    assert "can write hr.staff. Mend it: REVOKE INSERT, UPDATE, DELETE ON SCHEMA::hr" in writes

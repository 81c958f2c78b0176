"""TLS to Oracle and SQL Server: who answers is checked, and a certificate of nobody's is not taken."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from pysqlbridge.certificate import Certificate

from server.connectors.login import Secret
from server.connectors.oracle import kind as oracle
from server.connectors.oracle.kind import open_oracle
from server.connectors.sqlserver import kind as sqlserver
from server.connectors.sqlserver.kind import open_sqlserver
from shared.errors import InvalidRequest, SourceUnavailable
from tests.peers.certificate import company_certificate
from tests.peers.oracle import SERVICE, OraclePeer
from tests.peers.sqlserver import SqlServerPeer

FREETDS, MICROSOFT = "FreeTDS", "ODBC Driver 18 for SQL Server"


@pytest.fixture(scope="module")
def certificate() -> tuple[bytes, bytes]:
    return company_certificate("localhost")


@pytest.fixture(scope="module")
def oracle_tls(
    certificate: tuple[bytes, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OraclePeer]:
    key, pem = certificate
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(key + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    peer = OraclePeer(tls=context)
    yield peer
    peer.close()


@pytest.fixture(scope="module")
def sqlserver_tls(odbc_drivers: None, certificate: tuple[bytes, bytes]) -> Iterator[SqlServerPeer]:
    key, pem = certificate
    peer = SqlServerPeer(Certificate(cert_pem=pem, key_pem=key))
    yield peer
    peer.close()


def test_oracle_over_tls_with_the_companys_authority(
    oracle_tls: OraclePeer, certificate: tuple[bytes, bytes], tmp_path: Path
) -> None:
    pem = certificate[1].decode()
    path = tmp_path / "ca.pem"
    path.write_text(pem)
    for authority in (pem, str(path)):
        params = oracle_tls.params(host="localhost", protocol="tcps", ssl_ca=authority)
        connection = open_oracle(params, 10)
        assert connection.rows("SELECT 5 FROM dual") == [(5,)]
        connection.close()
    where = f"(ADDRESS=(PROTOCOL=tcps)(HOST=localhost)(PORT={oracle_tls.port}))"
    dsn = f"(DESCRIPTION={where}(CONNECT_DATA=(SERVICE_NAME={SERVICE})))"
    params = {"dsn": dsn, "user": "reader", "password": oracle_tls.params()["password"], "ssl_ca": pem}
    open_oracle(params, 10).close()


def test_oracle_whom_nobody_vouches_for_is_not_taken(oracle_tls: OraclePeer) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be trusted"):
        open_oracle(oracle_tls.params(protocol="tcps"), 10)
    other = company_certificate()[1].decode()
    with pytest.raises(SourceUnavailable, match="cannot be trusted"):
        open_oracle(oracle_tls.params(protocol="tcps", ssl_ca=other), 10)


def test_oracle_under_another_name_is_not_taken(
    oracle_tls: OraclePeer, certificate: tuple[bytes, bytes]
) -> None:
    # the driver compares names, and never addresses
    params = oracle_tls.params(protocol="tcps", ssl_ca=certificate[1].decode(), host="127.0.0.1")
    with pytest.raises(SourceUnavailable, match="cannot be trusted"):
        open_oracle(params, 10)


def test_plain_words_to_oracles_tls_port_are_explained(oracle_tls: OraclePeer) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        open_oracle(oracle_tls.params(protocol="tcp"), 5)


def test_sql_server_with_freetds_and_the_companys_authority(
    sqlserver_tls: SqlServerPeer, certificate: tuple[bytes, bytes]
) -> None:
    params = sqlserver_tls.params(driver=FREETDS, encryption="verify-full", ssl_ca=certificate[1].decode())
    connection = open_sqlserver(params, 10)
    assert connection.rows("SELECT 5 AS x") == [(5,)]
    connection.close()


def test_an_authority_of_the_companys_own_is_for_freetds(
    sqlserver_tls: SqlServerPeer, certificate: tuple[bytes, bytes]
) -> None:
    params = sqlserver_tls.params(encryption="verify-full", ssl_ca=certificate[1].decode())
    open_sqlserver(params, 10).close()  # chosen, although Microsoft's driver is there
    with pytest.raises(InvalidRequest, match="authorities that the system knows"):
        open_sqlserver({**params, "driver": MICROSOFT}, 10)


@pytest.mark.parametrize("driver", [FREETDS, MICROSOFT])
def test_sql_server_whom_nobody_vouches_for_is_not_taken(sqlserver_tls: SqlServerPeer, driver: str) -> None:
    with pytest.raises(SourceUnavailable):
        open_sqlserver(sqlserver_tls.params(driver=driver, encryption="verify-full"), 10)
    other = company_certificate()[1].decode()
    with pytest.raises(SourceUnavailable):
        open_sqlserver(sqlserver_tls.params(encryption="verify-full", ssl_ca=other), 10)
    # encrypted, unchecked, for this very machine
    open_sqlserver(sqlserver_tls.params(driver=driver), 10).close()


def test_sql_server_under_another_name_is_not_taken(odbc_drivers: None) -> None:
    key, pem = company_certificate()
    peer = SqlServerPeer(Certificate(cert_pem=pem, key_pem=key))
    params = peer.params(driver=FREETDS, encryption="verify-full", ssl_ca=pem.decode())
    open_sqlserver(params, 10).close()
    with pytest.raises(SourceUnavailable):
        open_sqlserver({**params, "host": "localhost"}, 10)
    peer.close()


def test_off_loopback_the_default_is_to_check(sqlserver_tls: SqlServerPeer) -> None:
    elsewhere = {"host": "db.example.net", "user": "u", "password": Secret("p")}
    assert sqlserver._target({**elsewhere, "database": "d"}).verified
    (address,) = oracle._where({**elsewhere, "service_name": "s"}).addresses
    assert (address.tls, address.port) == (True, 2484)
    with pytest.raises(InvalidRequest):
        open_sqlserver({**elsewhere, "database": "d", "encryption": "none"}, 1)

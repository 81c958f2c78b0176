"""A TNS descriptor is taken apart, and says nothing that it may not say."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.connectors.oracle import descriptor as oracle_descriptor
from server.connectors.oracle.descriptor import Address, Descriptor
from server.connectors.oracle.kind import open_oracle
from shared.errors import InvalidRequest
from tests.peers.fault_proxy import Fault, FaultProxy
from tests.peers.oracle import READER, READER_PASSWORD, SERVICE, OraclePeer


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=db1)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=erp)))",
            Descriptor((Address("db1", 1521, tls=False),), "erp"),
        ),
        (
            """ (description =
                (address_list = (load_balance = on) (failover = on)
                    (address = (protocol = TCPS) (host = db1.example.net) (port = 2484))
                    (address = (protocol = tcps) (host = db2.example.net) (port = 2484)))
                (connect_data = (server = dedicated) (service_name = erp.example.net))
                (security = (ssl_server_dn_match = yes)(ssl_server_cert_dn = "CN=erp,O=Shop, C=IN"))) """,
            Descriptor(
                (Address("db1.example.net", 2484, tls=True), Address("db2.example.net", 2484, tls=True)),
                "erp.example.net",
                "",
                "CN=erp,O=Shop, C=IN",
            ),
        ),
        (
            "(DESCRIPTION=(CONNECT_TIMEOUT=90)(RETRY_COUNT=20)(ADDRESS=(PROTOCOL=tcp)(HOST=db))(CONNECT_DATA=(SID=X)))",
            Descriptor((Address("db", 1521, tls=False),), "", "X"),
        ),
    ],
)
def test_what_it_may_say_is_found(text: str, found: Descriptor) -> None:
    assert oracle_descriptor.parse(text) == found


ADDRESS = "(ADDRESS=(PROTOCOL=tcp)(HOST=db)(PORT=1521))"
DATA = "(CONNECT_DATA=(SERVICE_NAME=erp))"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "db:1521/erp",
        "erp_in_tnsnames",
        f"(DESCRIPTION={ADDRESS})",
        f"(DESCRIPTION={DATA})",
        f"(DESCRIPTION={ADDRESS}{DATA}",
        f"(DESCRIPTION={ADDRESS}{DATA}))",
        f"(DESCRIPTION={ADDRESS}{DATA})(DESCRIPTION={ADDRESS}{DATA})",
        f"(DESCRIPTION={ADDRESS}(CONNECT_DATA=(SERVICE_NAME=erp)(SID=x)))",
        f"(DESCRIPTION={ADDRESS}(CONNECT_DATA=(SERVICE_NAME=erp)(PROGRAM=evil)))",
        f"(DESCRIPTION={ADDRESS}(CONNECT_DATA=(SERVICE_NAME=erp)(POOL_CONNECTION_CLASS=x)))",
        f"(DESCRIPTION={ADDRESS}(CONNECT_DATA=(SERVICE_NAME=erp)(USE_SNI=on)))",
        f"(DESCRIPTION={ADDRESS}{DATA}(SECURITY=(MY_WALLET_DIRECTORY=/etc)))",
        f"(DESCRIPTION={ADDRESS}{DATA}(SECURITY=(WALLET_LOCATION=(SOURCE=(METHOD=file)(METHOD_DATA=(DIRECTORY=/etc))))))",
        f"(DESCRIPTION={ADDRESS}{DATA}(SECURITY=(SSL_SERVER_DN_MATCH=off)))",
        f"(DESCRIPTION={ADDRESS}{DATA}(SECURITY=(TOKEN_AUTH=OCI_TOKEN)))",
        f"(DESCRIPTION={ADDRESS}{DATA}(HTTPS_PROXY=evil)(HTTPS_PROXY_PORT=80))",
        f"(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=db)(PORT=1)(HTTPS_PROXY=evil)){DATA})",
        f"(DESCRIPTION=(ADDRESS=(PROTOCOL=ipc)(KEY=x)){DATA})",
        f"(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=/tmp/socket)(PORT=1;x)){DATA})",
        f"(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=db)(PORT=99999)){DATA})",
        f"(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=a b)(PORT=1)){DATA})",
        f"(DESCRIPTION={ADDRESS * 20}{DATA})",
        "(" * 5000,
        "(A=" * 50 + ")" * 50,
    ],
)
def test_what_it_may_not_say_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        oracle_descriptor.parse(text)
    assert refusal.value.message.endswith(".")


@given(st.text(alphabet="()=ABCDESCRIPTION ,.\"'\\\n/x1", max_size=80))
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    with contextlib.suppress(InvalidRequest):
        oracle_descriptor.parse(text)


def test_the_next_address_is_tried_when_one_does_not_answer(oracle: OraclePeer) -> None:
    with FaultProxy(oracle.port, Fault(black_hole=True)) as silent:
        ports = (1, silent.port, oracle.port)
        addresses = "".join(f"(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT={port}))" for port in ports)
        dsn = f"(DESCRIPTION={addresses}(CONNECT_DATA=(SERVICE_NAME={SERVICE})))"
        connection = open_oracle({"dsn": dsn, "user": READER, "password": READER_PASSWORD}, 3)
        connection.ping()
        connection.close()


def test_a_descriptor_and_a_host_are_not_given_together() -> None:
    with pytest.raises(InvalidRequest, match="either dsn, or host"):
        open_oracle({"dsn": "(DESCRIPTION=)", "host": "db", "user": "u", "password": "p"}, 1)

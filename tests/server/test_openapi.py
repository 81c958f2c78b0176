"""The API's description: whole, valid, without a secret, and true of what a backend answers."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server.api.described import DESCRIBED, PAGES
from server.api.examples import EXAMPLES, IN_PATH
from server.api.openapi import address, describe
from server.api.routes import ROUTES
from server.connectors import KINDS
from tests.peers.source import Counts, number_kind
from tests.server.running import RunningBackend, start

DESCRIBED_ROUTES = [route for route in ROUTES if route.action not in PAGES]
DOCUMENT = describe(ROUTES, "0")
# schemathesis draws from Python's own random numbers in its strategies; hypothesis warns of that
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the .random. module")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
schema = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    """One with something in it: two connections, a file, a job, a key."""
    home = tmp_path_factory.mktemp("openapi")
    root = home / "files"
    root.mkdir()
    (root / "stores.csv").write_text("store_id,zone\n1,North\n2,South\n", encoding="utf-8")
    kinds = [number_kind(Counts()), KINDS["filesystem"]]
    backend = start(home, kinds)
    for name, kind, params in (("numbers", "numbers", {}), ("files", "filesystem", {"root": str(root)})):
        body = {"name": name, "type": kind, "params": params}
        assert backend.ask("POST", "/api/connections", body).status == 201
    yield backend
    backend.stop()


def test_every_route_is_described_and_nothing_else() -> None:
    assert {route.action for route in DESCRIBED_ROUTES} == set(DESCRIBED)
    assert {(address(route), route.method.lower()) for route in DESCRIBED_ROUTES} == {
        (path, method) for path, operations in DOCUMENT["paths"].items() for method in operations
    }


def test_each_route_says_what_it_takes_and_what_everybody_may_meet() -> None:
    for route in DESCRIBED_ROUTES:
        operation = DOCUMENT["paths"][address(route)][route.method.lower()]
        assert operation["summary"]
        if route.permission is not None:
            assert f"`{route.permission}`" in operation["description"]
            assert {"401", "403", "429"} <= set(operation["responses"])


def test_the_backend_serves_it_to_everybody(running: RunningBackend) -> None:
    answered = running.ask("GET", "/openapi.json", key="")
    assert answered.status == 200
    assert answered.headers["content-type"] == "application/json"
    assert answered.json["openapi"] == "3.1.0"
    assert answered.json["paths"].keys() == DOCUMENT["paths"].keys()


def test_no_text_of_it_looks_like_a_secret(running: RunningBackend) -> None:
    text = running.ask("GET", "/openapi.json", key="").body.decode()
    assert not re.search(r"vmart_[A-Za-z0-9_-]{20}|gAAAA|BEGIN [A-Z ]*PRIVATE KEY", text)
    assert str(running.home) not in text


def test_the_page_for_people_holds_every_call_and_message_and_loads_only_our_own_files(
    running: RunningBackend,
) -> None:
    answered = running.ask("GET", "/docs", key="")
    page = answered.body.decode()
    assert answered.status == 200
    assert answered.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answered.headers["content-security-policy"]
    for path in DOCUMENT["paths"]:
        assert f"<code>{path}</code>" in page
    for name in DOCUMENT["components"]["schemas"]:
        assert f'id="m-{name}"' in page
    assert "<script" not in page
    assert "style=" not in page
    loaded = re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', page)
    assert loaded
    assert all(running.ask("GET", address, key="").status == 200 for address in loaded)
    targets = re.findall(r'href="#([^"]+)"', page)
    assert all(f'id="{target}"' in page for target in targets)


def test_every_example_fits_its_message() -> None:
    taking = {route.action: route.body for route in DESCRIBED_ROUTES if route.body is not None}
    assert taking.keys() == EXAMPLES.keys()
    for action, body in taking.items():
        msgspec.convert(EXAMPLES[action], body)


def test_every_word_in_an_address_is_explained() -> None:
    tags = {route.action.partition(".")[0] for route in DESCRIBED_ROUTES if "<" in route.path}
    assert tags == IN_PATH.keys()


at_random = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@schema.parametrize()
@at_random
def test_what_is_asked_at_random_gets_what_the_description_says(
    case: "schemathesis.Case[Any]", running: RunningBackend
) -> None:
    answered_as_described(case, running)


@schema.parametrize()
@at_random
def test_so_does_what_names_something_that_is_there(
    case: "schemathesis.Case[Any]", running: RunningBackend
) -> None:
    if case.method == "DELETE":
        return
    if "name" in case.path_parameters:
        case.path_parameters["name"] = "files"
    if isinstance(case.body, dict) and "connection" in case.body:
        case.body |= {"connection": "files", "query": "SELECT * FROM stores"}
    answered_as_described(case, running)


def answered_as_described(case: "schemathesis.Case[Any]", running: RunningBackend) -> None:
    response = case.call(
        base_url=running.url, headers={"Authorization": f"Bearer {running.admin}"}, timeout=60
    )
    case.validate_response(response, checks=CHECKS)

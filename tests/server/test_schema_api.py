"""Schemas over HTTP: kept, found in, told apart by an ETag, and of all connections together."""

import gzip
from collections.abc import Iterator

import msgspec
import pytest

from server.connectors import KINDS
from tests.peers.postgres import PostgresServer
from tests.server.running import RunningBackend, start


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[RunningBackend]:
    home = tmp_path_factory.mktemp("schemas")
    folder = home / "files"
    folder.mkdir()
    (folder / "rates.csv").write_text("zone,rate\nEast,1.5\nWest,2.0\n")
    running = start(home, KINDS.values())
    for name, kind, params in (
        ("shop", "postgresql", postgres.params()),
        ("my-files", "filesystem", {"root": str(folder)}),
        ("quiet", "postgresql", postgres.params(samples=False)),
    ):
        made = running.ask("POST", "/api/connections", {"name": name, "type": kind, "params": params})
        assert made.status == 201, made.body
    yield running
    running.stop()


def names(backend: RunningBackend, path: str) -> list[str]:
    return [table["name"] for table in backend.ask("GET", f"/api/schema/{path}").json["tables"]]


def test_words_find_tables_the_best_first(shop: RunningBackend) -> None:
    assert names(shop, "shop?search=sales")[:3] == ["sales", "sales_by_day", "sales_by_zone"]
    assert names(shop, "shop?search=North,%20SOUTH") == ["stores"]
    answer = shop.ask("GET", "/api/schema/shop?search=store&limit=1").json
    assert (len(answer["tables"]), answer["found"]) == (1, 4)


def test_one_table_is_told_alone_or_not_found(shop: RunningBackend) -> None:
    assert names(shop, "shop?table=hr.staff") == ["hr.staff"]
    missing = shop.ask("GET", "/api/schema/shop?table=payroll")
    assert (missing.status, missing.json["error"]) == (404, "There is no table called 'payroll' in shop.")


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "²", "9" * 5000, "0000000019999999"])
def test_a_limit_that_is_none_is_refused(shop: RunningBackend, limit: str) -> None:
    refused = shop.ask("GET", f"/api/schema/shop?search=a&limit={limit.replace('²', '%C2%B2')}")
    assert (refused.status, refused.json["error"]) == (400, "limit is a number from 1 to 1000.")


def test_who_has_the_schema_already_gets_no_second_copy(shop: RunningBackend) -> None:
    whole = shop.ask("GET", "/api/schema/shop")
    again = shop.ask(
        "GET", "/api/schema/shop", headers={"If-None-Match": f'"old", W/{whole.headers["etag"]}'}
    )
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", whole.headers["etag"])
    other = shop.ask("GET", "/api/schema/shop", headers={"If-None-Match": '"old"'})
    assert (other.status, other.body) == (200, whole.body)


def test_a_large_schema_is_compressed_when_asked(shop: RunningBackend) -> None:
    plain = shop.ask("GET", "/api/schema/shop")
    packed = shop.ask("GET", "/api/schema/shop", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body


def test_refresh_sees_a_table_that_is_new(shop: RunningBackend, postgres: PostgresServer) -> None:
    before = names(shop, "shop")
    postgres.execute("CREATE TABLE fresh_one (n integer)", "GRANT SELECT ON fresh_one TO reader")
    try:
        assert names(shop, "shop") == before
        assert "fresh_one" in names(shop, "shop?refresh=1")
        assert "fresh_one" in names(shop, "shop")
    finally:
        postgres.execute("DROP TABLE fresh_one")
        names(shop, "shop?refresh=true")


def test_a_connection_can_keep_its_values_to_itself(shop: RunningBackend) -> None:
    for connection, shown in (("shop", True), ("quiet", False)):
        answer = shop.ask("GET", f"/api/schema/{connection}?table=stores").json
        assert any(column["samples"] for column in answer["tables"][0]["columns"]) is shown


def test_all_connections_are_one_schema_under_their_names(shop: RunningBackend) -> None:
    for path in ("*", "%2A"):
        shown = names(shop, path)
        assert {"shop.stores", "shop.hr.staff", '"my-files".rates', 'quiet."Head Office"."Select"'} <= {
            *shown
        }
    sales = shop.ask("GET", "/api/schema/*?table=shop.sales").json
    assert {key["references_table"] for key in sales["tables"][0]["foreign_keys"]} == {
        "shop.stores",
        "shop.products",
    }
    assert (sales["dialect"], sales["connection"]) == ("duckdb", "*")


def test_a_source_that_is_away_is_named_beside_the_others(shop: RunningBackend) -> None:
    params = {"host": "127.0.0.1", "port": 1, "database": "d", "user": "u", "password": "not-told-7"}
    shop.ask("POST", "/api/connections", {"name": "away", "type": "postgresql", "params": params})
    try:
        answered = shop.ask("GET", "/api/schema/*")
        assert answered.status == 200
        assert [one["connection"] for one in answered.json["unread"]] == ["away"]
        assert b"not-told-7" not in answered.body
        assert shop.ask("GET", "/api/schema/away").status == 503
    finally:
        shop.ask("DELETE", "/api/connections/away")
    assert msgspec.json.decode(shop.ask("GET", "/api/schema/*").body)["unread"] == []


def test_the_permission_for_schemas_is_asked_for_in_every_way(shop: RunningBackend) -> None:
    key = shop.key("db_read")
    for path in ("shop", "*", "shop?search=a", "shop?table=stores"):
        assert shop.ask("GET", f"/api/schema/{path}", key=key).status == 403

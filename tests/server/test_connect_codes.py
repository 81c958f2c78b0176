"""A connect code gives an agent its key: once, in time, to nobody else; and nobody grants more by it."""

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.access.connect_codes import ConnectCodes
from server.access.key_text import hashed, looks_like_a_key
from server.access.keyring import By, Keyring
from server.access.keys import Keys, NewKey
from server.access.roles import Roles
from server.cli import main
from server.store.access import AccessStore
from server.store.state import State, open_state
from shared.connect_code import find_code, fresh_code, is_link, link_to, parse_link
from shared.errors import Conflict, NotAuthenticated, NotPermitted, SettingsInvalid
from shared.wire import RoleCreate, RoleUpdate
from tests.server.processes import BackendProcess
from tests.server.running import RunningBackend, wait_until

HERE = "127.0.0.1"
ADDRESS = "https://backend.vmart.example:5000"


class Office:
    def __init__(self, home: Path) -> None:
        self.state: State = open_state("", home)
        self.keyring = Keyring(AccessStore(self.state))
        self.keys, self.roles = Keys(self.keyring), Roles(self.keyring)
        self.codes = ConnectCodes(self.keyring, self.keys)

    def by(self, *permissions: str) -> By:
        found = self.keyring.find(self.keys.create("granter", permissions=permissions)[0])
        assert found is not None
        return By(found, HERE)

    def code(self, **wanted: Any) -> str:
        wanted = wanted if "roles" in wanted else {"permissions": ["db_read"], **wanted}
        return self.codes.create(NewKey("laptop", **wanted), valid_minutes=10)[0]

    def refusal(self, code: str, origin: str = HERE) -> tuple[str, str | None]:
        with pytest.raises(NotAuthenticated) as caught:
            self.codes.redeem(code, origin)
        return caught.value.message, caught.value.details

    def age(self, minutes: int) -> None:
        """As if all codes had been made that long ago."""
        with self.keyring.changing(None) as draft:
            for row in list(draft.keys.values()):
                if row.code_expires_at is not None:
                    ends = datetime.fromisoformat(row.code_expires_at) - timedelta(minutes=minutes)
                    draft.keys[row.id] = msgspec.structs.replace(row, code_expires_at=ends.isoformat())


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.state.close()


def test_a_code_gives_its_key_once_and_every_refusal_sounds_the_same(office: Office) -> None:
    code = office.code(permissions=["db_read"])
    key, row = office.codes.redeem(code.lower().replace("-", " "), HERE)
    assert looks_like_a_key(key)
    found = office.keyring.find(key)
    assert found is not None
    assert (found.key_id, sorted(found.permissions)) == (row.id, ["db_read"])
    late, revoked, elsewhere = office.code(), office.code(), office.code(allowed_ips=["10.1.0.0/16"])
    with office.keyring.changing(None) as draft:
        for waiting in list(draft.keys.values()):
            if waiting.code_sha256 == hashed(revoked):
                draft.keys[waiting.id] = msgspec.structs.replace(
                    waiting, revoked_at="2026-01-01T00:00:00+00:00"
                )
    refusals = {office.refusal(each) for each in (code, revoked, elsewhere, fresh_code(), "", "x" * 100, "क")}
    assert office.codes.redeem(elsewhere, "10.1.2.3")[0]
    office.age(11)
    refusals.add(office.refusal(late))
    assert len(refusals) == 1


def test_a_key_that_waits_opens_nothing_and_is_no_administrator(office: Office) -> None:
    first = office.keys.create("administrator", roles=["admin"])[1]
    code = office.code(roles=["admin"])
    assert office.keyring.find(code) is None
    with pytest.raises(Conflict):
        office.keys.revoke(first.id)
    office.codes.redeem(code, HERE)
    office.keys.revoke(first.id)


def test_nobody_grants_by_a_code_what_they_do_not_hold(office: Office) -> None:
    granter = office.by("keys_write", "db_read")
    with pytest.raises(NotPermitted):
        office.codes.create(NewKey("x", permissions=["audit_read"]), valid_minutes=5, by=granter)
    code, _ = office.codes.create(NewKey("x", permissions=["db_read"]), valid_minutes=5, by=granter)
    assert office.codes.redeem(code, HERE)


def test_a_role_does_not_grow_behind_a_code_by_whoever_lacks_what_it_gains(office: Office) -> None:
    office.roles.create(RoleCreate(name="till", permissions=["db_read"]))
    office.code(roles=["till"])
    editor = office.by("roles_write", "db_read")
    with pytest.raises(NotPermitted):
        office.roles.change("till", RoleUpdate(permissions=["db_read", "audit_read"]), editor)


def test_of_many_who_bring_the_same_code_one_gets_the_key(office: Office) -> None:
    code = office.code(permissions=["db_read"])

    def bring(_: int) -> str:
        try:
            return office.codes.redeem(code, HERE)[0]
        except NotAuthenticated:
            return ""

    with ThreadPoolExecutor(8) as pool:
        keys = [key for key in pool.map(bring, range(16)) if key]
    assert len(keys) == 1


def test_the_code_is_stored_hashed_and_forgotten_when_it_is_over(office: Office, tmp_path: Path) -> None:
    code = office.code(permissions=["db_read"])
    with office.state.begin() as connection:
        assert code not in str(connection.exec_driver_sql("SELECT * FROM api_keys").fetchall())
    assert all(code.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    office.age(2 * 24 * 60)
    other = office.code(permissions=["db_read"])
    office.codes.redeem(other, HERE)
    assert [row.name for row in office.keyring.rows() if row.waits] == []


def test_over_http_with_its_audit_lines_and_without_a_secret_in_them(backend: RunningBackend) -> None:
    body = {"name": "asha", "permissions": ["schema_read"], "url": ADDRESS + "/", "valid_minutes": 5}
    made = backend.ask("POST", "/api/connect-codes", body)
    assert made.status == 201
    assert parse_link(made.json["link"]) == parse_link(link_to(ADDRESS, made.json["code"]))
    assert made.json["info"]["works"] is False
    ends = datetime.fromisoformat(made.json["code_expires_at"])
    assert timedelta(minutes=3) < ends - datetime.now(UTC) <= timedelta(minutes=5)
    redeemed = backend.ask("POST", "/api/connect", {"code": made.json["code"]}, key="")
    assert redeemed.status == 200
    me = backend.ask("GET", "/api/me", key=redeemed.json["key"])
    assert me.json["permissions"] == ["schema_read"]
    again = backend.ask("POST", "/api/connect", {"code": made.json["code"]}, key="")
    never = backend.ask("POST", "/api/connect", {"code": fresh_code()}, key="")
    for answer in (again, never):
        assert answer.status == 401
        assert {**answer.json, "request_id": ""} == {**again.json, "request_id": ""}
    lines: list[Any] = []

    def written() -> bool:  # soon after the answer
        lines[:] = backend.ask("GET", "/api/audit?action=connect_codes.redeem").json["entries"]
        return len(lines) == 3

    wait_until(written)
    assert sorted(line["status"] for line in lines) == [200, 401, 401]
    assert made.json["info"]["id"] in {line["target"] for line in lines}
    everything = backend.ask("GET", "/api/audit?limit=1000").body.decode()
    assert made.json["code"] not in everything
    assert redeemed.json["key"] not in everything


def test_who_may_not_issue_keys_makes_no_code_and_bad_fields_are_told(
    backend: RunningBackend,
) -> None:
    key = backend.key("db_read")
    refused = backend.ask("POST", "/api/connect-codes", {"name": "x", "permissions": ["db_read"]}, key=key)
    assert refused.status == 403
    for wrong in ({"valid_minutes": 0}, {"valid_minutes": 61}, {"url": "ftp://x"}, {"url": "https://a@b"}):
        answer = backend.ask("POST", "/api/connect-codes", {"name": "x", "permissions": ["db_read"], **wrong})
        assert answer.status == 400, wrong
    assert backend.ask("POST", "/api/connect", {"code": 5}, key="").status == 400


def test_guesses_are_limited_and_then_even_the_right_code_waits(backend: RunningBackend) -> None:
    made = backend.ask("POST", "/api/connect-codes", {"name": "x", "permissions": ["db_read"]}).json
    answers = [backend.ask("POST", "/api/connect", {"code": fresh_code()}, key="").status for _ in range(12)]
    assert set(answers[:10]) == {401}
    assert set(answers[10:]) == {429}
    blocked = backend.ask("POST", "/api/connect", {"code": made["code"]}, key="")
    assert blocked.status == 429
    assert int(blocked.headers["retry-after"]) >= 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="one process serves there")
def test_whichever_worker_makes_it_another_redeems_it_and_all_take_the_key(tmp_path: Path) -> None:
    running = BackendProcess(
        tmp_path / "home", "{port: 0, workers: 3}", "security: {trusted_proxies: [127.0.0.1]}"
    )
    try:
        made = [
            running.ask("POST", "/api/connect-codes", {"name": "x", "permissions": ["connections_read"]})
            for _ in range(6)
        ]
        keys = [running.ask("POST", "/api/connect", {"code": one["code"]})["key"] for one in made]
        assert len(set(keys)) == 6
    finally:
        assert running.stop() == 0


def test_the_command_prints_code_and_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VMART_HOME", str(tmp_path))
    monkeypatch.delenv("VMART_CONFIG", raising=False)
    assert (
        main(["connect-code", "--name", "asha", "--roles", "viewer", "--url", ADDRESS, "--expires", "30"])
        == 0
    )
    code, link = capsys.readouterr().out.split()
    assert find_code(code) == code
    assert parse_link(link).url == ADDRESS
    assert main(["keys", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["name"], listed["works"]) == ("asha", False)
    assert main(["connect-code", "--name", "x", "--permissions", "db_read", "--minutes", "900"]) == 1
    assert "from 1 to 60" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "vmart:", "vmart://connect", "vmart://connect?url=https://a", "vmart://connect?code=VM4K-7QPD-2RXW",
        "vmart://other?url=https://a&code=VM4K-7QPD-2RXW", "vmart://connect?url=a&url=b&code=VM4K-7QPD-2RXW",
        "vmart://connect?url=a&code=short", "https://connect?url=a&code=VM4K-7QPD-2RXW",
        "vmart://connect?url=a&code=VM4K-7QPD-2RXW\n", "vmart://[connect?url=a&code=VM4K-7QPD-2RXW",
        "vmart://connect?url=" + "a" * 2000 + "&code=VM4K-7QPD-2RXW",
    ],
)  # fmt: skip
def test_a_link_that_is_damaged_is_one_sentence(text: str) -> None:
    if text.endswith("\n"):
        assert parse_link(text).code == "VM4K-7QPD-2RXW"
        return
    with pytest.raises(SettingsInvalid):
        parse_link(text)


def test_a_link_is_read_as_it_was_written() -> None:
    started = time.monotonic()
    code = fresh_code()
    for url in (ADDRESS, "http://127.0.0.1:5000", "https://a.example/b?c"):
        link = link_to(url, code)
        assert is_link(link)
        assert (parse_link(link).url, parse_link(link).code) == (url, code)
        assert parse_link(link.replace("connect?", "connect/?")) == parse_link(link)
    assert find_code("vmart_0123456789") is None
    assert time.monotonic() - started < 60

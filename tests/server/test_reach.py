"""Where connections may lead: not to the credentials of clouds, in no notation, and by no name that lies."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server import reach
from server.connectors import KINDS
from server.reach import Reach
from shared.errors import AppError, HostNotAllowed, SettingsInvalid
from shared.settings import BackendSettings, SecuritySection
from tests.server.running import RunningBackend, start

METADATA = (
    "169.254.169.254",
    "169.254.0.1",
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376",
    "169.254.43518",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "[::ffff:169.254.169.254]",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::1",
    "::169.254.169.254",
    "fe80::1",
    "fe80::a9fe:a9fe",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",  # noqa: S104 - that is what is tested
    "0",
    "::",
    "::ffff:0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "169.254.169.254.",
)

PARAMS: dict[str, Callable[[str], dict[str, Any]]] = {
    "postgresql": lambda host: {"host": host, "database": "d", "user": "u", "password": "p"},
    "clickhouse": lambda host: {"host": host, "user": "u"},
    "sqlserver": lambda host: {"host": host, "database": "d", "user": "u", "password": "p"},
    "oracle": lambda host: {"host": host, "service_name": "s", "user": "u", "password": "p"},
    "tableau": lambda host: {"url": f"https://{_url(host)}", "token_name": "t", "token_secret": "s"},
    "google_drive": lambda host: {
        "url": f"https://{_url(host)}",
        "refresh_token": "r",
        "client_id": "c",
        "client_secret": "s",
    },
}


def _url(host: str) -> str:
    return f"[{host.strip('[]')}]" if ":" in host else host


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What a name server says; each question takes the first answer, and leaves the last one there."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *more: Any, **rest: Any) -> Any:
        answers = known.get(str(host))
        if answers is None:
            return real(host, port, *more, **rest)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [found for one in answer.split() for found in real(one, port, *more, **rest)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


@pytest.mark.parametrize("host", METADATA)
def test_no_notation_leads_to_a_metadata_service(host: str) -> None:
    with pytest.raises(HostNotAllowed) as told:
        Reach().check(host)
    assert "security.connection_hosts" in told.value.details


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.1.2.3", "8.8.8.8", "::1", "fd12::1", "no-such.invalid"]
)
def test_what_is_ordinary_is_let_through(host: str) -> None:
    Reach().check(host)


@pytest.mark.parametrize("kind", PARAMS)
@pytest.mark.parametrize("host", ["169.254.169.254", "0xa9fea9fe", "fe80::1", "metadata.test"])
def test_no_kind_of_connection_is_opened_there(kind: str, host: str, names: dict[str, list[str]]) -> None:
    names["metadata.test"] = ["169.254.169.254"]
    with pytest.raises(HostNotAllowed):
        KINDS[kind].open(PARAMS[kind](host), 2)


@pytest.mark.parametrize("kind", PARAMS)
def test_every_kind_with_a_host_says_where_it_would_lead(kind: str) -> None:
    assert list(KINDS[kind].hosts(PARAMS[kind]("db.example.com"))) == ["db.example.com"]


def test_a_tns_descriptor_leads_nowhere_else_either() -> None:
    addresses = "".join(
        f"(ADDRESS=(PROTOCOL=tcp)(HOST={host})(PORT=80))" for host in ("db1", "169.254.169.254")
    )
    bad = f"(DESCRIPTION=(ADDRESS_LIST={addresses})(CONNECT_DATA=(SERVICE_NAME=s)))"
    params = {"dsn": bad, "user": "u", "password": "p"}
    assert list(KINDS["oracle"].hosts(params)) == ["db1", "169.254.169.254"]


def test_a_name_that_changes_its_mind_is_asked_once(names: dict[str, list[str]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        names["rebinding.test"] = ["127.0.0.1", "169.254.169.254"]
        port = listening.getsockname()[1]
        with Reach().connect("rebinding.test", port, 5) as sock:
            assert sock.getpeername() == ("127.0.0.1", port)


def test_one_bad_address_spoils_the_name(names: dict[str, list[str]]) -> None:
    names["both.test"] = ["127.0.0.1 169.254.169.254"]
    with pytest.raises(HostNotAllowed):
        Reach().connect("both.test", 1, 1)


def test_the_list_names_hosts_all_below_one_and_networks(names: dict[str, list[str]]) -> None:
    names |= {"db1.example.com": ["10.1.1.1"], "x.y.shop.test": ["10.9.9.9"], "shop.test": ["10.9.9.9"]}
    names |= {
        "inside.test": ["10.20.3.4"],
        "half.test": ["10.20.3.4 10.21.0.1"],
        "evil.example.com": ["10.1.1.1"],
    }
    names |= {"sly.shop.test": ["169.254.169.254"]}
    listed = Reach(["DB1.example.com.", "*.shop.test", "10.20.0.0/16", "::1"])
    for host in (
        "db1.example.com",
        "DB1.EXAMPLE.COM",
        "db1.example.com.",
        "x.y.shop.test",
        "inside.test",
        "10.20.1.1",
    ):
        listed.check(host)
    for host in (
        "shop.test",
        "half.test",
        "evil.example.com",
        "127.0.0.1",
        "unknown.invalid",
        "xdb1.example.com",
    ):
        with pytest.raises(HostNotAllowed, match="may not lead"):
            listed.check(host)
    with pytest.raises(HostNotAllowed, match="link-local"):
        listed.check("sly.shop.test")
    Reach(["169.254.7.0/24"]).check("169.254.7.7")
    with pytest.raises(HostNotAllowed):
        Reach(["169.254.7.0/24"]).check("169.254.169.254")


@pytest.mark.parametrize(
    "text", ["", "a b", "http://x", "10.0.0.0/99", "*", "*.*.x", "x/y", "999.1.1.1", "\u0967.1"]
)
def test_a_list_that_cannot_be_is_one_sentence(text: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"security\.connection_hosts"):
        Reach([text])


@pytest.mark.parametrize(
    "text", ["", "srv/retail", "~/retail", "/srv\0"], ids=["none", "part", "home", "zero"]
)
def test_a_folder_in_the_list_is_named_in_full(text: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"security\.connection_folders"):
        Reach(folders=[text])


def test_files_lie_below_the_folders_that_are_listed_wherever_a_link_pretends(tmp_path: Path) -> None:
    retail, elsewhere = tmp_path / "retail", tmp_path / "retail-too"
    for folder in (retail / "2026", elsewhere):
        folder.mkdir(parents=True)
        (folder / "stores.csv").write_text("store,zone\nS1,North\n")
    (retail / "out").symlink_to(elsewhere)
    (tmp_path / "in").symlink_to(retail / "2026")
    settings = BackendSettings(security=SecuritySection(connection_folders=[str(retail)]))
    running = start(tmp_path / "home", KINDS.values(), settings)
    try:
        made = {"name": "files", "type": "filesystem", "params": {"root": str(retail)}}
        assert running.ask("POST", "/api/connections", made).status == 201
        for root in (retail / "2026", tmp_path / "in"):
            assert running.ask("PUT", "/api/connections/files", {"params": {"root": str(root)}}).status == 200
        for root in (elsewhere, retail / "out", retail / ".." / "retail-too", tmp_path):
            answered = running.ask("PUT", "/api/connections/files", {"params": {"root": str(root)}})
            assert (answered.status, answered.json["code"]) == (400, "host_not_allowed"), root
        query = {"connection": "files", "query": "SELECT count(*) FROM stores"}
        assert running.ask("POST", "/api/query", query).json["rows"] == [[1]]
    finally:
        running.stop()
    (tmp_path / "in").unlink()
    (tmp_path / "in").symlink_to(elsewhere)  # after it was looked at
    with reach.within(Reach(folders=[str(retail)])), pytest.raises(HostNotAllowed):
        KINDS["filesystem"].open({"root": str(tmp_path / "in")}, 5)


def test_the_way_holds_for_the_thread_that_opens_and_no_other() -> None:
    with reach.within(Reach(["db1"])), pytest.raises(HostNotAllowed):
        reach.current().check("127.0.0.1")
    reach.current().check("127.0.0.1")


@pytest.fixture
def narrow(tmp_path: Path) -> Any:
    settings = BackendSettings(security=SecuritySection(connection_hosts=["127.0.0.1"]))
    running = start(tmp_path, KINDS.values(), settings)
    yield running
    running.stop()


def test_a_connection_that_leads_elsewhere_is_neither_made_nor_changed_to(narrow: RunningBackend) -> None:
    def made(host: str) -> dict[str, Any]:
        return {"name": "pg", "type": "postgresql", "params": PARAMS["postgresql"](host)}

    for host in ("10.1.2.3", "169.254.169.254", "db.invalid"):
        answered = narrow.ask("POST", "/api/connections", made(host))
        assert (answered.status, answered.json["code"]) == (400, "host_not_allowed")
        assert "p" not in answered.json["error"].split()
    assert narrow.ask("POST", "/api/connections", made("127.0.0.1")).status == 201
    changed = narrow.ask("PUT", "/api/connections/pg", made("10.1.2.3"))
    assert changed.status in (400, 422)
    moved = narrow.ask("PUT", "/api/connections/pg", {"params": PARAMS["postgresql"]("10.1.2.3")})
    assert (moved.status, moved.json["code"]) == (400, "host_not_allowed")


@pytest.mark.parametrize(
    "root",
    [
        "/proc/self",
        "/etc",
        "/etc/ssl/private",
        "/proc",
        "/sys",
        "/dev",
        "/run",
        "/",
        "/etc/../proc/1",
        "{home}",
        "{home}/backend",
        "{home}/cache/files",
        "{home}/cache/google_drive/x",
        "{home}/demo",
        "{home}/demo/backend",
    ],
)
def test_a_folder_of_secrets_is_no_folder_of_files(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMART_HOME", str(tmp_path))
    (tmp_path / "backend").mkdir()
    (tmp_path / "link").symlink_to(root.format(home=tmp_path))
    for path in (root.format(home=tmp_path), str(tmp_path / "link")):
        with pytest.raises(AppError, match="secrets"):
            KINDS["filesystem"].open({"root": path}, 5)

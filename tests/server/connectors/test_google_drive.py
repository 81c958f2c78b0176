"""Google Drive: the contract, what becomes a table, changes, and everything that goes wrong on the way."""

import io
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from server.connectors.base import FileConnector, Limits
from server.connectors.google_drive import kind as google_drive
from server.connectors.google_drive import mirror as google_drive_mirror
from server.connectors.google_drive.kind import GoogleDriveConnector
from shared import guard
from shared.errors import (
    AppError,
    NotFound,
    QueryCancelled,
    QueryTimeout,
    SourceBusy,
    SourceUnavailable,
    TooLarge,
)
from tests.peers.fault_proxy import Fault as LineFault
from tests.peers.fault_proxy import FaultProxy
from tests.peers.google_drive import DOCUMENT, SHEET, DriveServer
from tests.peers.web import Fault
from tests.server.connectors.contract import SqlConnectorContract, rows_of

Opener = Callable[..., GoogleDriveConnector]


@pytest.fixture
def drive() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


@pytest.fixture
def opened(drive: DriveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
    """Opens connectors that look at Drive each time, and closes them."""
    monkeypatch.setenv("VMART_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(google_drive_mirror, "LOOK_AGAIN_SECONDS", 0)
    made: list[GoogleDriveConnector] = []

    def open_(**params: Any) -> GoogleDriveConnector:
        made.append(google_drive.open_({**drive.params(), **params}, 20))
        return made[-1]

    yield open_
    for connector in made:
        connector.close()


@pytest.fixture
def shop(drive: DriveServer) -> str:
    """A folder with a CSV, a sheet, and a folder in it."""
    return put_shop(drive)


def put_shop(drive: DriveServer) -> str:
    root = drive.folder("Shop", file_id="folder-of-the-shop")
    drive.put("stores.csv", b"store_id,name\n1,Sunder\n2,Nai Sarak\n", parent=root, kind="text/csv")
    drive.put("Targets 2026", workbook([["store", "amount"], [1, 10.5], [2, 20.25]]), parent=root, kind=SHEET)
    inner = drive.folder("HR", parent=root)
    drive.put("Staff List.tsv", b"id\tname\n1\tAsha\n", parent=inner)
    drive.put("notes", "आज ₹".encode(), parent=root, kind=DOCUMENT)
    return root


def workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ask(connector: GoogleDriveConnector, text: str, *, seconds: float = 30) -> list[list[object]]:
    with connector.query(guard.check(text, "duckdb"), {}, Limits(1000, seconds)) as result:
        return rows_of(result)


def names(connector: GoogleDriveConnector) -> set[str]:
    return {table.name for table in connector.schema().tables}


class TestGoogleDriveContract(SqlConnectorContract):
    """On one connection, which costs a process, as a pool would use it."""

    @pytest.fixture(scope="class")
    def lasting(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoogleDriveConnector]:
        with DriveServer() as drive, pytest.MonkeyPatch.context() as patch:
            patch.setenv("VMART_HOME", str(tmp_path_factory.mktemp("home")))
            connector = google_drive.open_(drive.params(folder=put_shop(drive)), 20)
            yield connector
            connector.close()

    @pytest.fixture
    def connector(self, lasting: GoogleDriveConnector, request: pytest.FixtureRequest) -> object:
        return request.getfixturevalue("opened")() if "closed_twice" in request.node.name else lasting


def test_files_and_sheets_of_a_folder_are_tables(opened: Opener, shop: str) -> None:
    connector = opened(folder=shop)
    assert names(connector) == {"stores", "targets_2026", "hr.staff_list"}
    assert ask(connector, "SELECT name FROM stores ORDER BY store_id") == [["Sunder"], ["Nai Sarak"]]
    assert ask(connector, "SELECT sum(amount) FROM targets_2026") == [[Decimal("30.75")]]
    assert connector.warnings() == []


@pytest.mark.parametrize("place", ["link", "path", "everything"])
def test_the_folder_is_given_by_link_or_path_or_not_at_all(opened: Opener, shop: str, place: str) -> None:
    link = "https://drive.google.com/drive/folders/folder-of-the-shop?usp=sharing"
    connector = opened(folder={"link": link, "path": "Shop", "everything": ""}[place])
    table = "shop.stores" if place == "everything" else "stores"
    assert ask(connector, f"SELECT count(*) FROM {table}") == [[2]]


def test_a_shared_drive_is_found_by_its_name(opened: Opener, drive: DriveServer) -> None:
    drive.drives.append({"id": "0ADrive", "name": "Head Office"})
    drive.put("plan.csv", b"a\n1\n", parent="0ADrive", driveId="0ADrive")
    assert names(opened(shared_drive="Head Office")) == {"plan"}
    with pytest.raises(AppError, match="no shared drive"):
        opened(shared_drive="Nowhere").schema()


def test_only_what_a_query_reads_is_fetched(opened: Opener, drive: DriveServer, shop: str) -> None:
    connector = opened(folder=shop)
    ask(connector, "SELECT * FROM stores")
    fetched = [call for call in drive.calls if call.startswith("files/")]
    assert len(fetched) == 2, "the folder, and one file"
    ask(connector, "SELECT count(*) FROM stores")
    assert len([call for call in drive.calls if call.startswith("files/")]) == 2


def test_a_shortcut_is_what_it_leads_to_within_the_folder_that_was_shared(
    opened: Opener, drive: DriveServer, shop: str
) -> None:
    by_name = {one["name"]: one["id"] for one in drive.files.values()}
    outside = drive.put("secret.csv", b"a\n1\n")
    drive.shortcut("Copy of stores.csv", by_name["stores.csv"], parent=by_name["HR"])
    drive.shortcut("People", by_name["HR"], parent=shop)
    drive.shortcut("in a circle", shop, parent=by_name["HR"])
    drive.shortcut("out.csv", outside, parent=shop)
    drive.shortcut("gone.csv", "no-such-file", parent=shop)
    drive.shortcut("twice", drive.shortcut("itself", "x", parent=shop, file_id="itself-1"), parent=shop)
    connector = opened(folder=shop)
    assert names(connector) == {
        "stores", "targets_2026", "hr.staff_list", "hr.copy_of_stores", "people.staff_list",
        "people.copy_of_stores",
    }  # fmt: skip
    both = "SELECT count(*) FROM stores a JOIN people.copy_of_stores b ON a.store_id = b.store_id"
    assert ask(connector, both) == [[2]]
    assert connector.read("People/Staff List.tsv", 100).data == b"id\tname\n1\tAsha\n"
    assert {entry.path for entry in connector.list("People", 10)} == {
        "People/Copy of stores.csv", "People/Staff List.tsv",
    }  # fmt: skip
    (said,) = connector.warnings()
    assert said.startswith("6 shortcuts lead out of the folder or in a circle")
    assert not any(outside in call for call in drive.calls), "what lies outside is not even asked for"
    drive.put("stores.csv", b"store_id,name\n9,New\n", parent=shop, file_id=by_name["stores.csv"])
    assert ask(connector, "SELECT store_id FROM hr.copy_of_stores") == [[9]]
    drive.remove(by_name["stores.csv"])
    assert names(connector) == {"targets_2026", "hr.staff_list", "people.staff_list"}


def test_shortcuts_between_many_folders_do_not_multiply(opened: Opener, drive: DriveServer) -> None:
    root = drive.folder("Knots", file_id="folder-of-knots")
    folders = [drive.folder(f"f{number}", parent=root) for number in range(12)]
    for folder in folders:
        for other in folders:
            drive.shortcut(f"to {other}", other, parent=folder)
    drive.put("x.csv", b"a\n1\n", parent=folders[0])
    assert len(names(opened(folder=root))) == 1 + 11


def test_changes_are_seen_and_only_changed_files_fetched(
    opened: Opener, drive: DriveServer, shop: str
) -> None:
    connector = opened(folder=shop)
    connector.schema()
    walks = drive.calls.count("files")
    file_id = next(one["id"] for one in drive.files.values() if one["name"] == "stores.csv")
    drive.put("stores.csv", b"store_id,name\n7,New\n", parent=shop, file_id=file_id)
    added = drive.put("added.csv", b"a\n1\n", parent=shop)
    assert ask(connector, "SELECT store_id FROM stores") == [[7]]
    assert ask(connector, "SELECT a FROM added") == [[1]]
    drive.remove(added)
    assert names(connector) == {"stores", "targets_2026", "hr.staff_list"}
    assert drive.calls.count("files") == walks, "the changes told it all"
    inner = drive.folder("2027", parent=shop)
    drive.put("later.csv", b"a\n1\n", parent=inner)
    assert "t_2027.later" in names(connector)


def test_hostile_names_become_plain_tables_that_are_told_apart(
    opened: Opener, drive: DriveServer, tmp_path: Path
) -> None:
    root = drive.folder("x", file_id="hostile-folder")
    for name in (
        "../../etc/passwd.csv",
        "sales.csv",
        "sales.csv",
        "Sales.CSV",
        "a/b.csv",
        "a\\b.csv",
        "evil\u202evsc.csv",
        "..",
        "'; DROP TABLE x; --.csv",
        "x" * 400 + ".csv",
        ".hidden.csv",
        "select.csv",
        "\x00\n.csv",
    ):
        drive.put(name, b"a\n1\n", parent=root, kind="text/csv")
    connector = opened(folder=root)
    found = names(connector)
    assert len(found) == 13
    assert all(name.isidentifier() for name in found)
    together = " UNION ALL ".join(f"SELECT a FROM {name}" for name in found)
    assert ask(connector, together) == [[1]] * 13
    paths = [entry.path for entry in connector.list("", 100)]
    assert len(set(paths)) == 13
    assert not any("/" in path or "\u202e" in path or path.strip(".") == "" for path in paths)
    outside = [path for path in tmp_path.rglob("*.csv") if "google_drive" not in str(path)]
    assert outside == []


def test_files_are_listed_searched_and_read(opened: Opener, shop: str) -> None:
    connector = opened(folder=shop)
    assert isinstance(connector, FileConnector)
    assert [entry.path for entry in connector.list("", 100)] == ["HR", "notes", "stores.csv", "Targets 2026"]
    assert [entry.path for entry in connector.list("HR", 100)] == ["HR/Staff List.tsv"]
    assert [entry.path for entry in connector.search("staff", 10)] == ["HR/Staff List.tsv"]
    assert [entry.path for entry in connector.search("nai sarak", 10)] == ["stores.csv"]
    assert connector.read("stores.csv", 1000).data.startswith(b"store_id,name\n")
    notes = connector.read("notes", 1000)
    assert (notes.name, notes.media_type, notes.data.decode()) == ("notes.txt", "text/plain", "आज ₹")
    with pytest.raises(TooLarge):
        connector.read("stores.csv", 10)
    for path in ("../stores.csv", "HR/../stores.csv", "nothing.csv", "HR"):
        with pytest.raises(NotFound):
            connector.read(path, 1000)


def test_an_expired_token_is_renewed_once(opened: Opener, drive: DriveServer, shop: str) -> None:
    connector = opened(folder=shop)
    ask(connector, "SELECT * FROM stores")
    drive.tokens.clear()
    assert ask(connector, "SELECT count(*) FROM stores") == [[2]]
    assert drive.calls.count("token") == 2
    drive.faults += [Fault(401, "authError", path="changes")] * 2
    with pytest.raises(SourceUnavailable, match="does not let this account in"):
        ask(connector, "SELECT count(*) FROM stores")


def test_a_persons_refresh_token_is_enough(opened: Opener, drive: DriveServer, shop: str) -> None:
    params = {"service_account": "", "refresh_token": "1//good", "client_id": "c", "client_secret": "hush"}
    assert ask(opened(folder=shop, **params), "SELECT count(*) FROM stores") == [[2]]
    with pytest.raises(SourceUnavailable, match="secret is wrong"):
        opened(**{**params, "client_secret": "no"})
    with pytest.raises(SourceUnavailable, match="does not accept") as caught:
        opened(**{**params, "refresh_token": "1//revoked-and-secret"})
    assert "1//revoked" not in str(caught.value)


def test_rate_limits_are_waited_out_and_refusals_are_not(
    opened: Opener, drive: DriveServer, shop: str
) -> None:
    connector = opened(folder=shop)
    drive.faults += [Fault(403, "userRateLimitExceeded"), Fault(503, "backendError"), Fault(429, "x")]
    assert ask(connector, "SELECT count(*) FROM stores") == [[2]]
    for status, reason, error, said in (
        (403, "insufficientFilePermissions", AppError, "may not read"),
        (403, "dailyLimitExceeded", SourceBusy, "quota"),
        (403, "accessNotConfigured", SourceUnavailable, "switched off"),
    ):
        drive.faults.append(Fault(status, reason))
        with pytest.raises(error, match=said):
            ask(connector, "SELECT count(*) FROM stores")
    drive.faults += [Fault(429, "rateLimitExceeded")] * 9
    started = time.monotonic()
    with pytest.raises(SourceBusy, match="too often"):
        ask(connector, "SELECT count(*) FROM stores", seconds=2)
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("spoiled", ["cut", "other"])
def test_half_a_download_is_never_used(
    opened: Opener, drive: DriveServer, shop: str, spoiled: str, tmp_path: Path
) -> None:
    connector = opened(folder=shop)
    file_id = next(one["id"] for one in drive.files.values() if one["name"] == "stores.csv")
    good = drive.contents[file_id]
    if spoiled == "cut":
        drive.faults.append(Fault(cut=True, path=file_id))
    else:
        drive.contents[file_id] = good[:-2] + b"x\n"
    with pytest.raises(SourceUnavailable):
        ask(connector, "SELECT count(*) FROM stores")
    assert list((tmp_path / "home").rglob("*.csv")) == []
    assert list((tmp_path / "home").rglob("*.part")) == []
    drive.contents[file_id] = good
    assert ask(connector, "SELECT count(*) FROM stores") == [[2]]


def test_a_download_that_drips_ends_at_the_deadline_or_when_cancelled(
    opened: Opener, drive: DriveServer, shop: str
) -> None:
    connector = opened(folder=shop)
    file_id = next(one["id"] for one in drive.files.values() if one["name"] == "stores.csv")
    connector.list("", 1)
    drive.faults.append(Fault(slow=True, path=file_id))
    with pytest.raises(QueryTimeout):
        ask(connector, "SELECT count(*) FROM stores", seconds=1)
    drive.faults.append(Fault(slow=True, path=file_id))
    timer = threading.Timer(0.5, connector.cancel)
    timer.start()
    with pytest.raises(QueryCancelled):
        ask(connector, "SELECT count(*) FROM stores")
    timer.join()
    assert ask(connector, "SELECT count(*) FROM stores") == [[2]]


def test_the_token_goes_nowhere_else(opened: Opener, drive: DriveServer, shop: str) -> None:
    connector = opened(folder=shop)
    with DriveServer() as other:
        for location in (f"{other.url}/drive/v3/about", "/elsewhere"):
            drive.faults.append(Fault(location=location))
            with pytest.raises(SourceUnavailable, match=r"another address|redirect"):
                connector.ping()
        with pytest.raises(SourceUnavailable, match="not Google's"):
            opened(service_account=drive.key_file(token_uri=f"{other.url}/token"))
        assert other.calls == []
    with pytest.raises(SourceUnavailable, match="https"):
        opened(url="http://drive.example")


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"null", b'{"files": 7}', b'{"files": [{"id": 1}]}', b"\xff"]
)
def test_answers_that_make_no_sense_are_no_crash(
    opened: Opener, drive: DriveServer, shop: str, body: bytes
) -> None:
    connector = opened(folder=shop)
    drive.faults.append(Fault(body=body))
    with pytest.raises(AppError) as caught:
        ask(connector, "SELECT count(*) FROM stores")
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "{", "[]", '{"type": "service_account"}', '{"type": "authorized_user"}'])
def test_a_key_that_is_none_is_said_plainly(opened: Opener, key: str) -> None:
    with pytest.raises(SourceUnavailable, match="key"):
        opened(service_account=key)


def test_what_the_account_could_change_is_warned_of(opened: Opener, drive: DriveServer, shop: str) -> None:
    drive.can_edit = True
    (warning,) = opened(folder=shop).warnings()
    assert "viewer" in warning


def test_more_than_the_copy_may_hold_is_left_out_and_said(
    opened: Opener, drive: DriveServer, shop: str
) -> None:
    drive.put("huge.csv", b"a\n1\n", parent=shop)
    huge = next(one for one in drive.files.values() if one["name"] == "huge.csv")
    huge["size"] = "5000000"
    connector = opened(folder=shop, copy_mb=1)
    assert "huge" not in names(connector)
    assert any("huge.csv" in warning for warning in connector.warnings())


@pytest.mark.parametrize(
    "fault",
    [
        LineFault(black_hole=True),
        pytest.param(LineFault(refuse=True), marks=pytest.mark.slow),
        pytest.param(LineFault(cut_after_bytes=40), marks=pytest.mark.slow),
        LineFault(cut_after_bytes=40, reset=True),
        pytest.param(LineFault(latency_seconds=3), marks=pytest.mark.slow),
    ],
    ids=["black hole", "refused", "cut", "reset", "slow"],
)
def test_a_bad_line_ends_within_the_deadline_and_leaves_nothing_open(
    drive: DriveServer, opened: Opener, shop: str, fault: LineFault
) -> None:
    before = threading.active_count()
    with FaultProxy(drive.port) as line:
        drive.url = line.url
        connector = opened(folder=shop)
        ask(connector, "SELECT 1")
        line.cut_all()
        line.fault = fault
        started = time.monotonic()
        with pytest.raises(AppError):
            ask(connector, "SELECT count(*) FROM stores", seconds=1.5)
        assert time.monotonic() - started < 10
        line.fault = LineFault()
        line.cut_all()
        assert ask(connector, "SELECT count(*) FROM stores") == [[2]]
        connector.close()
    end = time.monotonic() + 10
    while threading.active_count() > before + 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert threading.active_count() <= before + 2

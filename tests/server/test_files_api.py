"""Files over HTTP: of a folder and of Google Drive, with everything hostile that a path can be."""

import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from server.connectors import filesystem, google_drive
from server.connectors.base import Document, Entry, Kind
from shared.errors import NotFound
from shared.wire import Schema
from tests.peers.google_drive import DriveServer
from tests.peers.source import Counts, number_kind
from tests.server.running import Answered, RunningBackend, start, wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "hr").mkdir(parents=True)
    (root / "stores.csv").write_text("id,name\n1,Sunder\n")
    (root / "hr" / "स्टाफ़ list.html").write_text("<script>")
    (root / ".secret").write_text("mark-of-it")
    (tmp_path / "outside.txt").write_text("mark-of-it")
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    (root / "up").symlink_to(tmp_path)
    os.mkfifo(root / "pipe")
    return root


@pytest.fixture
def backend(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningBackend]:
    monkeypatch.setenv("VMART_HOME", str(tmp_path / "home"))
    running = start(tmp_path / "home", [filesystem.KIND, google_drive.KIND, number_kind(Counts())])
    try:
        for name, kind, params in (
            ("shop", "filesystem", {"root": str(folder), "threads": 1}),
            ("numbers", "numbers", {}),
        ):
            body = {"name": name, "type": kind, "params": params}
            assert running.ask("POST", "/api/connections", body).status == 201
        yield running
    finally:
        running.stop()


def content(backend: RunningBackend, path: str, key: str | None = None) -> Answered:
    return backend.ask("GET", f"/api/files/shop/content?path={quote(path)}", key=key)


def test_a_folder_is_listed_searched_and_read(backend: RunningBackend) -> None:
    answer = backend.ask("GET", "/api/files/shop").json
    assert [one["path"] for one in answer["files"]] == ["hr", "stores.csv"]
    assert (answer["files"][0]["folder"], answer["files"][1]["size"]) == (True, 17)
    assert answer["truncated"] is False
    assert backend.ask("GET", "/api/files/shop?limit=1").json["truncated"] is True
    inner = backend.ask("GET", "/api/files/shop?path=hr").json["files"]
    assert [one["path"] for one in inner] == ["hr/स्टाफ़ list.html"]
    assert backend.ask("GET", "/api/files/shop?search=LIST").json["files"] == inner
    read = content(backend, "stores.csv")
    assert (read.status, read.body) == (200, b"id,name\n1,Sunder\n")
    page = content(backend, "hr/स्टाफ़ list.html")
    assert page.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "../outside.txt", "link.txt", "up/outside.txt", ".secret", "hr/../stores.csv", "pipe", "hr", "",
        "/etc/passwd", "hr\\..\\..\\outside.txt", "nothing", "stores.csv/x",
        "a\x00b", "x" * 5000, "%2e%2e/outside.txt",
    ],
)  # fmt: skip
def test_nothing_else_is_ever_read(backend: RunningBackend, path: str) -> None:
    answered = content(backend, path)
    assert answered.status in {400, 404}
    assert b"mark-of-it" not in answered.body
    assert backend.ask("GET", f"/api/files/shop?path={quote(path)}").status in {200, 400, 404}


def test_it_takes_the_permission_and_a_connection_with_files(backend: RunningBackend) -> None:
    key = backend.key("db_read")
    assert content(backend, "stores.csv", key=key).status == 403
    assert backend.ask("GET", "/api/files/shop", key=key).status == 403
    assert backend.ask("GET", "/api/files/shop", key=backend.key("files_read")).status == 200
    assert backend.ask("GET", "/api/files/numbers").status == 400
    assert backend.ask("GET", "/api/files/nowhere").status == 404
    for wrong in ("limit=0", "limit=x", "limit=99999", "limit=0000000019999999", "path=a&search=b"):
        assert backend.ask("GET", f"/api/files/shop?{wrong}").status == 400


class SlowFiles:
    """A source of files that lists nothing until it is told to go on."""

    def __init__(self, going_on: threading.Event, listing: Counter[str]) -> None:
        self._going_on, self._listing = going_on, listing

    def ping(self) -> None:
        return

    def reset(self) -> bool:
        return True

    def warnings(self) -> list[str]:
        return []

    def schema(self) -> Schema:
        return Schema([])

    def close(self) -> None:
        return

    def list(self, path: str, limit: int) -> Sequence[Entry]:
        self._listing[path] += 1
        assert self._going_on.wait(30)
        return []

    def search(self, text: str, limit: int) -> Sequence[Entry]:
        return []

    def read(self, path: str, max_bytes: int) -> Document:
        raise NotFound(f"There is no {path}.")


def test_one_callers_many_files_leave_room_for_anothers(tmp_path: Path) -> None:
    going_on, listing = threading.Event(), Counter[str]()
    kind = Kind("slow", "Slow files", "duckdb", (), lambda params, seconds: SlowFiles(going_on, listing))
    backend = start(tmp_path, [kind])
    try:
        backend.ask("POST", "/api/connections", {"name": "slow", "type": "slow", "params": {}})
        many, one = backend.key("files_read"), backend.key("files_read")
        with ThreadPoolExecutor(6) as pool:
            asked = [pool.submit(backend.ask, "GET", "/api/files/slow?path=a", key=many) for _ in range(5)]
            wait_until(lambda: listing["a"] == 3)
            asked.append(pool.submit(backend.ask, "GET", "/api/files/slow?path=b", key=one))
            wait_until(lambda: listing["b"] == 1)
            assert listing["a"] == 3
            going_on.set()
            assert {answer.result().status for answer in asked} == {200}
    finally:
        going_on.set()
        backend.stop()


def test_google_drive_is_a_connection_with_files_and_tables(backend: RunningBackend) -> None:
    with DriveServer() as drive:
        root = drive.folder("Shop", file_id="folder-of-the-shop")
        drive.put("stores.csv", b"id,name\n1,Sunder\n", parent=root)
        params = drive.params(folder=root)
        body = {"name": "drive", "type": "google_drive", "params": params}
        created = backend.ask("POST", "/api/connections", body)
        assert created.status == 201
        assert b"PRIVATE KEY" not in created.body
        tested = backend.ask("POST", "/api/connections/drive/test", {})
        assert (tested.status, tested.json["warnings"]) == (200, [])
        schema = backend.ask("GET", "/api/schema/drive").json
        assert [table["name"] for table in schema["tables"]] == ["stores"]
        answer = backend.ask("POST", "/api/query", {"connection": "drive", "query": "SELECT * FROM stores"})
        assert answer.json["rows"] == [[1, "Sunder"]]
        read = backend.ask("GET", "/api/files/drive/content?path=stores.csv")
        assert read.body == b"id,name\n1,Sunder\n"
        moved = {**params, "url": "https://elsewhere.example"}
        del moved["service_account"]
        refused = backend.ask("PUT", "/api/connections/drive", {"params": moved})
        assert (refused.status, "service_account" in refused.json["error"]) == (400, True)

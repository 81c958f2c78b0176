"""Files of runs: never over another, whole or not there, in a granted folder or nowhere."""

import threading
from datetime import datetime
from pathlib import Path

import pytest

from desktop.files.grants import Grants
from desktop.store.database import Database
from desktop.store.grants import GrantStore
from desktop.tasks.saving import GrantedFolders, stem_of
from shared.errors import Conflict, NotFound

NINE = datetime.fromisoformat("2026-11-27T09:00")


@pytest.fixture
def grants(tmp_path: Path) -> Grants:
    (tmp_path / "Reports").mkdir()
    return Grants(GrantStore(Database(tmp_path / "person" / "agent.db")), tmp_path / "person")


def keep(folders: GrantedFolders, folder: str, data: bytes = b"x") -> Path:
    return folders.keep(folder, "Sales 2026-11-27 0900", "csv", data, lambda _: None)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Sales by zone", "Sales by zone 2026-11-27 0900"),
        ("../../etc/passwd", "etc passwd 2026-11-27 0900"),
        ('a/b\\c:d*e?f"g<h>i|j', "a b c d e f g h i j 2026-11-27 0900"),
        ("CON", "Task CON 2026-11-27 0900"),
        ("nul report", "Task nul report 2026-11-27 0900"),
        ("...", "Task 2026-11-27 0900"),
        ("ज़ोन", "ज़ोन 2026-11-27 0900".replace("़", "़")),
        ("\u202egpj.exe", "gpj exe 2026-11-27 0900"),
    ],
)
def test_a_name_becomes_a_plain_file_name(name: str, stem: str) -> None:
    found = stem_of(name, NINE)
    assert found.endswith(" 2026-11-27 0900")
    assert not set(found) & set('/\\:*?"<>|\u202e')
    if name.isascii():
        assert found == stem
    assert len(stem_of("ज़" * 500, NINE).encode()) < 200


def test_a_second_file_of_the_same_minute_stands_beside_the_first(grants: Grants, tmp_path: Path) -> None:
    folders, grant = GrantedFolders(grants), grants.add(str(tmp_path / "Reports"))
    one, two = keep(folders, grant.id, b"one"), keep(folders, grant.id, b"two")
    assert (one.name, two.name) == ("Sales 2026-11-27 0900.csv", "Sales 2026-11-27 0900 (2).csv")
    assert one.read_bytes() == b"one"
    assert sorted(path.name for path in (tmp_path / "Reports").iterdir()) == [two.name, one.name]


def test_files_of_many_at_once_all_get_a_name_of_their_own(grants: Grants, tmp_path: Path) -> None:
    folders, grant = GrantedFolders(grants), grants.add(str(tmp_path / "Reports"))
    threads = [
        threading.Thread(target=keep, args=(folders, grant.id, f"{number}".encode())) for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = list((tmp_path / "Reports").iterdir())
    assert sorted(path.read_bytes() for path in found) == sorted(f"{n}".encode() for n in range(12))


def test_a_link_in_the_way_is_left_alone(grants: Grants, tmp_path: Path) -> None:
    folders, grant = GrantedFolders(grants), grants.add(str(tmp_path / "Reports"))
    target = tmp_path / "precious.csv"
    target.write_text("mine")
    (tmp_path / "Reports" / "Sales 2026-11-27 0900.csv").symlink_to(target)
    assert keep(folders, grant.id).name == "Sales 2026-11-27 0900 (2).csv"
    assert target.read_text() == "mine"


def test_the_path_is_claimed_before_the_file_is_there(grants: Grants, tmp_path: Path) -> None:
    folders, grant = GrantedFolders(grants), grants.add(str(tmp_path / "Reports"))
    there: list[bool] = []
    path = folders.keep(grant.id, "Sales", "csv", b"x", lambda path: there.append(path.exists()))
    assert there == [False]
    assert path.exists()


def test_a_folder_that_is_not_granted_any_more_gets_no_file(grants: Grants, tmp_path: Path) -> None:
    folders, grant = GrantedFolders(grants), grants.add(str(tmp_path / "Reports"))
    grants.revoke(grant.id)
    assert folders.list() == []
    with pytest.raises(NotFound, match="not granted any more"):
        keep(folders, grant.id)
    assert list((tmp_path / "Reports").iterdir()) == []


def test_dropped_files_are_no_folder_to_save_in(grants: Grants) -> None:
    folders, dropped = GrantedFolders(grants), grants.dropped()
    assert folders.list() == []
    with pytest.raises(NotFound):
        keep(folders, dropped.id)


def test_a_folder_that_is_gone_is_one_sentence_and_leaves_nothing(grants: Grants, tmp_path: Path) -> None:
    folders, grant = GrantedFolders(grants), grants.add(str(tmp_path / "Reports"))
    (tmp_path / "Reports").rmdir()
    with pytest.raises(Conflict, match=r"could not be saved in Reports"):
        keep(folders, grant.id)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "Reports").symlink_to(tmp_path / "elsewhere")  # the same name leads elsewhere now
    with pytest.raises(Conflict, match=r"could not be saved in Reports"):
        keep(folders, grant.id)
    assert list((tmp_path / "elsewhere").iterdir()) == []

"""A file is written whole or not at all, never over another unsaid, and what was there comes back."""

import os
import threading
from pathlib import Path

import pytest

from desktop.files import opening
from desktop.files.writing import Planned, Writing
from shared.errors import AppError, Conflict, FileNotWritten, NotFound, PathRefused, TooLarge
from tests.desktop.files.conftest import Place


@pytest.fixture(params=[True, False], ids=["by handles", "by paths"])
def writing(place: Place, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Writing:
    """Both ways: the second is the one that Windows goes."""
    monkeypatch.setattr(opening, "BY_HANDLE", request.param)
    return Writing(place.grants, place.home)


def test_a_new_file_appears_and_can_be_taken_back(writing: Writing, place: Place) -> None:
    written = writing.write(writing.plan("Reports/a/zones.csv", b"zone,net\n"))
    assert (place.folder / "a" / "zones.csv").read_bytes() == b"zone,net\n"
    assert (written.path, written.replaced) == ("Reports/a/zones.csv", False)
    assert writing.undo(written.id) == "Reports/a/zones.csv"
    assert list((place.folder / "a").iterdir()) == []
    with pytest.raises(NotFound):
        writing.undo(written.id)


def test_a_file_that_is_there_is_only_replaced_when_that_is_said_and_comes_back(
    writing: Writing, place: Place
) -> None:
    file = place.folder / "sales.txt"
    file.chmod(0o640)
    with pytest.raises(Conflict, match="there already"):
        writing.plan("Reports/sales.txt", b"new")
    written = writing.write(writing.plan("Reports/sales.txt", b"new", overwrite=True))
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o640
    writing.undo(written.id)
    assert file.read_text(encoding="utf-8") == "Net sales by zone\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in place.folder.iterdir()) == ["a", "sales.txt"]


def test_what_was_changed_since_the_person_saw_it_is_not_replaced(writing: Writing, place: Place) -> None:
    planned = writing.plan("Reports/sales.txt", b"new", overwrite=True)
    (place.folder / "sales.txt").write_text("of a colleague", encoding="utf-8")
    with pytest.raises(FileNotWritten, match="changed since"):
        writing.write(planned)
    assert (place.folder / "sales.txt").read_text(encoding="utf-8") == "of a colleague"
    fresh = writing.plan("Reports/fresh.txt", b"ours")
    (place.folder / "fresh.txt").write_text("of a colleague", encoding="utf-8")
    with pytest.raises(FileNotWritten):
        writing.write(fresh)
    assert (place.folder / "fresh.txt").read_text(encoding="utf-8") == "of a colleague"


def test_what_was_changed_since_it_was_written_is_not_taken_back(writing: Writing, place: Place) -> None:
    written = writing.write(writing.plan("Reports/sales.txt", b"new", overwrite=True))
    (place.folder / "sales.txt").write_bytes(b"and then edited")
    with pytest.raises(FileNotWritten, match="changed since"):
        writing.undo(written.id)
    assert (place.folder / "sales.txt").read_bytes() == b"and then edited"


ELSEWHERE = [
    *("Reports", "Reports/nowhere/x.csv", "Reports/a", "../x.csv", "Reports/../x.csv", "/etc/cron.d/x"),
    *("Other/x.csv", "Reports/out/x.csv", "Reports/link.csv", "Reports/.bashrc", "Dropped files/x.csv"),
    *("Reports/.ssh/authorized_keys", "Reports/a\0.csv", "Reports/CON.csv", "Reports/x.csv:y"),
]


@pytest.mark.parametrize("text", ELSEWHERE, ids=map(repr, ELSEWHERE))
def test_nothing_is_written_anywhere_else(text: str, writing: Writing, place: Place) -> None:
    (place.folder / "out").symlink_to(place.outside)
    (place.folder / "link.csv").symlink_to(place.outside / "new.csv")
    (place.folder / ".ssh").mkdir()
    place.grants.dropped()
    with pytest.raises(AppError):
        writing.write(writing.plan(text, b"x", overwrite=True))
    assert sorted(each.name for each in place.outside.iterdir()) == ["Reports", "secret.txt"]


def test_a_hard_link_is_not_written_through(writing: Writing, place: Place) -> None:
    (place.folder / "hard.txt").hardlink_to(place.outside / "secret.txt")
    with pytest.raises(PathRefused):
        writing.plan("Reports/hard.txt", b"x", overwrite=True)
    assert (place.outside / "secret.txt").read_text(encoding="utf-8") == "secret"


def test_a_folder_swapped_for_a_link_after_the_yes_gets_nothing(writing: Writing, place: Place) -> None:
    planned = writing.plan("Reports/a/x.csv", b"x")
    (place.folder / "a").rmdir()
    (place.folder / "a").symlink_to(place.outside)
    with pytest.raises(PathRefused):
        writing.write(planned)
    assert not (place.outside / "x.csv").exists()


def test_of_many_who_write_one_name_at_once_one_succeeds(writing: Writing, place: Place) -> None:
    plans = [writing.plan("Reports/same.txt", bytes([65 + number]) * 1000) for number in range(8)]
    done: list[str] = []
    failed: list[str] = []

    def write(planned: Planned) -> None:
        try:
            writing.write(planned)
            done.append(planned.data[:1].decode())
        except FileNotWritten:
            failed.append(planned.data[:1].decode())

    threads = [threading.Thread(target=write, args=(planned,)) for planned in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = done
    assert (place.folder / "same.txt").read_text(encoding="utf-8") == winner * 1000
    assert len(failed) == 7
    assert not [each for each in place.folder.iterdir() if each.name.endswith(".part")]


def test_a_revoked_folder_is_not_written_into_although_the_person_said_yes_before(
    writing: Writing, place: Place
) -> None:
    planned = writing.plan("Reports/x.csv", b"x")
    [grant] = place.grants.list()
    place.grants.revoke(grant.id)
    with pytest.raises(PathRefused, match="not granted any more"):
        writing.write(planned)


def test_what_is_too_large_is_not_written(writing: Writing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.files.writing.MOST_BYTES", 10)
    with pytest.raises(TooLarge):
        writing.plan("Reports/x.csv", b"x" * 11)


def test_only_the_newest_replaced_files_are_kept(
    writing: Writing, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.files.writing._MOST_KEPT", 3)
    for number in range(6):
        writing.write(writing.plan("Reports/sales.txt", bytes([65 + number]), overwrite=True))
        for place_ in (place.home / "files" / "replaced").iterdir():
            os.utime(place_, ns=(place_.stat().st_mtime_ns - 10**9,) * 2)
    assert len(list((place.home / "files" / "replaced").iterdir())) <= 4


def test_a_full_disk_leaves_what_was_there(place: Place, tmp_path: Path) -> None:
    """A file of a fixed size stands for the disk: the system refuses to write beyond it in the same way."""
    import resource

    writing = Writing(place.grants, place.home)
    planned = writing.plan("Reports/sales.txt", b"x" * 100_000, overwrite=True)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(FileNotWritten, match="could not be written"):
            writing.write(planned)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    assert (place.folder / "sales.txt").read_text(encoding="utf-8") == "Net sales by zone\n"
    assert sorted(each.name for each in place.folder.iterdir()) == ["a", "sales.txt"]

"""No path leads out of what was granted."""

import os
import socket
import subprocess
import sys
import threading
import unicodedata
from pathlib import Path

import pytest

from desktop.files import opening
from desktop.files.grants import Grants
from desktop.files.paths import refuse_for_writing, steps_of
from shared.errors import AppError, Conflict, FileNotFound, FileUnreadable, InvalidRequest, PathRefused
from tests.desktop.files.conftest import Place
from tests.desktop.files.hostile_paths import ON_WINDOWS, OUTSIDE


def read(grants: Grants, text: str) -> str:
    with grants.open(grants.resolve(text)) as file:
        return file.read().decode()


@pytest.mark.parametrize("text", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_a_hostile_path_opens_nothing(text: str, place: Place) -> None:
    for name in (".ssh", ".vmart", ".SSH"):
        (place.folder / name / "agent").mkdir(parents=True)
        (place.folder / name / "id_rsa").write_text("secret", encoding="utf-8")
        (place.folder / name / "agent" / "agent.db").write_text("secret", encoding="utf-8")
    (place.folder / ".netrc").write_text("secret", encoding="utf-8")
    with pytest.raises((PathRefused, FileNotFound)):
        read(place.grants, text)
    with pytest.raises((PathRefused, FileNotFound)):
        place.grants.resolve_new(text if text.strip("/ ") else "..")


@pytest.mark.parametrize("text", ON_WINDOWS.values(), ids=ON_WINDOWS.keys())
def test_what_windows_reads_otherwise_is_refused_by_its_rules(text: str) -> None:
    with pytest.raises(PathRefused):
        steps_of(text, windows=True)


@pytest.mark.parametrize(
    "name", ["CON", "nul.csv", "a:b", "report.", "report ", "com1.xlsx", "a?b", ".hidden"]
)
def test_nothing_is_written_under_a_name_that_windows_reads_otherwise(name: str, place: Place) -> None:
    with pytest.raises(PathRefused):
        refuse_for_writing(name)
    with pytest.raises(PathRefused):
        place.grants.resolve_new(f"Reports/{name}")


@pytest.mark.parametrize(
    "text",
    [
        "Reports/sales.txt",
        "reports/SALES.TXT",
        "Reports/./sales.txt",
        "Reports//sales.txt",
        "{folder}/sales.txt",
    ],
)
def test_a_file_is_found_as_people_write_it(text: str, place: Place) -> None:
    assert read(place.grants, text.format(folder=place.folder)) == "Net sales by zone\n"


def test_a_name_is_found_however_its_accents_are_composed(place: Place) -> None:
    (place.folder / unicodedata.normalize("NFD", "Résumé क़.txt")).write_text("found", encoding="utf-8")
    assert read(place.grants, unicodedata.normalize("NFC", "Reports/Résumé क़.txt")) == "found"


def test_two_names_that_could_be_meant_are_asked_back(place: Place) -> None:
    (place.folder / "X.txt").write_text("1", encoding="utf-8")
    (place.folder / "x.txt").write_text("2", encoding="utf-8")
    assert read(place.grants, "Reports/x.txt") == "2"
    (place.folder / "x.txt").rename(place.folder / "x.TXT")
    with pytest.raises(FileNotFound, match="could be any of"):
        read(place.grants, "Reports/x.txt")


LEADING_OUT = [
    *("outer.txt", "out/secret.txt", "out/SECRET.TXT", "relative/outside/secret.txt", "chain/secret.txt"),
    *("circle", "root/etc/passwd", "dangling"),
]


def test_a_link_inside_is_followed_and_one_that_leads_out_is_not(place: Place) -> None:
    (place.folder / "inner.txt").symlink_to(place.folder / "sales.txt")
    (place.folder / "outer.txt").symlink_to(place.outside / "secret.txt")
    (place.folder / "out").symlink_to(place.outside)
    (place.folder / "relative").symlink_to("../..")
    (place.folder / "chain").symlink_to(place.folder / "out")
    (place.folder / "circle").symlink_to(place.folder / "circle")
    (place.folder / "root").symlink_to("/proc/self/root")
    (place.folder / "dangling").symlink_to(place.outside / "later.txt")
    assert read(place.grants, "Reports/inner.txt") == "Net sales by zone\n"
    for text in LEADING_OUT:
        with pytest.raises((PathRefused, FileNotFound)) as refusal:
            read(place.grants, f"Reports/{text}")
        assert "secret" not in str(refusal.value).replace(text, "")
        with pytest.raises((PathRefused, FileNotFound)):
            place.grants.resolve_new(f"Reports/{text}/x.txt")


def test_a_hard_link_to_a_file_outside_is_refused_and_one_between_files_inside_is_not(place: Place) -> None:
    (place.folder / "hard.txt").hardlink_to(place.outside / "secret.txt")
    with pytest.raises(PathRefused, match="hard link"):
        read(place.grants, "Reports/hard.txt")
    (place.folder / "a" / "same.txt").hardlink_to(place.folder / "sales.txt")
    assert read(place.grants, "Reports/a/same.txt") == "Net sales by zone\n"


def test_pipes_and_sockets_are_no_files_and_nobody_waits_for_them(place: Place) -> None:
    os.mkfifo(place.folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place.folder / "socket"))
        for name, kind in (("pipe", "a pipe"), ("socket", "a socket"), ("a", "a folder")):
            with pytest.raises(PathRefused, match=kind):
                read(place.grants, f"Reports/{name}")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="ONLY ROOT CAN MAKE DEVICES")
def test_a_device_in_the_folder_is_not_opened(place: Place) -> None:
    import stat

    try:
        os.mknod(place.folder / "zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    except OSError:
        pytest.skip("THIS SYSTEM LETS NOBODY MAKE DEVICES")
    with pytest.raises(PathRefused, match="a device"):
        read(place.grants, "Reports/zero")


def test_a_mount_inside_the_folder_is_another_drive(place: Place) -> None:
    """Without a mount of our own: /proc lies below / on each Linux, and is another drive there too."""
    if not Path("/proc/self/fdinfo").is_dir():
        pytest.skip("NO /proc HERE")
    with pytest.raises(PathRefused, match="another drive"):
        opening.open_file(Path("/"), ("proc", "version"))


def test_a_folder_that_is_swapped_for_a_link_after_it_was_granted_stays_shut(place: Place) -> None:
    place.folder.rename(place.outside / "moved")
    elsewhere = place.outside / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "sales.txt").write_text("another", encoding="utf-8")
    place.folder.symlink_to(elsewhere)
    with pytest.raises((PathRefused, FileNotFound)):
        read(place.grants, "Reports/sales.txt")


def test_a_file_that_is_swapped_between_the_check_and_the_opening_is_never_one_from_outside(
    place: Place,
) -> None:
    """Somebody swaps file and link, folder and link, as fast as they can; each reading gives ours or
    fails."""
    target, over = place.folder / "swapped", threading.Event()
    ours, link = place.folder / "ours", place.folder / "link"
    ours.mkdir()
    (ours / "secret.txt").write_text("ours", encoding="utf-8")
    link.symlink_to(place.outside)
    ours.rename(target)

    def swap() -> None:
        while not over.is_set():
            for one, other in ((target, ours), (link, target), (target, link), (ours, target)):
                one.rename(other)

    swapping = threading.Thread(target=swap)
    swapping.start()
    seen: set[str] = set()
    try:
        for _ in range(1_500):
            try:
                seen.add(read(place.grants, "Reports/swapped/secret.txt"))
            except AppError as error:
                seen.add(type(error).__name__)
    finally:
        over.set()
        swapping.join()
    assert "secret" not in seen
    assert "ours" in seen


def test_where_there_are_no_handles_of_folders_paths_are_checked_as_strictly(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way that Windows goes, walked here."""
    monkeypatch.setattr(opening, "BY_HANDLE", False)
    (place.folder / "outer.txt").symlink_to(place.outside / "secret.txt")
    (place.folder / "out").symlink_to(place.outside)
    os.mkfifo(place.folder / "pipe")
    assert read(place.grants, "Reports/sales.txt") == "Net sales by zone\n"
    for steps in (("outer.txt",), ("out", "secret.txt"), ("pipe",), ("a",)):
        with pytest.raises(PathRefused):
            opening.open_file(place.folder, steps)
    with place.grants.opened_folder(place.grants.resolve("Reports")) as folder:
        assert "sales.txt" in [entry.name for entry in os.scandir(folder)]


def _again_without_the_power_to_read_all(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Root may read everything, but for one that was started without that power."""
    lacking = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    alone = [sys.executable, "-m", "pytest", "-q", f"--basetemp={tmp_path / 'again'}", request.node.nodeid]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        lacking + alone,
        cwd=request.config.rootpath,
        env=kept,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_file_that_may_not_be_read_says_so(
    place: Place, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    (place.folder / "sales.txt").chmod(0)
    if os.access(place.folder / "sales.txt", os.R_OK):
        _again_without_the_power_to_read_all(request, tmp_path)
        return
    with pytest.raises(FileUnreadable, match="may not read it"):
        read(place.grants, "Reports/sales.txt")


KEPT_SHUT = [
    *(".ssh/old", ".gnupg", ".mozilla/firefox", ".config/google-chrome", "Library/Keychains"),
    *("Library/Application Support/Google/Chrome", "AppData/Local/Google/Chrome/User Data"),
]
SHUT = {
    "root": "/",
    "settings of the system": "/etc",
    "below them": "/etc/ssl",
    "processes": "/proc",
    "a process": "/proc/self",
    "root by a process": "/proc/self/root",
    "devices": "/dev",
    "programs": "/usr/share",
    "all that varies": "/var",
    "all homes": "/home",
    "all temporary files": "/tmp",
    "keys": "{home}/.ssh",
    "keys inside": "{home}/.ssh/old",
    "keys of gpg": "{home}/.gnupg",
    "browser": "{home}/.mozilla/firefox",
    "browser in settings": "{home}/.config/google-chrome",
    "keychain of macOS": "{home}/Library/Keychains",
    "browser of macOS": "{home}/Library/Application Support/Google/Chrome",
    "browser of Windows": "{home}/AppData/Local/Google/Chrome/User Data",
    "our own state": "{state}",
    "below our own state": "{state}/files/dropped",
    "link to keys": "{home}/innocent",
}


@pytest.mark.parametrize("text", SHUT.values(), ids=SHUT.keys())
def test_no_folder_of_the_system_or_with_keys_can_be_granted(
    text: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = place.outside / "person"
    for name in KEPT_SHUT:
        (home / name).mkdir(parents=True)
    (home / "innocent").symlink_to(home / ".ssh")
    monkeypatch.setenv("HOME", str(home))
    place.grants.dropped()
    with pytest.raises(PathRefused):
        place.grants.add(text.format(home=home, state=place.home))


def test_the_whole_home_folder_can_be_granted_with_a_warning_and_its_keys_stay_shut(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = place.outside / "person"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_rsa").write_text("secret", encoding="utf-8")
    (home / "plan.txt").write_text("plan", encoding="utf-8")
    monkeypatch.setenv("HOME", str(home))
    assert "whole home folder" in place.grants.consider(str(home)).warning
    place.grants.add(str(home))
    assert read(place.grants, "person/plan.txt") == "plan"
    with pytest.raises(PathRefused, match="kept shut"):
        read(place.grants, "person/.ssh/id_rsa")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Reports", InvalidRequest),
        ("", PathRefused),
        ("/nowhere/at/all", FileNotFound),
        ("/a\0b", PathRefused),
    ],
)
def test_what_is_no_folder_is_not_granted(text: str, kind: type[AppError], place: Place) -> None:
    with pytest.raises(kind):
        place.grants.add(text)


def test_a_granted_folder_is_not_granted_twice_and_two_of_one_name_are_told_apart(place: Place) -> None:
    with pytest.raises(Conflict, match="granted already"):
        place.grants.add(str(place.folder / "a"))
    other = place.outside / "more" / "Reports"
    other.mkdir(parents=True)
    assert place.grants.add(str(other)).name == "Reports 2"


def test_a_revoked_folder_is_shut_at_once_also_for_a_path_that_was_found_before(place: Place) -> None:
    found = place.grants.resolve("Reports/sales.txt")
    [grant] = place.grants.list()
    place.grants.revoke(grant.id)
    with pytest.raises(PathRefused, match="not granted any more"):
        place.grants.open(found)
    with pytest.raises(FileNotFound, match="No folder is granted"):
        place.grants.resolve("Reports/sales.txt")
    place.grants.restore(grant.id)
    assert read(place.grants, "Reports/sales.txt") == "Net sales by zone\n"

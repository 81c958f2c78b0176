"""Backups that somebody made to do harm, or that were damaged: one sentence, and nothing on the disk."""

import hashlib
import io
import os
import sqlite3
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server import archive, passphrase
from server.access.keyring import open_keyring
from server.backup import back_up
from server.restore import restore
from server.store.migrations import MIGRATIONS
from shared.errors import BackupFailed, BackupInvalid, InvalidRequest, StateTooNew, VaultClosed
from shared.settings import BackendSettings
from tests.server.test_state import _build

SETTINGS = BackendSettings()
SECRET = "correct horse battery staple"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    _build(home)
    return home


@pytest.fixture(scope="module")
def parts(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The members of a good backup, in their order."""
    file = tmp_path_factory.mktemp("good") / "saved"
    back_up(SETTINGS, home, file, None)
    with tarfile.open(file) as opened:
        members = {member.name: opened.extractfile(member) for member in opened.getmembers()}
        return {name: member.read() for name, member in members.items() if member}


def listed(contents: Mapping[str, bytes], **changed: Any) -> bytes:
    """A manifest that fits the parts."""
    manifest = {
        "format": 1,
        "made_at": "2026-11-28T00:00:00+00:00",
        "version": "0.1.0",
        "state_elsewhere": False,
        "parts": [
            {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in contents.items()
            if name != "manifest.json"
        ],
    }
    return msgspec.json.encode({**manifest, **changed})


def tarred(*members: tuple[tarfile.TarInfo | str, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as opened:
        for entry, data in members:
            info = tarfile.TarInfo(entry) if isinstance(entry, str) else entry
            if info.type == tarfile.REGTYPE:
                info.size = len(data)
            opened.addfile(info, io.BytesIO(data))
    return out.getvalue()


def packed(contents: Mapping[str, bytes], **changed: Any) -> bytes:
    """A backup as we write it: two empty blocks at its end."""
    out = io.BytesIO(tarred(("manifest.json", listed(contents, **changed)), *rest(contents)))
    whole = out.getvalue().rstrip(b"\0")
    return whole + bytes(-len(whole) % 512) + bytes(1024)


def rest(parts: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    return [(name, data) for name, data in parts.items() if name != "manifest.json"]


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def refused(tmp_path: Path, data: bytes, error: type[Exception] = BackupInvalid) -> str:
    """Its sentence; fails when the restore left anything but an empty home."""
    file, fresh = tmp_path / "hostile", tmp_path / "fresh"
    file.write_bytes(data)
    with pytest.raises(error) as caught:
        restore(SETTINGS, fresh, file, lambda: SECRET, replace=False)
    left = {str(path.relative_to(fresh)) for path in fresh.rglob("*")}
    assert left <= {"backend", "backend/state.lock"}
    assert {path.name for path in tmp_path.iterdir()} <= {"hostile", "fresh"}
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_what_the_tests_pack_themselves_is_taken(tmp_path: Path, parts: dict[str, bytes]) -> None:
    (tmp_path / "good").write_bytes(packed(parts))
    assert restore(SETTINGS, tmp_path / "fresh", tmp_path / "good", str, replace=False).version == "0.1.0"
    _build(tmp_path / "fresh")


Change = Callable[[dict[str, bytes]], bytes]
OUT = "../outside"

HOSTILE: dict[str, Change] = {
    "a path that leads out": lambda parts: tarred(
        ("manifest.json", listed(parts)), (OUT, b"x"), *rest(parts)
    ),
    "a part with such a path": lambda parts: packed({**parts, OUT: b"x"}),
    "an absolute path": lambda parts: packed({"/etc/vmart": b"x"}),
    "a link instead of the key": lambda parts: tarred(
        ("manifest.json", listed(parts)),
        ("state.db", parts["state.db"]),
        (special("master.key", tarfile.SYMTYPE, "/etc/passwd"), b""),
    ),
    "a hard link instead of the state": lambda parts: tarred(
        ("manifest.json", listed(parts)), (special("state.db", tarfile.LNKTYPE, "master.key"), b"")
    ),
    "a device": lambda parts: tarred((special("manifest.json", tarfile.CHRTYPE), b"")),
    "a sparse file": lambda parts: tarred((special("manifest.json", tarfile.GNUTYPE_SPARSE), b"")),
    "a long name before the list": lambda parts: tarred(("m" * 200, b"x"), form=tarfile.GNU_FORMAT),
    "an extended header": lambda parts: tarred(("ü" * 200, b"x"), form=tarfile.PAX_FORMAT),
    "a folder": lambda parts: tarred((special("manifest.json", tarfile.DIRTYPE), b"")),
    "no list": lambda parts: tarred(*rest(parts)),
    "a list that is no JSON": lambda parts: tarred(("manifest.json", b"{"), *rest(parts)),
    "a deep list": lambda parts: tarred(("manifest.json", b"[" * 60_000), *rest(parts)),
    "a list that is too long": lambda parts: tarred(("manifest.json", b" " * 100_000), *rest(parts)),
    "a list with something unknown": lambda parts: packed(parts, run="rm -rf /"),
    "a version that moves the cursor": lambda parts: packed(parts, version="\x1b[2J"),
    "a moment that is none": lambda parts: packed(parts, made_at="once\nupon a time"),
    "a part twice": lambda parts: tarred(
        ("manifest.json", listed(parts, parts=[{"name": "state.db", "size": 0, "sha256": ""}] * 2))
    ),
    "a size below nothing": lambda parts: packed(
        parts, parts=[{"name": "state.db", "size": -1, "sha256": ""}]
    ),
    "more than there is": lambda parts: tarred(
        (
            "manifest.json",
            listed(parts, parts=[{"name": "state.db", "size": 2**50, "sha256": ""}]),
        ),
        (huge("state.db", 2**50), b""),
    )[:4096],
    "another hash": lambda parts: packed(parts).replace(parts["master.key"], b"A" * len(parts["master.key"])),
    "a part too many": lambda parts: packed(parts)[:-1024] + tarred(("more", b"x")),
    "bytes after the end": lambda parts: packed(parts) + b"x",
    "another key": lambda parts: packed(
        {**parts, "master.key": b"bm90LWEtc2VjcmV0LW5vdC1hLXNlY3JldC1ub3QtYS0=\n"}
    ),
    "no key": lambda parts: packed({"state.db": parts["state.db"]}),
    "a key that is none": lambda parts: packed({**parts, "master.key": b"rubble"}),
    "a state that is none": lambda parts: packed({**parts, "state.db": b"rubble" * 1000}),
    "a state with a hole": lambda parts: packed({**parts, "state.db": holed(parts["state.db"])}),
    "a state with a trigger": lambda parts: packed({**parts, "state.db": altered(parts, TRIGGER)}),
    "a state with a view": lambda parts: packed({**parts, "state.db": altered(parts, VIEW)}),
    "another database": lambda parts: packed({**parts, "state.db": altered(parts, "DROP TABLE migrations")}),
    "a state that counts in words": lambda parts: packed({**parts, "state.db": altered(parts, WORDS)}),
    "nothing but zeros": lambda parts: bytes(10_000),
    "noise": lambda parts: os.urandom(10_000),
}
TRIGGER = "CREATE TRIGGER t AFTER INSERT ON audit BEGIN DELETE FROM audit; END"
VIEW = "CREATE VIEW v AS SELECT * FROM api_keys"
WORDS = (
    "CREATE TABLE m (number, applied_at); INSERT INTO m VALUES ('many', ''); DROP TABLE migrations;"
    "ALTER TABLE m RENAME TO migrations"
)


def huge(name: str, size: int) -> tarfile.TarInfo:
    info = special(name, tarfile.REGTYPE)
    info.size = size
    return info


def holed(state: bytes) -> bytes:
    return state[:8192] + bytes(8192) + state[16384:]


def altered(parts: Mapping[str, bytes], script: str) -> bytes:
    with sqlite3.connect(":memory:") as state:
        state.deserialize(parts["state.db"])
        state.executescript(script)
        return state.serialize()


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_a_backup_of_ours_is_refused(tmp_path: Path, parts: dict[str, bytes], name: str) -> None:
    errors: dict[str, type[Exception]] = {"another key": VaultClosed, "a key that is none": VaultClosed}
    refused(tmp_path, HOSTILE[name](dict(parts)), errors.get(name, BackupInvalid))


def test_a_newer_format_and_a_newer_state_are_told_apart_from_damage(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    assert "newer version" in refused(tmp_path, packed(parts, format=2, colour="blue"))
    script = f"INSERT INTO migrations VALUES ({len(MIGRATIONS) + 1}, '')"
    said = refused(tmp_path, packed({**parts, "state.db": altered(parts, script)}), StateTooNew)
    assert "newer version" in said


def test_no_cut_and_no_changed_byte_goes_through(tmp_path: Path, home: Path, parts: dict[str, bytes]) -> None:
    """Unsealed: every cut, and a change of every part. Sealed: a change of any byte."""
    whole = packed(parts)
    for end in [*range(0, 2048, 511), len(whole) // 2, len(whole) - 1025, len(whole) - 1]:
        refused(tmp_path, whole[:end])
    back_up(SETTINGS, home, tmp_path / "fresh-backup", SECRET)
    sealed = (tmp_path / "fresh-backup").read_bytes()
    (tmp_path / "fresh-backup").unlink()
    for at in (0, 20, 35, 40, 70_000, len(sealed) - 1):
        position = min(at, len(sealed) - 1)
        changed = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        refused(tmp_path, changed)
    for end in (16, 37, 65_000, len(sealed) - 1):
        refused(tmp_path, sealed[:end])
    refused(tmp_path, sealed + b"x")


def test_a_wrong_passphrase_is_said(tmp_path: Path, home: Path) -> None:
    back_up(SETTINGS, home, tmp_path / "saved", SECRET)
    with pytest.raises(BackupInvalid, match="not the passphrase"):
        restore(SETTINGS, tmp_path / "fresh", tmp_path / "saved", lambda: SECRET + "!", replace=False)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])
def test_what_was_sealed_opens_whatever_its_length(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    with (tmp_path / "sealed").open("wb") as opened:
        out = passphrase.SealingWriter(opened, SECRET)
        for start in range(0, size, 10_000):
            out.write(data[start : start + 10_000])
        out.finish()
    with (tmp_path / "sealed").open("rb") as opened:
        source = passphrase.OpeningReader(opened, SECRET)
        assert source.read(size) == data
        assert source.read(1) == b""


def test_pieces_cannot_be_swapped_or_left_out(tmp_path: Path) -> None:
    with (tmp_path / "sealed").open("wb") as opened:
        out = passphrase.SealingWriter(opened, SECRET)
        out.write(os.urandom(200_000))
        out.finish()
    whole = (tmp_path / "sealed").read_bytes()
    piece = 64 * 1024 + 16
    head, first, second, end = (
        whole[:38],
        whole[38 : 38 + piece],
        whole[38 + piece : 38 + 2 * piece],
        38 + 2 * piece,
    )
    for changed in (head + second + first + whole[end:], head + first + whole[end:], whole[:end]):
        (tmp_path / "sealed").write_bytes(changed)
        with (tmp_path / "sealed").open("rb") as opened, pytest.raises(BackupInvalid):
            passphrase.OpeningReader(opened, SECRET).read(200_000)


def test_a_short_passphrase_seals_nothing(tmp_path: Path, home: Path) -> None:
    with pytest.raises(InvalidRequest):
        back_up(SETTINGS, home, tmp_path / "saved", "short")
    assert not (tmp_path / "saved").exists()


def test_a_backup_that_cannot_be_read_is_a_failure_not_a_crash(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    (tmp_path / "saved").write_bytes(packed(parts))
    (tmp_path / "fresh").write_text("a file, not a folder")
    with pytest.raises((BackupFailed, OSError)):
        restore(SETTINGS, tmp_path / "fresh", tmp_path / "saved", str, replace=False)


def test_the_manifest_says_what_is_inside(home: Path, tmp_path: Path) -> None:
    back_up(SETTINGS, home, tmp_path / "saved", None)
    with tarfile.open(tmp_path / "saved") as opened:
        member = opened.extractfile("manifest.json")
        assert member is not None
        manifest = msgspec.json.decode(member.read(), type=archive.Manifest)
        assert [part.name for part in manifest.parts] == ["state.db", "master.key"]
        for part in manifest.parts:
            inside = opened.extractfile(part.name)
            assert inside is not None
            assert hashlib.sha256(inside.read()).hexdigest() == part.sha256
    with open_keyring(SETTINGS, home) as keyring:
        assert keyring.rows() == []

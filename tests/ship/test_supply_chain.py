"""What ships is locked with its hashes, once, and under licences that somebody has looked at."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.ship.wheels import ROOT

REQUIREMENTS = ROOT / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.lock"))
ENTRY = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^\s;\\]+)(?: ; (?P<when>[^\\\n]*[^\\\n ]))?"
    r"(?: \\\n(?P<hashes>(?:    --hash=\S+(?: \\)?\n)+))?",
    re.MULTILINE,
)


def entries(lock: Path) -> list[re.Match[str]]:
    return list(ENTRY.finditer(lock.read_text(encoding="utf-8")))


def versions(lock: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in entries(lock):
        found.setdefault(entry["name"], set()).add(entry["version"])
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_line_of_a_lock_is_a_version_with_hashes_or_a_comment(lock: Path) -> None:
    """No address, no path, no option, no range: pip takes what has the hash, and nothing else."""
    text = lock.read_text(encoding="utf-8")
    assert entries(lock)
    for entry in entries(lock):
        hashes = re.findall(r"--hash=(\S+)", entry["hashes"] or "")
        assert hashes, f"{entry['name']} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), entry["name"]
        assert len(hashes) == len(set(hashes)), entry["name"]
    rest = ENTRY.sub("", text)
    assert [line for line in rest.splitlines() if line.strip() and not line.strip().startswith("#")] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_no_package_is_there_twice_for_the_same_python(lock: Path) -> None:
    seen: set[tuple[str, str]] = set()
    several = {name for name, known in versions(lock).items() if len(known) > 1}
    for entry in entries(lock):
        mark = (entry["name"], entry["when"] or "")
        assert mark not in seen, mark
        seen.add(mark)
        if entry["name"] in several:
            assert "python_" in (entry["when"] or ""), f"{entry['name']} has two versions without a condition"


def test_every_lock_has_the_same_version_of_a_package() -> None:
    """So that any two of them can be installed into one environment, as build.py does."""
    together: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, known in versions(lock).items():
            assert together.setdefault(name, known) == known, (name, lock.name)


def test_each_side_is_light() -> None:
    server, desktop = versions(REQUIREMENTS / "server.lock"), versions(REQUIREMENTS / "desktop.lock")
    assert not {"bottle", "pywebview", "google-genai", "vl-convert-python", "requests-cache"} & set(server)
    assert not {"sanic", "cryptography-vectors", "numpy", "pg8000", "pyarrow"} & set(desktop)
    assert set(server) | set(desktop) == set(versions(REQUIREMENTS / "run.lock"))


def test_every_lock_is_looked_at_for_known_holes() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "audit.yml").read_text(encoding="utf-8"))
    audited = workflow["jobs"]["audit"]["strategy"]["matrix"]["lock"]
    assert sorted(audited) == [lock.stem for lock in LOCKS]


def licences(*words: str) -> "subprocess.CompletedProcess[str]":
    script = ROOT / "packaging" / "licences" / "list_licences.py"
    command = [sys.executable, "-P", str(script), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_list_of_licences_is_that_of_the_locks() -> None:
    done = licences("--check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("unheard-of==1.0", "unheard-of: no licence"),  # nothing is known about it
        ("bottle==0.1", "bottle: no licence"),  # another version than the one that was looked at
    ],
)
def test_a_package_that_nobody_has_looked_at_does_not_ship(tmp_path: Path, line: str, said: str) -> None:
    for name in ("run.lock", "server.lock", "desktop.lock"):
        shutil.copy(REQUIREMENTS / name, tmp_path / name)
    name = line.partition("==")[0]
    kept = re.sub(rf"^{name}==.*\n(?:    .*\n)*", "", (tmp_path / "run.lock").read_text(), flags=re.MULTILINE)
    (tmp_path / "run.lock").write_text(f"{kept}{line} \\\n    --hash=sha256:{'0' * 64}\n")
    (tmp_path / "desktop.lock").write_text(f"{line} \\\n    --hash=sha256:{'0' * 64}\n")
    done = licences("--check", "--locks", str(tmp_path))
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "licence",
    ["GPL-3.0-only", "MIT AND AGPL-3.0-only", "(MIT OR GPL-2.0-only) AND GPL-3.0-only", "Proprietary"],
)
def test_a_licence_with_duties_that_nobody_has_named_does_not_ship(tmp_path: Path, licence: str) -> None:
    """A real distribution of that licence, found by its metadata as any other is."""
    info = tmp_path / "site" / "sticky-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: sticky\nVersion: 1.0\nLicense-Expression: {licence}\n"
    )
    for name in ("run.lock", "server.lock", "desktop.lock"):
        (tmp_path / name).write_text(f"sticky==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    script = ROOT / "packaging" / "licences" / "list_licences.py"
    done = subprocess.run(
        [sys.executable, "-P", str(script), "--check", "--locks", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path / "site")},
    )
    assert done.returncode == 1
    assert f"sticky: {licence} is neither allowed nor named" in done.stderr

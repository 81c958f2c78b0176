"""The wheels as files: what is in them, and that the same source always gives the same bytes."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import desktop
from tests.ship.wheels import ROOT, build, names_in

MOMENT = "1795824000"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return build(tmp_path_factory.mktemp("dist"), SOURCE_DATE_EPOCH=MOMENT)


def test_the_product_is_all_there_and_nothing_else(wheels: tuple[Path, Path]) -> None:
    inside = names_in(wheels[0])
    in_the_clone = {
        str(file.relative_to(ROOT).as_posix())
        for pattern in ("*/**/*.py", "*/ui/**/*", "shared/sql/*.toml")
        for file in ROOT.glob(pattern)
        if file.is_file() and file.relative_to(ROOT).parts[0] in ("desktop", "server", "shared")
    }
    assert inside == in_the_clone
    assert {"desktop/ui/index.html", "server/ui/index.html", "shared/ui/css/tokens.css"} <= inside
    assert "shared/sql/postgres.toml" in inside


def test_the_sdk_is_one_package_with_the_client_alone(wheels: tuple[Path, Path]) -> None:
    inside = names_in(wheels[1])
    assert {name.partition("/")[0] for name in inside} == {"backend_client"}
    modules = ("__init__", "results", "wire/__init__", "wire/queries")
    assert {"backend_client/py.typed", *(f"backend_client/{name}.py" for name in modules)} <= inside
    assert not {"backend_client/settings.py", "backend_client/logs.py", "backend_client/llm.py"} & inside
    with zipfile.ZipFile(wheels[1]) as opened:
        for name in inside:
            assert not re.search(r"^\s*(from|import) shared", opened.read(name).decode(), re.MULTILINE), name


def test_neither_wheel_writes_over_a_file_of_the_other(wheels: tuple[Path, Path]) -> None:
    assert not names_in(wheels[0]) & names_in(wheels[1])


def test_two_folders_and_two_moments_give_the_same_bytes(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    copy = tmp_path / "somewhere else"
    for name in ("desktop", "server", "shared", "packaging", "docs"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, copy / name)
    for file in copy.rglob("*.py"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
        file.chmod(0o777)
    (copy / "build" / "lib" / "server").mkdir(parents=True)
    (copy / "build" / "lib" / "server" / "stale.py").write_text("left by an older build")
    before = os.umask(0o077)
    try:
        again = build(
            tmp_path / "dist",
            copy,
            TZ="Asia/Kolkata",
            LC_ALL="C",
            PYTHONHASHSEED="7",
            SOURCE_DATE_EPOCH=MOMENT,
        )
    finally:
        os.umask(before)
    for one, other in zip(wheels, again, strict=True):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes()


def test_the_moment_is_that_of_the_last_commit(tmp_path: Path) -> None:
    for name in ("desktop", "server", "shared", "packaging", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    moment = {"GIT_COMMITTER_DATE": "2027-01-02T03:04:06Z"}
    commit = [*git, "commit", "--quiet", "--allow-empty", "-m", "Begin"]
    subprocess.run(commit, check=True, env=os.environ | moment)
    product, _ = build(tmp_path / "dist", tmp_path, SOURCE_DATE_EPOCH="")
    with zipfile.ZipFile(product) as opened:
        assert {entry.date_time for entry in opened.infolist()} == {(2027, 1, 2, 3, 4, 6)}


def test_no_link_of_what_describes_a_wheel_leads_nowhere(wheels: tuple[Path, Path]) -> None:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as opened:
            (name,) = [name for name in opened.namelist() if name.endswith("/METADATA")]
            assert re.findall(r"\]\((?!https?:)[^)]*\)", opened.read(name).decode()) == []


def test_one_version_stands_everywhere() -> None:
    def project(file: Path) -> dict[str, object]:
        found: dict[str, object] = tomllib.loads(file.read_text())["project"]
        return found

    product, sdk = project(ROOT / "pyproject.toml"), project(ROOT / "packaging" / "sdk" / "pyproject.toml")
    assert product["version"] == sdk["version"] == desktop.__version__


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "dist").write_text("a file, not a folder")
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "packaging" / "wheel" / "make_wheels.py"),
            "--to",
            str(tmp_path / "dist"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "dist" in done.stderr

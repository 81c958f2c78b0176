"""What is handed out beside the program itself: the Debian package, the sums, the bill of materials."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop import __version__
from tests.display import absent
from tests.packaging.programs import said

pytestmark = pytest.mark.slow

_MOST_MEGABYTES = {"folder": 215, "file": 85, "deb": 75}
_NEVER = (
    "vl_convert",
    "pytest",
    "playwright",
    "mypy",
    "grpc",
    "uvloop",
    "PyInstaller",
    "libwebkit2gtk",
    "libgtk-3",
)


def _dpkg(root: Path, *arguments: str) -> None:
    command = ["dpkg", f"--root={root}", "--force-depends", "--force-not-root", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _everything(folder: Path) -> list[str]:
    return [str(entry.relative_to(folder)) for entry in folder.rglob("*")]


@pytest.fixture(scope="module")
def package(built: Path) -> Path:
    [package] = built.glob("*.deb")
    return package


@pytest.fixture
def installed(package: Path, tmp_path: Path) -> Iterator[Path]:
    """A root folder of its own, with nothing in it but the package."""
    root = tmp_path / "root"
    (root / "var" / "lib" / "dpkg" / "info").mkdir(parents=True)
    (root / "var" / "lib" / "dpkg" / "updates").mkdir()
    (root / "var" / "lib" / "dpkg" / "status").touch()
    _dpkg(root, "--install", str(package))
    yield root
    shutil.rmtree(root)


def test_the_package_installs_a_command_a_menu_entry_and_icons(installed: Path, tmp_path: Path) -> None:
    version = said(installed / "usr" / "bin" / "vmart-agent", tmp_path, "--version")
    assert (version.returncode, version.stdout) == (0, f"vmart-agent {__version__}\n")
    entry = installed / "usr" / "share" / "applications" / "vmart-agent.desktop"
    if shutil.which("desktop-file-validate") is None:
        absent("needs desktop-file-validate (apt install desktop-file-utils)")
    checked = subprocess.run(["desktop-file-validate", entry], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")
    icons = installed / "usr" / "share" / "icons" / "hicolor"
    for size in (48, 128, 256, 512):
        icon = icons / f"{size}x{size}" / "apps" / "vmart-agent.png"
        assert icon.read_bytes().startswith(b"\x89PNG")


def test_nothing_in_the_package_can_be_changed_by_everybody(installed: Path) -> None:
    for path in (installed / "usr").rglob("*"):
        if not path.is_symlink():
            assert path.stat().st_mode & 0o7022 == 0, path
            assert path.stat().st_mode & 0o004, path


def test_purging_the_package_leaves_nothing(installed: Path) -> None:
    _dpkg(installed, "--purge", "vmart-agent")
    assert [path for path in _everything(installed) if not path.startswith("var")] == []


def test_the_package_asks_for_the_systems_web_view(package: Path) -> None:
    done = subprocess.run(
        ["dpkg-deb", "--field", package, "Depends", "Version"], capture_output=True, text=True, check=True
    )
    assert "gir1.2-webkit2-4.1" in done.stdout
    assert f"Version: {__version__}" in done.stdout


def test_the_sums_are_those_of_the_files(built: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=built,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert sorted(line.split(".")[-1] for line in done.stdout.splitlines()) == [
        "bin: OK",
        "deb: OK",
        "json: OK",
    ]


def test_the_bill_names_what_is_inside_with_versions_and_licences(built: Path) -> None:
    [file] = built.glob("*.cdx.json")
    bill = json.loads(file.read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    named = {component["name"]: component for component in bill["components"]}
    assert {"cpython", "duckdb", "numpy", "pywebview", "sanic"} <= set(named)
    assert not {"pyinstaller", "pytest", "vl-convert-python"} & set(named)
    [texts] = built.glob("*/_internal/licences.txt")
    told = texts.read_text(encoding="utf-8")
    assert [name for name in named if f"\n{name} " not in told] == ["cpython"]
    assert [name for name, component in named.items() if not component.get("licenses")] == []


def test_the_program_stays_small_and_carries_nothing_that_it_does_not_need(built: Path) -> None:
    [folder] = [entry for entry in built.iterdir() if entry.is_dir()]
    inside = [entry.name for entry in (folder / "_internal").iterdir()]
    assert [name for name in inside if name.startswith(_NEVER)] == []
    sizes = {
        "folder": sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()),
        "file": next(built.glob("*.bin")).stat().st_size,
        "deb": next(built.glob("*.deb")).stat().st_size,
    }
    assert {form: size for form, size in sizes.items() if size / 1e6 > _MOST_MEGABYTES[form]} == {}

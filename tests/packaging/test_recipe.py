"""What the recipe asks for on the systems that are not this one, and whether the files for them are sound."""

import json
import plistlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.conftest import ROOT

pytestmark = pytest.mark.slow

_PACKAGING = ROOT / "packaging"


def _asked_on(system: str, tmp_path: Path) -> dict[str, list[dict[str, Any]]]:
    python = ROOT / "build" / "package" / "env" / "bin" / "python"
    script = Path(__file__).with_name("recipe_elsewhere.py")
    done = subprocess.run(
        [python, script, system, _PACKAGING / "agent.spec", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    asked: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return asked


@pytest.mark.usefixtures("built")
def test_on_windows_it_asks_for_a_file_and_a_folder_with_icon_and_version(tmp_path: Path) -> None:
    asked = _asked_on("win32", tmp_path)
    assert len(asked["EXE"]) == 2
    for program in asked["EXE"]:
        assert Path(program["icon"]).name == "app.ico"
        assert Path(program["version"]).name == "version.txt"
        assert program["console"] is False
    [analysis] = asked["Analysis"]
    assert "webview.platforms.edgechromium" not in analysis["excludes"]
    assert "webview.platforms.gtk" in analysis["excludes"]
    assert "BUNDLE" not in asked


@pytest.mark.usefixtures("built")
def test_on_macos_it_asks_for_a_bundle_with_entitlements(tmp_path: Path) -> None:
    asked = _asked_on("darwin", tmp_path)
    [bundle] = asked["BUNDLE"]
    assert bundle["name"] == "V-Mart AI Agent.app"
    assert bundle["version"] == "1.2.3"
    for program in asked["EXE"]:
        with Path(program["entitlements_file"]).open("rb") as opened:
            assert plistlib.load(opened)["com.apple.security.cs.disable-library-validation"] is True
    assert "webview.platforms.cocoa" not in asked["Analysis"][0]["excludes"]


@pytest.mark.usefixtures("built")
def test_the_drawn_icons_hold_every_size(tmp_path: Path) -> None:
    assets = ROOT / "build" / "package" / "assets"
    ico = (assets / "app.ico").read_bytes()
    assert ico[:4] == b"\0\0\1\0"
    for number in range(ico[4]):
        entry = ico[6 + 16 * number :][:16]
        size, start = (int.from_bytes(entry[at : at + 4], "little") for at in (8, 12))
        assert ico[start : start + size].startswith(b"\x89PNG")
    icns = (assets / "app.icns").read_bytes()
    assert icns[:4] == b"icns"
    assert int.from_bytes(icns[4:8], "big") == len(icns)


def test_the_workflows_are_valid_and_safe() -> None:
    """check-jsonschema carries GitHub's schema, zizmor knows what lets strangers in."""
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    tools = [
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, workflows)],
        ["zizmor", "--offline", "--no-progress", *map(str, workflows)],
    ]
    for command in tools:
        done = subprocess.run(
            [ROOT / ".venv" / "bin" / command[0], *command[1:]], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

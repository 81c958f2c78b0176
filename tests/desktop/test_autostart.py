"""Starting at login: written where each system looks, taken away without a trace."""

import os
import plistlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from desktop.autostart import Autostart, DesktopFile, LaunchAgent, RunKey, installed_program
from shared.errors import Conflict

AWKWARD = '/opt/V-Mart "AI" $HOME 100% `x` \\ é/vmart-agent'


def test_it_is_off_until_somebody_switches_it_on_and_leaves_nothing_when_off_again(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "autostart"
    autostart = Autostart(["/opt/vmart/vmart-agent"], DesktopFile(folder))
    assert (autostart.possible, autostart.on) == (True, False)
    autostart.set(False)
    assert not folder.exists()
    autostart.set(True)
    autostart.set(True)
    assert autostart.on
    [file] = folder.iterdir()
    assert file.name == "vmart-ai-agent.desktop"
    autostart.set(False)
    assert list(folder.iterdir()) == []


def test_the_desktop_file_calls_the_program_whatever_its_folder_is_called(tmp_path: Path) -> None:
    DesktopFile(tmp_path).write([AWKWARD, "run"])
    lines = (tmp_path / "vmart-ai-agent.desktop").read_text().splitlines()
    [line] = [line[5:] for line in lines if line.startswith("Exec=")]
    assert "TryExec=" + AWKWARD.replace("\\", "\\\\") in lines
    assert DesktopFile(tmp_path).program() == AWKWARD
    value = line.replace("\\\\", "\\")  # as the file's own rules have it, then those of Exec
    words = [word.replace("%%", "%") for word in shlex.split(value)]
    assert [word.replace("\\$", "$").replace("\\`", "`") for word in words] == [AWKWARD, "run"]


def test_the_desktop_file_is_valid(tmp_path: Path) -> None:
    if shutil.which("desktop-file-validate") is None:
        if os.environ.get("CI"):
            pytest.fail("needs desktop-file-utils")
        pytest.skip("needs desktop-file-utils")
    for command in (["/opt/vmart/vmart-agent"], [AWKWARD, "run"]):
        DesktopFile(tmp_path).write(command)
        done = subprocess.run(
            ["desktop-file-validate", str(tmp_path / "vmart-ai-agent.desktop")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "")


def test_one_that_the_desktop_has_hidden_counts_as_off(tmp_path: Path) -> None:
    entry = DesktopFile(tmp_path)
    entry.write(["/x"])
    file = tmp_path / "vmart-ai-agent.desktop"
    file.write_text(file.read_text() + "Hidden=true\n")
    assert entry.program() == ""


def test_the_launch_agent_is_a_property_list_that_runs_at_load(tmp_path: Path) -> None:
    entry = LaunchAgent(tmp_path / "LaunchAgents")
    entry.write([AWKWARD])
    [file] = (tmp_path / "LaunchAgents").iterdir()
    kept = plistlib.loads(file.read_bytes())
    assert (kept["ProgramArguments"], kept["RunAtLoad"]) == ([AWKWARD], True)
    assert file.name == f"{kept['Label']}.plist"
    assert entry.program() == AWKWARD
    entry.remove()
    entry.remove()
    assert entry.program() == ""


def test_a_damaged_entry_counts_as_off_and_can_be_replaced(tmp_path: Path) -> None:
    for entry, name in (
        (DesktopFile(tmp_path), "vmart-ai-agent.desktop"),
        (LaunchAgent(tmp_path), "in.co.vmart.ai-agent.plist"),
    ):
        (tmp_path / name).write_bytes(b"\xff\xfe broken")
        autostart = Autostart(["/x"], entry)
        assert not autostart.on
        autostart.set(True)
        assert autostart.on


def test_source_code_cannot_be_started_at_login_but_an_old_entry_can_be_removed(tmp_path: Path) -> None:
    entry = DesktopFile(tmp_path)
    entry.write(["/gone"])
    autostart = Autostart(None, entry)
    with pytest.raises(Conflict, match="installed program"):
        autostart.set(True)
    autostart.renew()
    assert entry.program() == "/gone"
    autostart.set(False)
    assert not autostart.on


def test_after_an_update_the_entry_points_to_the_new_place(tmp_path: Path) -> None:
    entry = DesktopFile(tmp_path)
    Autostart(["/new"], entry).renew()
    assert entry.program() == ""
    entry.write(["/old"])
    Autostart(["/new"], entry).renew()
    assert entry.program() == "/new"
    there = tmp_path / "a copy"
    there.write_text("")
    entry.write([str(there)])
    Autostart(["/new"], entry).renew()
    assert entry.program() == str(there)


def test_a_system_that_does_not_let_us_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Conflict, match="does not let this program"):
        Autostart(["/x"], DesktopFile(tmp_path / "file" / "autostart")).set(True)


def test_the_installed_program_is_the_frozen_one_or_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installed_program() is None
    script = tmp_path / "vmart-agent"
    script.write_text("")
    monkeypatch.setattr(sys, "argv", [str(script)])
    assert installed_program() == [str(script)]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.delenv("APPIMAGE", raising=False)
    assert installed_program() == [sys.executable]
    monkeypatch.setenv("APPIMAGE", "/home/a/V-Mart.AppImage")
    assert installed_program() == ["/home/a/V-Mart.AppImage"]


class _Registry(ModuleType):
    """As much of Windows' registry as its module ``winreg`` shows, in memory."""

    HKEY_CURRENT_USER, KEY_SET_VALUE, REG_SZ = "HKCU", 2, 1

    def __init__(self) -> None:
        super().__init__("winreg")
        self.keys: dict[tuple[str, str], dict[str, str]] = {}

    @contextmanager
    def OpenKey(self, root: str, path: str, reserved: int = 0, access: int = 0) -> Iterator[dict[str, str]]:  # noqa: N802
        if (root, path) not in self.keys:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        yield self.keys[root, path]

    @contextmanager
    def CreateKey(self, root: str, path: str) -> Iterator[dict[str, str]]:  # noqa: N802
        yield self.keys.setdefault((root, path), {})

    def QueryValueEx(self, key: dict[str, str], name: str) -> tuple[str, int]:  # noqa: N802
        if name not in key:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return key[name], self.REG_SZ

    def SetValueEx(self, key: dict[str, str], name: str, reserved: int, kind: int, value: str) -> None:  # noqa: N802
        assert kind == self.REG_SZ
        key[name] = value

    def DeleteValue(self, key: dict[str, str], name: str) -> None:  # noqa: N802
        if key.pop(name, None) is None:
            raise FileNotFoundError(2, "The system cannot find the file specified")


def test_the_run_key_holds_one_value_in_quotes_and_loses_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = _Registry()
    monkeypatch.setitem(sys.modules, "winreg", registry)
    entry = RunKey()
    assert entry.program() == ""
    entry.remove()
    program = r"C:\Program Files\V-Mart AI Agent\vmart-agent.exe"
    for command in (
        [program],
        [program, "run", "--config", r"C:\my files\c.yaml"],
        [r"C:\vmart\vmart-agent.exe"],
    ):
        entry.write(command)
        assert entry.program() == command[0]
        [(place, values)] = registry.keys.items()
        assert place == ("HKCU", r"Software\Microsoft\Windows\CurrentVersion\Run")
        [line] = values.values()
        assert line.startswith(f'"{command[0]}"')
    entry.remove()
    entry.remove()
    assert (entry.program(), registry.keys[place]) == ("", {})

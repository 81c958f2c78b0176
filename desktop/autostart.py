"""Starting with the person's login: one entry where each system looks for such things, off by default."""

import os
import plistlib
import re
import sys
from pathlib import Path
from typing import Protocol

from shared.errors import Conflict

_NAME = "V-Mart AI Agent"
_FILE = "vmart-ai-agent"
_SCRIPT = "vmart-agent"
_LABEL = "in.co.vmart.ai-agent"
_RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"


class Entry(Protocol):
    """The system's own place for it. ``program`` is what the entry starts, empty without one; ``write``
    replaces an older entry; ``remove`` of none is no mistake."""

    def program(self) -> str: ...
    def write(self, command: list[str]) -> None: ...
    def remove(self) -> None: ...


class Autostart:
    """``program`` is the command that starts the installed program; None when there is none, as in a
    folder of source code: then it can only be switched off."""

    def __init__(self, program: list[str] | None, entry: Entry) -> None:
        self._program = program
        self._entry = entry

    @property
    def possible(self) -> bool:
        return self._program is not None

    @property
    def on(self) -> bool:
        return self._entry.program() != ""

    def set(self, on: bool) -> None:
        """Raises Conflict with a sentence when the system does not let us."""
        try:
            if not on:
                self._entry.remove()
            elif self._program is None:
                raise Conflict(
                    "Only the installed program can start with your login; this is its source code."
                )
            else:
                self._entry.write(self._program)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise Conflict(
                f"The system does not let this program change what starts at login: {reason}."
            ) from error

    def renew(self) -> None:
        """After an update the program may be elsewhere: an entry whose program is gone points to this one."""
        if self.on and self._program is not None and not Path(self._entry.program()).exists():
            self.set(True)


def here() -> Autostart:
    """For this program on this system."""
    return Autostart(installed_program(), entry_of(sys.platform))


def entry_of(platform: str) -> Entry:
    if platform == "win32":
        return RunKey()
    if platform == "darwin":
        return LaunchAgent(Path.home() / "Library" / "LaunchAgents")
    return DesktopFile(Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "autostart")


def installed_program() -> list[str] | None:
    """How the installed program is called; None in a folder of source code."""
    if getattr(sys, "frozen", False):
        # an AppImage runs from a mount that is gone tomorrow; its own file is named here
        return [os.environ.get("APPIMAGE") or sys.executable]
    script = Path(sys.argv[0]).absolute()
    if script.stem != _SCRIPT:
        return None
    return next(([str(file)] for file in (script, script.with_suffix(".exe")) if file.is_file()), None)


class DesktopFile:
    """Linux: a file in ~/.config/autostart, as freedesktop.org has it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{_FILE}.desktop"

    def program(self) -> str:
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return ""
        if any(line.strip().lower() == "hidden=true" for line in lines):
            return ""  # switched off in the settings of the desktop
        return next((_first_word(line[5:]) for line in lines if line.startswith("Exec=")), "")

    def write(self, command: list[str]) -> None:
        text = (
            "[Desktop Entry]\nType=Application\n"
            f"Name={_NAME}\nComment=Ask your data in your own words\n"
            # a program that was removed is not looked for at the next sign-in
            f"TryExec={command[0].replace(chr(92), chr(92) * 2)}\n"
            f"Exec={' '.join(_exec_word(word) for word in command)}\n"
            "Icon=vmart-agent\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
        )
        _write(self._file, text.encode())

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)


def _exec_word(word: str) -> str:
    """Quoted as the Desktop Entry Specification wants it: first for Exec, then for a value of the file."""
    if "\n" in word or "\r" in word:
        raise Conflict(
            "The program stands in a folder whose name has a line break in it. Move it, then try again."
        )
    quoted = "".join(f"\\{c}" if c in '"`$\\' else c for c in word).replace("%", "%%")
    return f'"{quoted}"'.replace("\\", "\\\\")


def _first_word(value: str) -> str:
    """The other way round."""
    value = value.replace("\\\\", "\\").strip()
    quoted = re.match(r'"((?:[^"\\]|\\.)*)"', value)
    word = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else value.split(" ", 1)[0]
    return word.replace("%%", "%")


class LaunchAgent:
    """macOS: a property list in ~/Library/LaunchAgents."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{_LABEL}.plist"

    def program(self) -> str:
        try:
            return str(plistlib.loads(self._file.read_bytes())["ProgramArguments"][0])
        except (OSError, ValueError, LookupError, TypeError, plistlib.InvalidFileException):
            return ""

    def write(self, command: list[str]) -> None:
        kept = {
            "Label": _LABEL,
            "ProgramArguments": command,
            "RunAtLoad": True,
            "ProcessType": "Interactive",
        }
        _write(self._file, plistlib.dumps(kept))

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)


class RunKey:
    """Windows: a value of the person's own Run key."""

    def program(self) -> str:
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN_KEY) as key:  # type: ignore[attr-defined]
                line = str(winreg.QueryValueEx(key, _NAME)[0])  # type: ignore[attr-defined]
                return line[1:].split('"', 1)[0] if line.startswith('"') else line.split(" ", 1)[0]
        except OSError:
            return ""

    def write(self, command: list[str]) -> None:
        import subprocess
        import winreg

        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN_KEY) as key:  # type: ignore[attr-defined]
            line = subprocess.list2cmdline(command)
            # always in quotes: C:\Program Files would otherwise be looked for as C:\Program.exe
            line = line if line.startswith('"') else f'"{command[0]}"{line[len(command[0]) :]}'
            winreg.SetValueEx(key, _NAME, 0, winreg.REG_SZ, line)  # type: ignore[attr-defined]

    def remove(self) -> None:
        import winreg

        try:
            access = winreg.KEY_SET_VALUE  # type: ignore[attr-defined]
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN_KEY, 0, access) as key:  # type: ignore[attr-defined]
                winreg.DeleteValue(key, _NAME)  # type: ignore[attr-defined]
        except FileNotFoundError:
            return


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{os.getpid()}.new")
    beside.write_bytes(data)
    beside.replace(file)

"""Showing a file in the program that the person uses for it, or where it lies. Never a program itself."""

import os
import subprocess
import sys
from pathlib import Path

from desktop.files import kinds
from desktop.files.grants import GrantedPath
from shared.errors import Conflict, PathRefused


def refuse_unshown(path: GrantedPath) -> None:
    """What a double click would run is not opened from here: only files that are read, and pictures."""
    if path.path.is_dir() or kinds.by_name(path.name) is not None or kinds.is_picture(path.name):
        return
    raise PathRefused(f"{path.name} is of a kind that is not opened from here. Show its folder instead.")


def open_in_program(path: GrantedPath) -> None:
    """Raises PathRefused, Conflict."""
    refuse_unshown(path)
    _start(path.path)


def show_in_folder(path: GrantedPath) -> None:
    """The folder that it lies in, with the file chosen where the system can."""
    place = path.path
    if sys.platform == "win32":
        subprocess.Popen(["explorer", f"/select,{place}"])
    elif sys.platform == "darwin":
        _run(["open", "-R", str(place)])
    else:
        _start(place if place.is_dir() else place.parent)


def _start(place: Path) -> None:
    if sys.platform == "win32":
        os.startfile(place)  # noqa: S606 - its kind was looked at
    else:
        _run(["open" if sys.platform == "darwin" else "xdg-open", str(place)])


def _run(command: list[str]) -> None:
    try:
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise Conflict("There is no program here that opens files.") from error

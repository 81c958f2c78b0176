"""The folder as a Debian package: the program under /usr/lib, a command, a menu entry and icons. Purging it
needs nothing of ours, for it writes nothing outside its own files. Standard library, and dpkg-deb.
"""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from environment import Failure

_HERE = Path(__file__).resolve().parent
_NAME = "vmart-agent"
_ICON_SIZES = (48, 128, 256, 512)


def package(folder: Path, assets: Path, release: str, into: Path) -> Path:
    tree = assets.parent / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    program = tree / "usr" / "lib" / _NAME
    shutil.copytree(folder, program, symlinks=True)
    _place(tree / "usr" / "share" / "applications" / f"{_NAME}.desktop", _HERE / f"{_NAME}.desktop")
    for size in _ICON_SIZES:
        icons = tree / "usr" / "share" / "icons" / "hicolor" / f"{size}x{size}" / "apps"
        _place(icons / f"{_NAME}.png", assets / f"app-{size}.png")
    _place(tree / "usr" / "share" / "doc" / _NAME / "copyright", _HERE.parents[1] / "LICENSE")
    _place(tree / "usr" / "share" / "doc" / _NAME / "licences.txt", assets / "licences.txt")
    command = tree / "usr" / "bin" / _NAME
    command.parent.mkdir(parents=True)
    command.symlink_to(f"../lib/{_NAME}/{_NAME}")
    _open_to_all(tree)
    control = tree / "DEBIAN" / "control"
    control.parent.mkdir(mode=0o755)
    control.write_text(_control(release, program), encoding="utf-8")
    file = into / f"{_NAME}_{release}_{_architecture()}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z9", "--build", tree, file],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    shutil.rmtree(tree)
    return file


def _place(target: Path, source: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _open_to_all(tree: Path) -> None:
    """Whatever the umask of whoever builds: everybody reads, nobody but root writes."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def _control(release: str, program: Path) -> str:
    size = sum(part.stat().st_size for part in program.rglob("*") if part.is_file()) // 1024
    text = (_HERE / "control").read_text(encoding="utf-8")
    known = {
        "release": release,
        "architecture": _architecture(),
        "size": str(size),
        "libc": platform.libc_ver()[1] or "2.31",
    }
    return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], text)


def _architecture() -> str:
    done = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure("dpkg does not say for which architecture it builds.")
    return done.stdout.strip()

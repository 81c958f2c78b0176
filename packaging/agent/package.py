"""The desktop program for the system that this runs on, into dist/: a folder, a file, what installs it, sums
and a bill of materials. Standard library only; the work is done in an environment of its own.
"""

import argparse
import hashlib
import platform
import re
import shutil
import sys
import tarfile
import time
from pathlib import Path

import debian
from environment import ROOT, Failure, make, run

NAME = "vmart-agent"
_WORK = ROOT / "build" / "package"
_HERE = Path(__file__).resolve().parent


def release() -> str:
    found = re.search(
        r'__version__ = "([^"]+)"', (ROOT / "desktop" / "__init__.py").read_text(encoding="utf-8")
    )
    if found is None:
        raise Failure("desktop/__init__.py holds no __version__.")
    return found[1]


def build(forms: list[str], into: Path) -> list[Path]:
    """Everything for this system, as files and folders in ``into``."""
    version = release()
    system = {"win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
    label = f"{NAME}-{version}-{system}-{platform.machine().lower()}"
    python = str(make(_WORK / "env"))
    assets, made = _WORK / "assets", _WORK / "dist"
    run([python, str(_HERE / "assets.py"), str(assets), "--release", version], "The icons could not be drawn")
    shutil.rmtree(made, ignore_errors=True)
    _freeze(python, forms, assets, made, version)
    into.mkdir(parents=True, exist_ok=True)
    results = []
    if "file" in forms:
        made_file, ending = (f"{NAME}.exe", ".exe") if sys.platform == "win32" else (NAME, ".bin")
        results.append(_moved(made / made_file, into / f"{label}{ending}"))
    if "folder" in forms:
        folder = _moved(made / f"{NAME}-folder", into / label)
        if sys.platform == "darwin":
            results.append(_moved(made / "V-Mart AI Agent.app", into / "V-Mart AI Agent.app"))
        elif sys.platform == "linux":
            results.append(_archive(folder, into / f"{label}.tar.gz"))
            if shutil.which("dpkg-deb"):
                results.append(debian.package(folder, assets, version, into))
        results.append(folder)
    bill = into / f"{label}.cdx.json"
    run([python, str(_HERE / "bill.py"), str(bill), "--release", version], "The bill of materials failed")
    results.append(bill)
    _sums(into, [result for result in results if result.is_file()], f"{label}.sha256")
    return results


def _freeze(python: str, forms: list[str], assets: Path, made: Path, version: str) -> None:
    command = [python, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += [
        "--distpath",
        str(made),
        "--workpath",
        str(_WORK / "work"),
        str(ROOT / "packaging" / "agent.spec"),
    ]
    command += ["--", "--assets", str(assets), "--release", version, "--forms", ",".join(forms)]
    # a fixed seed and date: the same sources give the same bytes
    run(command, "PyInstaller failed", PYTHONHASHSEED="0", SOURCE_DATE_EPOCH="1764547200")


def _moved(source: Path, target: Path) -> Path:
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    return Path(shutil.move(source, target))


def _archive(folder: Path, file: Path) -> Path:
    with tarfile.open(file, "w:gz", compresslevel=6) as archive:
        archive.add(folder, folder.name, filter=_nobodys)
    return file


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _sums(folder: Path, files: list[Path], name: str) -> None:
    """In the notation of ``sha256sum --check``."""
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(files)]
    (folder / name).write_text("".join(lines), encoding="utf-8")


def _megabytes(path: Path) -> float:
    parts = [path] if path.is_file() else list(path.rglob("*"))
    return sum(part.lstat().st_size for part in parts if part.is_file()) / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(prog="build.py package", description=__doc__)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--one-file", action="store_true", help="only the single file")
    only.add_argument("--one-folder", action="store_true", help="only the folder, and what is made from it")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", metavar="DIR", help="default: dist/")
    chosen = parser.parse_args()
    forms = ["file"] if chosen.one_file else ["folder"] if chosen.one_folder else ["folder", "file"]
    started = time.monotonic()
    try:
        results = build(forms, chosen.into.resolve())
    except Failure as failure:
        print(f"build.py package: {failure}", file=sys.stderr)
        return 1
    for result in results:
        print(f"{_megabytes(result):7.1f} MB  {result}")
    print(f"Packaged in {time.monotonic() - started:.0f} s.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The desktop program for the system that this runs on, into dist/: a folder, a file, what installs it, sums
and a bill of materials. Standard library only; the work is done in an environment of its own.
"""

import argparse
import contextlib
import platform
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import debian
import sums
from environment import ROOT, Failure, make, run

NAME = "vmart-agent"
_WORK = ROOT / "build" / "package"
_HERE = Path(__file__).resolve().parent
_SYSTEMS = {"win32": "windows", "darwin": "macos"}


def release() -> str:
    source = (ROOT / "desktop" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'__version__ = "([^"]+)"', source)
    if found is None:
        raise Failure("desktop/__init__.py holds no __version__.")
    return found[1]


def build(forms: list[str], into: Path) -> list[Path]:
    """What can be handed out on this system, and the folder, in ``into``."""
    version = release()
    label = f"{NAME}-{version}-{_SYSTEMS.get(sys.platform, sys.platform)}-{platform.machine().lower()}"
    if not (shutil.which("strip") or sys.platform != "linux"):
        raise Failure("strip is missing. On Debian: apt install binutils")
    into.mkdir(parents=True, exist_ok=True)
    python = str(make(_WORK / "env"))
    assets, made = _WORK / "assets", _WORK / "dist"
    run([python, str(_HERE / "assets.py"), str(assets), "--release", version], "The icons could not be drawn")
    bill, texts = into / f"{label}.cdx.json", assets / "licences.txt"
    command = [python, str(_HERE / "bill.py"), str(bill), "--release", version, "--texts", str(texts)]
    run(command, "The bill of materials failed")
    shutil.rmtree(made, ignore_errors=True)
    _freeze(python, forms, assets, made, version)
    results = []
    if "file" in forms:
        file, ending = (f"{NAME}.exe", ".exe") if sys.platform == "win32" else (NAME, ".bin")
        results.append(_moved(made / file, into / f"{label}{ending}"))
    if "folder" in forms:
        folder = _moved(made / f"{NAME}-folder", into / label)
        results.append(folder)
        if sys.platform == "darwin":
            results.append(_moved(made / "V-Mart AI Agent.app", into / "V-Mart AI Agent.app"))
        elif shutil.which("dpkg-deb"):
            results.append(debian.package(folder, assets, version, into))
    return [*results, bill, sums.write(into)]


def _freeze(python: str, forms: list[str], assets: Path, made: Path, version: str) -> None:
    where = ["--distpath", str(made), "--workpath", str(_WORK / "work")]
    ours = ["--assets", str(assets), "--release", version, "--forms", ",".join(forms)]
    spec = str(ROOT / "packaging" / "agent.spec")
    command = [python, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", *where, spec, "--", *ours]
    # a seed and a date of its own would make every build differ from the last one
    run(command, "PyInstaller failed", PYTHONHASHSEED="0", SOURCE_DATE_EPOCH="1764547200")


def _moved(source: Path, target: Path) -> Path:
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    return Path(shutil.move(source, target))


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two builds would write into the same folder: the second waits for the first."""
    _WORK.mkdir(parents=True, exist_ok=True)
    with (_WORK / ".lock").open("w") as lock:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _megabytes(path: Path) -> float:
    parts = [path] if path.is_file() else list(path.rglob("*"))
    return sum(part.lstat().st_size for part in parts if part.is_file()) / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(prog="build.py package", description=__doc__)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--one-file", action="store_true", help="only the single file")
    only.add_argument("--one-folder", action="store_true", help="only the folder, and what is made from it")
    only.add_argument("--print-release", action="store_true", help="print the version and build nothing")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", metavar="DIR", help="default: dist/")
    chosen = parser.parse_args()
    forms = ["file"] if chosen.one_file else ["folder"] if chosen.one_folder else ["folder", "file"]
    started = time.monotonic()
    try:
        if chosen.print_release:
            print(release())
            return 0
        with _one_at_a_time():
            results = build(forms, chosen.into.resolve())
    except Failure as failure:
        print(f"build.py package: {failure}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"build.py package: {error.filename} cannot be used: {error.strerror}.", file=sys.stderr)
        return 1
    for result in results:
        print(f"{_megabytes(result):7.1f} MB  {result}")
    print(f"Packaged in {time.monotonic() - started:.0f} s.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

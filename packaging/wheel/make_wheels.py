"""Makes the two wheels: the product, and the client SDK alone. ``build.py wheel`` runs it.

Each is built from a copy that holds just what belongs into it, with fixed modes, so that neither a
stale ``build`` folder nor this machine's umask gets in. Of what is built here, no test knows the inside.

The SDK's modules are those of ``shared`` that ``shared.backend_client`` needs, moved into one package:
a package called ``shared`` in everybody's Python would hide one of their own, or be hidden by it.
"""

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / "packaging" / "sdk"

PRODUCT = ("desktop/**/*.py", "server/**/*.py", "shared/sql/*.toml", "shared/**/*.py", "*/ui/**/*")
BESIDE = ("pyproject.toml", "LICENSE")
CLIENT = "shared.backend_client"
LAST_COMMIT_UNKNOWN = "1795824000"
"""2026-11-28. A wheel's times begin in 1980; any moment does, if it is always the same."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="build.py wheel", description="Make the wheels of product and SDK.")
    parser.add_argument("--to", type=Path, default=ROOT / "dist", metavar="DIR", help="where to (dist)")
    to: Path = parser.parse_args().to.resolve()
    os.umask(0o022)  # setuptools keeps the modes of what it writes itself
    try:
        to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(f"The wheels cannot be put into {to}: {error.strerror}.") from error
    with tempfile.TemporaryDirectory(prefix="vmart-wheel-") as folder:
        for name, copy in (("product", copy_product), ("sdk", copy_sdk)):
            source = Path(folder) / name
            copy(source)
            wheel = built(source, Path(folder) / f"{name}-wheel")
            shutil.copyfile(wheel, to / wheel.name)
            print(to / wheel.name)
    return 0


def copy_product(to: Path) -> None:
    put(to / "README.md", without_links(ROOT / "README.md"))
    for name in BESIDE:
        put(to / name, (ROOT / name).read_bytes())
    for pattern in PRODUCT:
        for file in sorted(ROOT.glob(pattern)):
            if file.is_file() and "__pycache__" not in file.parts:
                put(to / file.relative_to(ROOT), file.read_bytes())


def copy_sdk(to: Path) -> None:
    put(to / "pyproject.toml", (SDK / "pyproject.toml").read_bytes())
    put(to / "README.md", without_links(ROOT / "docs" / "using-the-sdk.md"))
    put(to / "LICENSE", (ROOT / "LICENSE").read_bytes())
    put(to / "backend_client" / "py.typed", b"")
    for module, file in sorted(needed_by(CLIENT).items()):
        text = file.read_text(encoding="utf-8")
        put(to / "backend_client" / module, moved(text).encode())


def needed_by(package: str) -> dict[str, Path]:
    """The modules of ``shared`` behind a package of it, by their paths in the SDK's."""
    found: dict[str, Path] = {}
    known = modules_of("shared")
    waiting = [file for name, file in known.items() if name.startswith(package)]
    while waiting:
        file = waiting.pop()
        path = file.relative_to(ROOT / "shared").as_posix().removeprefix("backend_client/")
        if path in found:
            if found[path] != file:
                raise SystemExit(f"Two modules of the SDK would be called {path}: {found[path]} and {file}")
            continue
        found[path] = file
        waiting += [known[module] for module in imported_by(file) if module in known]
    return found


def modules_of(package: str) -> dict[str, Path]:
    """Every module below a package by its dotted name; the package itself, which is empty, is left out."""
    names = {}
    for file in (ROOT / package).rglob("*.py"):
        parts = file.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    names.pop(package)
    return names


def imported_by(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def moved(text: str) -> str:
    """The text of a module with its imports as they are in the SDK."""
    return re.sub(
        r"^(\s*)from shared\.(?:backend_client\b\.?)?([\w.]*)(?= import\b)",
        lambda found: f"{found[1]}from backend_client{'.' + found[2] if found[2] else ''}",
        text,
        flags=re.MULTILINE,
    )


def without_links(page: Path) -> bytes:
    """The words of links and pictures that lead to other files of the clone, which a wheel has not."""
    return re.sub(r"!?\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", page.read_text(encoding="utf-8")).encode()


def put(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    file.chmod(0o644)


def built(source: Path, to: Path) -> Path:
    """setuptools writes a wheel's entries in the order of their names, with the time that it is told."""
    environment = os.environ | {"SOURCE_DATE_EPOCH": epoch()}
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    command += ["--quiet", "--disable-pip-version-check", "--wheel-dir", str(to), str(source)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"The wheel could not be built:\n{(done.stdout + done.stderr).strip()[-2000:]}")
    return next(to.glob("*.whl"))


def epoch() -> str:
    """When the last commit was made, unless the caller names a moment."""
    if named := os.environ.get("SOURCE_DATE_EPOCH"):
        return named
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return LAST_COMMIT_UNKNOWN
    return done.stdout.strip() if done.returncode == 0 and done.stdout.strip() else LAST_COMMIT_UNKNOWN


if __name__ == "__main__":
    sys.exit(main())

"""Writes the lock files in requirements/ anew from pyproject.toml: exact versions with their hashes.

One lock for each set of packages that is installed together. Each follows run.lock and dev.lock once those
are made, so that a package has the same version everywhere. Needs ``uv``, which can resolve for every
system at once.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "requirements"

LOCKS: dict[str, tuple[str, ...]] = {
    "run": ("server", "desktop"),
    "dev": ("server", "desktop", "dev"),
    "server": ("server",),
    "desktop": ("desktop",),
    "package": ("server", "desktop", "package"),
    "gemini-legacy": ("gemini-legacy",),
}
"""Each lock with its extras of pyproject.toml, in the order in which they are made."""

BUILDING = "setuptools>=77\n"
"""What makes the wheels (build.lock): nothing of ours needs it when it runs."""

COMPILE = (
    "uv",
    "pip",
    "compile",
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-header",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 build.py lock", description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    chosen = parser.parse_args()
    if shutil.which("uv") is None:
        print("build.py lock: uv is not on PATH. Install it (pip install uv) and try again.", file=sys.stderr)
        return 1
    upgrade = ["--upgrade"] if chosen.upgrade else []
    follow: list[str] = []
    for name, extras in LOCKS.items():
        words = [word for extra in extras for word in ("--extra", extra)]
        compiled(name, [*words, *follow, *upgrade, "pyproject.toml"])
        if name in ("run", "dev"):
            follow += ["-c", f"requirements/{name}.lock"]
    compiled("build", ["--no-annotate", *follow, *upgrade, "-"], text=BUILDING)
    return 0


def compiled(name: str, words: list[str], text: str | None = None) -> None:
    """Stops with uv's own words and exit code when it cannot resolve."""
    command = [*COMPILE, "--quiet", *words, "-o", f"requirements/{name}.lock"]
    done = subprocess.run(command, cwd=ROOT, input=text, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)
    print(f"requirements/{name}.lock")


if __name__ == "__main__":
    sys.exit(main())

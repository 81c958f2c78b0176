"""The backend's image, built with docker or podman as the Dockerfile says. Standard library only."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Failure(Exception):
    """A sentence for the person; no traceback."""


def main() -> int:
    release = project_version()
    parser = argparse.ArgumentParser(
        prog="build.py image",
        description="Build the backend's image. Further arguments go to docker build or podman build.",
    )
    parser.add_argument("--tag", default=f"vmart-backend:{release}", help="default: %(default)s")
    parser.add_argument("--tool", choices=["docker", "podman"], default="", help="default: which is there")
    parser.add_argument("--base", help="the image to build on, in place of the one in the Dockerfile")
    parser.add_argument(
        "--odbc", choices=["freetds", "none"], help="the driver for SQL Server (default: freetds)"
    )
    known, rest = parser.parse_known_args()
    try:
        tool = builder(known.tool)
        build(tool, known.tag, {"VERSION": release, "BASE": known.base, "ODBC": known.odbc}, rest)
    except Failure as failure:
        print(f"build.py: {failure}", file=sys.stderr)
        return 1
    print(
        f"Built {known.tag}. Start it with: {tool} run -d -p 5000:5000 {known.tag}",
        file=sys.stderr,
    )
    return 0


def builder(wanted: str) -> str:
    """docker or podman: the one that is named, else the first whose engine answers."""
    found = [tool for tool in ([wanted] if wanted else ["docker", "podman"]) if shutil.which(tool)]
    for tool in found:
        # Docker's client may well be there without an engine to talk to.
        quiet = subprocess.DEVNULL
        if subprocess.call([tool, "version"], stdout=quiet, stderr=quiet) == 0:
            return tool
    if found:
        raise Failure(f"{found[0]} is here, but its engine does not answer. Start it, and try again.")
    missing = f"{wanted} is not" if wanted else "neither is"
    raise Failure(
        f"An image is built by docker or podman, and {missing} on PATH. Install one "
        "(on Debian and Ubuntu: apt install podman)."
    )


def build(tool: str, tag: str, chosen: dict[str, str | None], more: list[str]) -> None:
    created = int(os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct") or time.time())
    values = chosen | {
        "REVISION": git("rev-parse", "HEAD") or "unknown",
        "CREATED": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(created)),
    }
    command = [tool, "build", "--tag", tag]
    # Podman's own format has no place for the health check.
    command += ["--format", "docker"] if tool == "podman" else []
    for name, value in values.items():
        command += ["--build-arg", f"{name}={value}"] if value else []
    if subprocess.call([*command, *more, str(ROOT)]) != 0:
        raise Failure(f"{tool} could not build the image; its words stand above.")


def project_version() -> str:
    found = re.search(
        r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    return found[1] if found else "0.0.0"


def git(*words: str) -> str:
    """What git says about this checkout; nothing where there is none."""
    try:
        out = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return out.stdout.strip() if out.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main())

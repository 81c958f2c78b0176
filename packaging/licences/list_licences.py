"""Writes docs/licences.md from the lock files and the metadata of what is installed; ``--check`` compares.

A package without a licence that a machine can read, or with one that known.toml neither allows nor
names, stops it: somebody has to look before it ships.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "licences.md"
TEMPLATE = Path(__file__).parent / "page.md"
KNOWN: dict[str, Any] = tomllib.loads((Path(__file__).parent / "known.toml").read_text(encoding="utf-8"))

SHIPPED = {"run.lock": "", "server.lock": "backend", "desktop.lock": "agent"}
CLASSIFIED = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="build.py licences", description="Write docs/licences.md.")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; 1 when the page is not up to date"
    )
    parser.add_argument("--locks", type=Path, default=ROOT / "requirements", metavar="DIR", help="lock files")
    parsed = parser.parse_args()
    text, problems = page(parsed.locks)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return 1
    if not parsed.check:
        PAGE.write_text(text, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != text:
        print("docs/licences.md is not up to date. Run: python3 build.py licences", file=sys.stderr)
        return 1
    return 0


def page(locks: Path) -> tuple[str, list[str]]:
    """The page, and a sentence for each package that must be looked at first."""
    versions: dict[str, list[str]] = {}
    comes_with: dict[str, set[str]] = {}
    for lock, side in SHIPPED.items():
        for name, version in locked(locks / lock):
            if version not in versions.setdefault(name, []):
                versions[name].append(version)
            comes_with.setdefault(name, set()).update({side} if side else ())
    rows, problems = [], list[str]()
    for name in sorted(versions):
        licence = licence_of(name, versions[name])
        if problem := problem_with(name, licence):
            problems.append(problem)
        cells = (name, ", ".join(versions[name]), licence, ", ".join(sorted(comes_with[name])))
        rows.append(f"| {' | '.join(cells)} |\n")
    named = "\n".join(f"{licence}: {duty}" for licence, duty in KNOWN["named"].items())
    template = TEMPLATE.read_text(encoding="utf-8")
    return template.replace("{rows}", "".join(rows)).replace("{named}", named), problems


def locked(lock: Path) -> Iterator[tuple[str, str]]:
    for found in re.finditer(r"^([a-z0-9._-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE):
        yield found[1], found[2]


def licence_of(name: str, versions: list[str]) -> str:
    """As an SPDX expression; empty when nobody knows."""
    if read := KNOWN["read"].get(name):
        return str(read)
    try:
        found = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if found["Version"] not in versions:
        return ""
    if "License-Expression" in found:
        return found["License-Expression"]
    known = {*KNOWN["allowed"], *KNOWN["named"]}
    said = found["License"].strip() if "License" in found else ""
    if said and set(parts_of(said)) <= known:
        return said
    classified = {
        CLASSIFIED.get(line.rpartition(" :: ")[2], "")
        for line in found.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith(":: OSI Approved")
    }
    return classified.pop() if len(classified) == 1 else ""


def problem_with(name: str, licence: str) -> str:
    if not licence:
        return (
            f"{name}: no licence that can be read. Look it up, and add it to packaging/licences/known.toml."
        )
    # With brackets in it nothing may be chosen away: every part must do.
    choices = [licence] if "(" in licence else re.split(r"\bOR\b", licence)
    acceptable = {*KNOWN["allowed"], *KNOWN["named"]}
    if any(set(parts_of(choice)) <= acceptable for choice in choices):
        return ""
    return f"{name}: {licence} is neither allowed nor named in packaging/licences/known.toml."


def parts_of(expression: str) -> list[str]:
    """The identifiers in an SPDX expression; ``X WITH Y`` counts as one."""
    return [part.strip(" ()") for part in re.split(r"\b(?:AND|OR)\b", expression)]


if __name__ == "__main__":
    sys.exit(main())

"""The bill of materials: CycloneDX 1.6, every package of requirements/package.lock that is installed here and
goes into the program, with version, licence and the hashes of the lock file. Runs in the package environment.
"""

import argparse
import json
import platform
import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

_LOCKS = Path(__file__).resolve().parents[2] / "requirements"
_LEFT_OUT = {"pycparser", "setuptools", "uvloop", "vl-convert-python"}
"""In the lock of what runs, but not in the program; agent.spec says why."""


def components() -> list[dict[str, Any]]:
    found = [_component(*entry) for entry in _locked() if entry[0] not in _LEFT_OUT]
    python = {
        "type": "platform",
        "bom-ref": "python",
        "name": "cpython",
        "version": platform.python_version(),
        "licenses": [{"license": {"id": "PSF-2.0"}}],
        "purl": f"pkg:generic/cpython@{platform.python_version()}",
    }
    return [python, *found]


def _locked() -> list[tuple[str, Distribution, list[str]]]:
    """Each package of run.lock that this system has, with the hashes that one of its files must have."""
    text = (_LOCKS / "run.lock").read_text(encoding="utf-8")
    entries = []
    for name, version, rest in re.findall(r"^(\S+?)==(\S+)([^\n]*\n(?:    .*\n)*)", text, re.MULTILINE):
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        if installed.version == version:
            entries.append((name, installed, re.findall(r"--hash=sha256:([0-9a-f]{64})", rest)))
    return entries


def _component(name: str, installed: Distribution, hashes: list[str]) -> dict[str, Any]:
    purl = f"pkg:pypi/{name}@{installed.version}"
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": installed.version,
        "purl": purl,
        "properties": [{"name": "lock:sha256", "value": digest} for digest in hashes],
    }
    licence = _said(installed, "License-Expression")
    if licence:
        component["licenses"] = [{"expression": licence}]
    else:
        words = _said(installed, "License") or ", ".join(
            line.rsplit(" :: ", 1)[1]
            for line in installed.metadata.get_all("Classifier") or []
            if line.startswith("License ::")
        )
        if words:
            component["licenses"] = [{"license": {"name": words.splitlines()[0]}}]
    return component


def _said(installed: Distribution, field: str) -> str:
    found: list[str] = installed.metadata.get_all(field) or [""]
    return found[0]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bill.py", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--release", required=True)
    chosen = parser.parse_args()
    about = {
        "type": "application",
        "bom-ref": "vmart-agent",
        "name": "vmart-agent",
        "version": chosen.release,
    }
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": about},
        "components": components(),
    }
    chosen.file.write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""The bill of materials: CycloneDX 1.6, every package of requirements/run.lock that goes into the program,
with version, licence and the lock's hashes; and the licences' own texts, which have to go with the program.
Runs in the package environment.
"""

import argparse
import json
import platform
import re
import sysconfig
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

_LOCKS = Path(__file__).resolve().parents[2] / "requirements"
_LEFT_OUT = {"pycparser", "setuptools", "uvloop", "vl-convert-python"}
"""In the lock of what runs, but not in the program; agent.spec says why."""
_RULE = "=" * 80
_LICENCE = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)


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
    expression = _said(installed, "License-Expression")
    if expression:
        component["licenses"] = [{"expression": expression}]
    elif _words(installed):
        component["licenses"] = [{"license": {"name": _words(installed)}}]
    return component


def texts() -> str:
    """The files in which each package states its licence, one after the other."""
    parts = []
    for name, installed, _ in _locked():
        if name in _LEFT_OUT:
            continue
        files = [file for file in installed.files or () if _LICENCE.match(file.name)]
        stated = [
            (file.name, Path(str(file.locate())).read_text(encoding="utf-8", errors="replace"))
            for file in files
            if ".dist-info" in str(file)
        ]
        licence = _licence(installed)
        for file_name, text in stated or [("its metadata", licence)]:
            parts.append(f"{_RULE}\n{name} {installed.version}: {file_name}\n{_RULE}\n\n{text}\n")
    python = Path(sysconfig.get_path("stdlib"), "LICENSE.txt")
    if python.exists():
        parts.append(f"{_RULE}\nPython\n{_RULE}\n\n{python.read_text(encoding='utf-8')}\n")
    return "".join(parts)


def _words(installed: Distribution) -> str:
    """As older packages say it: a line of their own, or a classifier."""
    classifiers = installed.metadata.get_all("Classifier") or []
    of_licence = [line.rsplit(" :: ", 1)[1] for line in classifiers if line.startswith("License ::")]
    return (_said(installed, "License") or ", ".join(of_licence)).partition("\n")[0]


def _licence(installed: Distribution) -> str:
    return _said(installed, "License-Expression") or _words(installed)


def _said(installed: Distribution, field: str) -> str:
    found: list[str] = installed.metadata.get_all(field) or [""]
    return found[0]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bill.py", description=__doc__)
    parser.add_argument("file", type=Path, help="where the bill goes")
    parser.add_argument("--texts", type=Path, metavar="FILE", help="where the licences' texts go")
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
    if chosen.texts is not None:
        chosen.texts.write_text(texts(), encoding="utf-8")
    chosen.file.write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

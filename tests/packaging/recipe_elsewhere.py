"""Run by the package environment's Python: reads the recipe as another system would, and prints what it asks
PyInstaller for. ``recipe_elsewhere.py SYSTEM SPEC ASSETS``"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

for needed in ("PyInstaller.isolated", "PyInstaller.utils.hooks"):
    importlib.import_module(needed)  # before the system's name is another one

system, spec, assets = sys.argv[1:]
asked: dict[str, Any] = {}


class Asked:
    """Stands for PyInstaller's builders, which would look for the other system's files."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *_: Any, **words: Any) -> Any:
        asked.setdefault(self.name, []).append(words)
        self.binaries: list[Any] = []
        self.datas: list[Any] = []
        self.scripts: list[Any] = []
        self.pure: list[Any] = []
        return self


names: dict[str, Any] = {name: Asked(name) for name in ("Analysis", "PYZ", "EXE", "COLLECT", "BUNDLE")}
sys.argv = [spec, "--assets", assets, "--release", "1.2.3"]
sys.platform = system
exec(  # noqa: S102 - as PyInstaller itself does
    compile(Path(spec).read_text(encoding="utf-8"), spec, "exec"),
    names | {"SPECPATH": str(Path(spec).parent), "workpath": assets},
)
print(json.dumps(asked, default=str))

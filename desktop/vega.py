"""The drawing library for the page, made once from the package that carries it, and kept.

A frozen program carries the library ready made, beside this file, and not the package, which weighs 80 MB.
"""

import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shared.paths import private_folder

_CARRIED = Path(__file__).resolve().parent / "vendor" / "vega.js"


class VegaBundle:
    """One file per version of the package. Making it takes two seconds, so that happens in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def start(self) -> None:
        threading.Thread(target=self.path, name="vega", daemon=True).start()

    def path(self) -> Path:
        """The file; waits for it when it is being made."""
        if _CARRIED.exists():
            return _CARRIED
        with self._lock:
            file = self._folder / f"vega-{version('vl-convert-python')}.js"
            if not file.exists():
                import vl_convert

                private_folder(self._folder)
                fresh = file.with_suffix(".new")
                bundle: Any = (
                    vl_convert.javascript_bundle
                )  # its stub forgets that the snippet may be left out
                fresh.write_text(bundle(), encoding="utf-8")
                fresh.replace(file)
            return file

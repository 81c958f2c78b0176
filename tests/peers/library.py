"""The drawing library, made once for this checkout and laid into the homes of the agents under test.

Making it takes a processor for three seconds, which every start in a fresh home would spend beside its test.
"""

import shutil
from pathlib import Path

from desktop.vega import VegaBundle
from shared.paths import private_folder

_KEPT = Path(__file__).parents[2] / "build" / "library"


def drawn() -> Path:
    """Its file, kept in build/ for the next run."""
    return VegaBundle(_KEPT).path()


def lay_into(home: Path) -> None:
    """As if an agent had been started there before."""
    made = drawn()
    target = private_folder(private_folder(home / "agent") / "vendor") / made.name
    if not target.exists():
        shutil.copyfile(made, target)

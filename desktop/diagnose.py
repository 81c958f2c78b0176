"""The command ``diagnostics``: shows what the bundle holds, and saves it when that is wanted."""

import argparse
import sys
from pathlib import Path

from desktop import __version__, settings_file
from desktop.diagnostics import NAME, Diagnostics, zipped
from desktop.people import LOCAL, People
from shared.errors import Conflict
from shared.paths import home


def diagnose(parsed: argparse.Namespace) -> int:
    folder = home()
    file = settings_file.place(parsed.config, folder)
    parts = Diagnostics(__version__, folder, People(folder).folder_of(LOCAL), file).make()
    for part in parts:
        print(f"--- {part.name}\n{part.text}")
    to = Path(NAME) if parsed.to is None else parsed.to
    if not parsed.yes and not _wanted(to):
        print("Nothing was saved. --yes saves it without asking.", file=sys.stderr)
        return 1
    try:
        with to.open("xb") as out:
            out.write(zipped(parts))
    except FileExistsError as error:
        raise Conflict(f"{to} is there already. Name another file with --to.") from error
    print(f"Saved {to}.")
    return 0


def _wanted(to: Path) -> bool:
    try:
        return input(f"Save this in {to}? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, OSError, RuntimeError):  # nobody is there to answer
        print()
        return False

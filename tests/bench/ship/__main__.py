"""``python -m tests.bench.ship``: builds what ships and measures it."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.bench.ship import desktop, image, service, wheel
from tests.bench.ship.figure import ShipFigure

SHAPES: dict[str, Callable[[], list[ShipFigure]]] = {
    "desktop": desktop.measured,
    "image": image.measured,
    "service": service.measured,
    "wheel": wheel.measured,
}
"""Each shape by name: it builds what it needs, and skips with a reason where it cannot."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 build.py bench --ship", description=__doc__)
    parser.add_argument("--only", choices=list(SHAPES), metavar="SHAPE", help="one of: " + ", ".join(SHAPES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    chosen = parser.parse_args()
    figures = [
        figure for name, measured in SHAPES.items() if chosen.only in (None, name) for figure in measured()
    ]
    print("| program | figure | value |")
    print("| --- | --- | ---: |")
    for figure in figures:
        value = figure.reason if figure.value is None else f"{figure.value:,.2f} {figure.unit}"
        print(f"| {figure.program} | {figure.name} | {value} |")
    if chosen.json is not None:
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

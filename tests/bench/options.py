"""What ``build.py bench`` can be told. Python's own alone, so that its help needs no environment."""

import argparse
from pathlib import Path

_ABOUT = "What the query path costs, as ratios against the raw drivers in the same run."


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python3 build.py bench", description=_ABOUT)
    made.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    made.add_argument("--quick", action="store_true", help="a tenth of the rows, one round")
    made.add_argument(
        "--ship", action="store_true", help="sizes and cold starts of what ships, instead of the query path"
    )
    made.add_argument(
        "--soak",
        type=int,
        nargs="?",
        const=600,
        metavar="SECONDS",
        help="many clients, random cancels and a bad line, instead; 600 seconds when none are given",
    )
    return made


if __name__ == "__main__":
    parser().parse_args()

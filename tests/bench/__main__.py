"""``python -m tests.bench``: what the query path costs, as ratios against the raw drivers in the same run."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from server.connectors import KINDS
from tests.bench import files, postgres
from tests.bench.measuring import Figures
from tests.bench.workload import Workload


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 build.py bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, one round")
    parser.add_argument(
        "--ship", action="store_true", help="sizes and cold starts of what ships, instead of the query path"
    )
    chosen = parser.parse_args()
    rows, rounds = (100_000, 1) if chosen.quick else (1_000_000, 5)
    began = time.monotonic()
    found: list[Workload] = []
    with tempfile.TemporaryDirectory(prefix="vmart-bench-") as folder:
        for name in ("postgres", "files"):
            Path(folder, name).mkdir()
        found += postgres.measured(Path(folder, "postgres"), rows=rows, rounds=rounds)
        if "filesystem" in KINDS:
            found += files.measured(Path(folder, "files"), rounds=rounds)
    _show(found)
    print(f"\n{rounds} interleaved rounds, medians, {time.monotonic() - began:.0f} s in all.")
    if chosen.json is not None:
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    return 0


def _show(workloads: list[Workload]) -> None:
    print("| workload | way | total ms | ratio | first byte ms | CPU ms | memory growth MB |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for workload in workloads:
        ours = next(iter(workload.ways.values()))
        for way, figures in workload.ways.items():
            cells = [workload.name, way, _milliseconds(figures.seconds)]
            cells += [f"{figures.seconds / ours.seconds:.2f}", *_rest(figures)]
            print("| " + " | ".join(cells) + " |")


def _rest(figures: Figures) -> list[str]:
    growth = "" if figures.growth_mb is None else f"{figures.growth_mb:.0f}"
    return [_milliseconds(figures.first_byte_seconds), _milliseconds(figures.cpu_seconds), growth]


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:,.2f}" if seconds < 0.1 else f"{seconds * 1000:,.0f}"


if __name__ == "__main__":
    sys.exit(main())

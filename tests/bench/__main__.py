"""``python -m tests.bench``: what the query path costs, as ratios against the raw drivers in the same run."""

import sys
import tempfile
import time
from pathlib import Path

import msgspec

from server.connectors import KINDS
from tests.bench import bookkeeping, clickhouse, files, postgres, schemas, soak
from tests.bench.options import parser
from tests.bench.workload import Workload


def main() -> int:
    chosen = parser().parse_args()
    if chosen.soak is not None:
        return soak.main(chosen.soak)
    rows, rounds = (100_000, 1) if chosen.quick else (1_000_000, 5)
    began = time.monotonic()
    found: list[Workload] = []
    skipped: list[str] = []
    with tempfile.TemporaryDirectory(prefix="vmart-bench-") as folder:
        for name in ("postgres", "files", "schemas"):
            Path(folder, name).mkdir()
        workloads, skipped = postgres.measured(Path(folder, "postgres"), rows=rows, rounds=rounds)
        found += workloads
        workloads, reasons = clickhouse.measured(Path(folder, "clickhouse"), rows=5 * rows, rounds=rounds)
        found, skipped = found + workloads, skipped + reasons
        found.append(bookkeeping.measured(Path(folder, "bookkeeping"), rounds=rounds))
        if "filesystem" in KINDS:
            found += files.measured(Path(folder, "files"), rows=rows * 5, rounds=rounds)
        found += schemas.measured(Path(folder, "schemas"), tables=rows // 100, rounds=rounds)
    _show(found)
    print("".join(f"\n{sentence}" for sentence in skipped))
    print(f"\n{rounds} interleaved rounds, medians, {time.monotonic() - began:.0f} s in all.")
    if chosen.json is not None:
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    return 0


def _show(workloads: list[Workload]) -> None:
    numbers = ("ms", "ratio", "first byte ms", "p99 ms", "requests/s", "CPU ms", "CPU ratio", "memory MB")
    print("| workload | way | " + " | ".join(numbers) + " |")
    print("| --- | --- |" + " ---: |" * len(numbers))
    for workload in workloads:
        for way, figures in workload.ways.items():
            cells = [workload.name, way, _milliseconds(figures.seconds), _ratio(figures.ratio)]
            cells += [_milliseconds(figures.first_byte_seconds), _milliseconds(figures.p99_seconds)]
            cells += [_whole(figures.requests_per_second), _milliseconds(figures.cpu_seconds)]
            cells += [_ratio(figures.cpu_ratio), _whole(figures.growth_mb)]
            print("| " + " | ".join(cells) + " |")


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:,.2f}" if seconds < 0.1 else f"{seconds * 1000:,.0f}"


if __name__ == "__main__":
    sys.exit(main())

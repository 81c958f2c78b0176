"""Figures of one call, and their medians over interleaved rounds. What is called stays in the callers."""

import os
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

_TICKS = os.sysconf("SC_CLK_TCK")


class Figures(msgspec.Struct, frozen=True):
    """Of one way to do one workload; CPU and memory are those of the process that answers."""

    seconds: float
    first_byte_seconds: float | None = None
    cpu_seconds: float | None = None
    growth_mb: float | None = None


Way = Callable[[], Figures]


def compared(ways: Mapping[str, Way], rounds: int) -> dict[str, Figures]:
    """Each way in turn, round after round, so that a busy moment hits all of them; then medians."""
    seen: dict[str, list[Figures]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            seen[name].append(way())
    return {name: _median(figures) for name, figures in seen.items()}


def _median(figures: list[Figures]) -> Figures:
    def middle(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else None

    return Figures(
        seconds=statistics.median(figure.seconds for figure in figures),
        first_byte_seconds=middle([figure.first_byte_seconds for figure in figures]),
        cpu_seconds=middle([figure.cpu_seconds for figure in figures]),
        growth_mb=middle([figure.growth_mb for figure in figures]),
    )


class Process:
    """CPU time and memory of another process, from Linux's /proc; None elsewhere."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        self._before_mb: float | None = None

    def cpu_seconds(self) -> float | None:
        try:
            fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def mark_memory(self) -> None:
        """Growth is counted from here."""
        try:
            (self._folder / "clear_refs").write_text("5")
        except OSError:
            self._before_mb = None
            return
        self._before_mb = self._status("VmRSS")

    def growth_mb(self) -> float | None:
        peak = self._status("VmHWM")
        return None if peak is None or self._before_mb is None else max(peak - self._before_mb, 0.0)

    def _status(self, name: str) -> float | None:
        try:
            lines = (self._folder / "status").read_text().splitlines()
        except OSError:
            return None
        found = [line.split() for line in lines if line.startswith(f"{name}:")]
        return int(found[0][1]) / 1024 if found else None

"""Figures of one call, and their medians over interleaved rounds. What is called stays in the callers."""

import os
import statistics
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

_TICKS = os.sysconf("SC_CLK_TCK")


class Figures(msgspec.Struct, frozen=True):
    """Of one way to do one workload; CPU and memory are those of the processes that answer.

    ``ratio`` and ``cpu_ratio`` compare with the workload's first way, round by round: above 1 is slower,
    or takes more, than the first.
    """

    seconds: float
    first_byte_seconds: float | None = None
    cpu_seconds: float | None = None
    growth_mb: float | None = None
    requests_per_second: float | None = None
    p99_seconds: float | None = None
    ratio: float | None = None
    cpu_ratio: float | None = None


Way = Callable[[], Figures]


def compared(ways: Mapping[str, Way], rounds: int) -> dict[str, Figures]:
    """Each way in turn, round after round, so that a busy moment hits all of them; then medians."""
    seen: dict[str, list[Figures]] = {name: [] for name in ways}
    for _ in range(rounds):
        first: Figures | None = None
        for name, way in ways.items():
            figures = way()
            first = first or figures
            seen[name].append(_beside(first, figures))
    return {name: _median(figures) for name, figures in seen.items()}


def _beside(first: Figures, figures: Figures) -> Figures:
    """With rates, more is better; without, less."""
    if first.requests_per_second and figures.requests_per_second:
        ratio = first.requests_per_second / figures.requests_per_second
    else:
        ratio = figures.seconds / first.seconds
    cpu = figures.cpu_seconds / first.cpu_seconds if figures.cpu_seconds and first.cpu_seconds else None
    return msgspec.structs.replace(figures, ratio=ratio, cpu_ratio=cpu)


def _median(figures: list[Figures]) -> Figures:
    def middle(name: str) -> float | None:
        known = [value for value in (getattr(figure, name) for figure in figures) if value is not None]
        return statistics.median(known) if known else None

    return Figures(**{name: middle(name) for name in Figures.__struct_fields__})  # type: ignore[arg-type]


class Process:
    """CPU time and memory of another process with all that it started, from Linux's /proc; None elsewhere."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before_mb: float | None = None

    def cpu_seconds(self) -> float | None:
        """Also of children that have ended."""
        ticks, seen = 0, False
        for pid in _family(self._pid):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            ticks, seen = ticks + sum(map(int, fields[11:15])), True
        return ticks / _TICKS if seen else None

    def mark_memory(self) -> None:
        """Growth is counted from here."""
        self._before_mb = None
        try:
            for pid in _family(self._pid):
                Path(f"/proc/{pid}/clear_refs").write_text("5")
        except OSError:
            return
        self._before_mb = self.memory_mb()

    def growth_mb(self) -> float | None:
        peak = self._total("status", "VmHWM")
        return None if not peak or self._before_mb is None else max(peak - self._before_mb, 0.0)

    def memory_mb(self) -> float:
        return self._total("status", "VmRSS")

    def own_memory_mb(self) -> float:
        """What is shared between the processes is counted once."""
        return self._total("smaps_rollup", "Pss")

    def _total(self, file: str, name: str) -> float:
        total = 0
        for pid in _family(self._pid):
            try:
                lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
        return total / 1024


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _family(int(child))


class Meter:
    """CPU seconds of several processes together: a server, and the database behind it."""

    def __init__(self, *processes: Process) -> None:
        self._processes = processes

    def read(self) -> float | None:
        known = [seconds for process in self._processes if (seconds := process.cpu_seconds()) is not None]
        return sum(known) if known else None

    def since(self, before: float | None, *, times: int = 1) -> float | None:
        after = self.read()
        return None if before is None or after is None else (after - before) / times

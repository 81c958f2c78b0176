"""The desktop program: its size, how soon its window can be used, and what it holds when nothing happens."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.ship.figure import ShipFigure
from tests.display import Display, missing
from tests.packaging.programs import Packaged, settled

_ROOT = Path(__file__).resolve().parents[3]
_ROUNDS = 5
_HEAVIEST = 10
_NAMES = {"folder": "desktop, one folder", "file": "desktop, one file"}


def measured() -> list[ShipFigure]:
    """Builds, unless ``VMART_DIST`` names a folder in which it was built."""
    if missing():
        reason = f"needs {missing()}"
        return [ShipFigure(name, "size", None, "MB", reason) for name in _NAMES.values()]
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        built = _ROOT / (os.environ.get("VMART_DIST") or _built(place))
        [folder] = [entry for entry in built.iterdir() if entry.is_dir()]
        [file] = built.glob("*.bin")
        [package] = built.glob("*.deb")
        figures = [
            ShipFigure(_NAMES["folder"], "size", _megabytes(folder), "MB"),
            ShipFigure(_NAMES["folder"], "size as .deb", _megabytes(package), "MB"),
            ShipFigure(_NAMES["file"], "size", _megabytes(file), "MB"),
        ]
        figures += _heaviest(folder)
        home = place / "home"
        home.mkdir()
        for form, program in (("folder", folder), ("file", file)):
            figures += _started(_NAMES[form], settled(program, place / form), home, place)
        return figures


def _built(place: Path) -> Path:
    into = place / "dist"
    subprocess.run([sys.executable, _ROOT / "build.py", "package", "--into", into], check=True, stdout=2)
    return into


def _megabytes(path: Path) -> float:
    parts = [path] if path.is_file() else [part for part in path.rglob("*") if part.is_file()]
    return sum(part.lstat().st_size for part in parts) / 1e6


def _heaviest(folder: Path) -> Iterator[ShipFigure]:
    """What weighs most inside, a package as one."""
    inside = folder / "_internal"
    weights: dict[str, float] = {}
    for part in [*inside.iterdir(), folder / "vmart-agent"]:
        name = part.name.split(".", 1)[0]
        weights[name] = weights.get(name, 0) + _megabytes(part)
    for name, weight in sorted(weights.items(), key=lambda known: -known[1])[:_HEAVIEST]:
        yield ShipFigure(_NAMES["folder"], f"inside: {name}", weight, "MB")


def _started(name: str, program: Path, home: Path, place: Path) -> Iterator[ShipFigure]:
    """Started again and again by somebody who has the demo data, with the files in the system's cache."""
    painted, busy, usable, memory = [], [], [], []
    with Packaged(program, home, "", "--no-window") as agent:  # makes the demo data, warms the cache
        _wait(agent, home)
        agent.end()
    for number in range(_ROUNDS):
        screen = place / f"{program.name}-{name}-{number}"
        screen.mkdir()
        with Display(screen) as display:
            started = time.monotonic()
            with Packaged(program, home, display.name) as agent:
                while not display.painted() and agent.process.poll() is None:
                    time.sleep(0.01)
                painted.append(time.monotonic() - started)
                busy.append(sum(_processor_seconds(pid) for pid in agent.running()))
                _wait(agent, home)
                usable.append(time.monotonic() - started)
                display.wait_until_still()
                time.sleep(2)
                memory.append(sum(_proportional(pid) for pid in agent.running()))
                agent.end()
        shutil.rmtree(screen)
    yield ShipFigure(name, "cold start to the painted window, median", statistics.median(painted), "s")
    yield ShipFigure(name, "cold start to the painted window, best", min(painted), "s")
    yield ShipFigure(name, "processor time until then, median", statistics.median(busy), "s")
    yield ShipFigure(name, "cold start to the demo's answers, median", statistics.median(usable), "s")
    yield ShipFigure(name, "idle memory with the demo, all processes (PSS)", statistics.median(memory), "MB")


def _wait(agent: Packaged, home: Path) -> None:
    """Until the demo answers: the program notes then where it does."""
    deadline = time.monotonic() + 180
    while not (home / ".vmart" / "agent" / "demo.json").exists():
        if agent.process.poll() is not None:
            raise SystemExit(f"The program ended: {agent.process.communicate()[0]}")
        if time.monotonic() > deadline:
            raise SystemExit("The program did not start its demo.")
        time.sleep(0.01)


def _processor_seconds(pid: int) -> float:
    """Of all its threads, and of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _proportional(pid: int) -> float:
    """A process's memory, what it shares with others counted by halves."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000

"""The wheels, each in an environment of its own: what they bring, how fast they start, what they hold."""

import json
import os
import re
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.ship.figure import ShipFigure
from tests.ship.wheels import ROOT, build, empty_venv, environment

_ROUNDS = 5
_SDK, _SERVER, _AGENT = "client SDK, wheel", "vmart-server, wheel", "vmart-agent, wheel"
_SETTLED_SECONDS = 3.0
_NOT_COUNTED = {"pip", "setuptools", "__pycache__"}
_IMPORT = (
    "import time; began = time.perf_counter(); import backend_client; print(time.perf_counter() - began)"
)


def measured() -> list[ShipFigure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        product, sdk = build(folder / "dist")
        figures = [
            ShipFigure(_SDK, "size of the wheel", sdk.stat().st_size / 1024, "KB"),
            ShipFigure(_SERVER, "size of the wheel, with the agent", product.stat().st_size / 1024, "KB"),
        ]
        try:
            return [*figures, *_sdk(folder, sdk), *_server(folder, product), *_agent(folder, product)]
        except AssertionError as error:  # pip's own words
            reason = (str(error).strip().splitlines() or ["not installed"])[-1]
            return [*figures, ShipFigure(_SDK, "everything else", None, "", reason)]


def _sdk(folder: Path, wheel: Path) -> list[ShipFigure]:
    programs = empty_venv(folder / "sdk", str(wheel))
    python, env = str(programs / "python"), environment(folder / "home")
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format", "json"], env=env, capture_output=True, check=True
    )
    brought = [one for one in json.loads(listed.stdout) if one["name"] not in ("pip", "setuptools")]
    seconds = [
        float(subprocess.run([python, "-c", _IMPORT], env=env, capture_output=True, check=True).stdout)
        for _ in range(_ROUNDS)
    ]
    return [
        ShipFigure(_SDK, "packages, itself included", len(brought), ""),
        ShipFigure(_SDK, "size installed", _size_mb(folder / "sdk"), "MB"),
        ShipFigure(_SDK, "import", statistics.median(seconds) * 1000, "ms"),
    ]


def _server(folder: Path, wheel: Path) -> list[ShipFigure]:
    programs = _installed(folder / "server", "server.lock", wheel)
    config = folder / "backend_config.yaml"
    config.write_text("server: {port: 0}\n")
    words = [str(programs / "vmart-server"), "serve", "--config", str(config)]
    starts, memory = [], []
    for number in range(_ROUNDS):
        with _running(words, environment(folder / f"server-{number}"), r"Serving at (\S+)") as (
            pid,
            url,
            began,
        ):
            urllib.request.urlopen(f"{url}/health", timeout=10).read()  # noqa: S310 - our own
            starts.append(time.perf_counter() - began)
            memory.append(_settled_mb(pid))
    return [
        ShipFigure(_SERVER, "size installed", _size_mb(folder / "server"), "MB"),
        ShipFigure(_SERVER, "start to healthy", statistics.median(starts), "s"),
        ShipFigure(_SERVER, "idle memory (PSS)", statistics.median(memory), "MB"),
    ]


def _agent(folder: Path, wheel: Path) -> list[ShipFigure]:
    """Without a window, for a backend that does not answer: the agent alone."""
    programs = _installed(folder / "agent", "desktop.lock", wheel)
    words = [str(programs / "vmart-agent"), "run", "--no-window", "--port", "0"]
    env = environment(folder / "agent-home", BACKEND_URL="http://127.0.0.1:9", BACKEND_API_KEY="none")
    starts, memory = [], []
    for _ in range(_ROUNDS):
        with _running(words, env, r"(http://127\.0\.0\.1:\S+)") as (pid, _, began):
            starts.append(time.perf_counter() - began)
            memory.append(_settled_mb(pid))
    return [
        ShipFigure(_AGENT, "size installed", _size_mb(folder / "agent"), "MB"),
        ShipFigure(_AGENT, "start to its address", statistics.median(starts), "s"),
        ShipFigure(_AGENT, "idle memory (PSS), no window", statistics.median(memory), "MB"),
    ]


def _installed(folder: Path, lock: str, wheel: Path) -> Path:
    programs = empty_venv(folder, "--no-deps", "-r", str(ROOT / "requirements" / lock))
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--no-deps", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    return programs


@contextmanager
def _running(words: list[str], env: dict[str, str], ready: str) -> Iterator[tuple[int, str, float]]:
    """Its process id, what ``ready`` finds in its words, and when it was started."""
    began = time.perf_counter()
    with subprocess.Popen(
        words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            found = next(filter(None, (re.search(ready, line) for line in process.stdout)), None)
            assert found, f"{words[0]} ended before it was ready"
            yield process.pid, found[1], began
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)


def _settled_mb(pid: int) -> float:
    """Once what it does after its start is done: what is shared with other processes counts in part."""
    time.sleep(_SETTLED_SECONDS)
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def _size_mb(folder: Path) -> float:
    """Without pip, setuptools and what Python compiles by itself."""
    files = (Path(base) / name for base, _, names in os.walk(folder) for name in names)
    counted = (file for file in files if not _NOT_COUNTED & set(file.relative_to(folder).parts))
    return sum(file.lstat().st_size for file in counted) / 1024 / 1024

"""The backend as an image: its size, its start, its memory with one worker and with four."""

import json
import re
import statistics
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.bench.ship.figure import ShipFigure
from tests.journeys.processes import children_of
from tests.peers.podman import TAG, Container, Podman, base_of_the_dockerfile, missing
from tests.server.running import wait_until

_PROGRAM = "backend, image"
_ROUNDS = 5
_WORKERS = (1, 4)


def measured() -> list[ShipFigure]:
    if reason := missing():
        return [ShipFigure(_PROGRAM, "size", None, "MB", reason.lower())]
    podman = Podman()
    try:
        podman.make_base()
        podman.build()
        return [*_sizes(podman), *(figure for workers in _WORKERS for figure in _running(podman, workers))]
    finally:
        podman.remove()


def _sizes(podman: Podman) -> list[ShipFigure]:
    whole, base = (
        json.loads(podman("image", "inspect", name))[0]["Size"] / 1e6
        for name in (TAG, base_of_the_dockerfile())
    )
    return [
        ShipFigure(_PROGRAM, "size", whole, "MB"),
        ShipFigure(_PROGRAM, "size without its base", whole - base, "MB"),
    ]


def _running(podman: Podman, workers: int) -> list[ShipFigure]:
    config = podman.folder / f"config-{workers}"
    config.mkdir()
    (config / "backend_config.yaml").write_text(
        f"server: {{host: 0.0.0.0, workers: {workers}, allow_plain_http: true}}\n"
    )
    podman.folder.chmod(0o755)
    starts, memory = [], []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        options = ("--read-only", "--tmpfs=/tmp", f"--volume={config}:/app/config:ro")
        with Container(podman, *options) as container:
            _wait_for(f"{container.url}/health")
            starts.append(time.perf_counter() - began)
            wait_until(lambda container=container: "Serving at" in container.logs(), 60)  # type: ignore[misc]
            time.sleep(1)
            memory.append(_pss_mb(int(container.state()["Pid"])))
    said = "1 worker" if workers == 1 else f"{workers} workers"
    return [
        ShipFigure(_PROGRAM, f"start to healthy, {said}", statistics.median(starts), "s"),
        ShipFigure(_PROGRAM, f"idle memory (PSS), {said}", statistics.median(memory), "MB"),
    ]


def _wait_for(url: str) -> None:
    give_up = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own
                answer.read()
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)


def _pss_mb(pid: int) -> float:
    """Of a process and all below it, as the host sees them."""
    total = 0.0
    for process in [pid, *children_of(pid)]:
        found = re.search(
            r"^Pss:\s+(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE
        )
        total += int(found[1]) / 1024 if found else 0.0
    return total

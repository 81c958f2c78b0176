"""The backend as a service: in a booted Debian, or as a plain process where none can be booted."""

import re
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.ship.figure import ShipFigure
from tests.server.processes import BackendProcess
from tests.service.machine import Machine, booted, make_root, missing, wait_until

_ROUNDS = 5
_UNIT = "vmart-backend"
_SERVICE = "backend, systemd"
_PROCESS = "backend, plain process"


def measured() -> list[ShipFigure]:
    with tempfile.TemporaryDirectory() as folder:
        figures = _process(Path(folder))
        if reason := missing():
            return [*figures, ShipFigure(_SERVICE, "start to healthy", None, "s", reason.lower())]
        root = Path(folder) / "root"
        make_root(root)
        with booted(root) as machine:
            return [*figures, *_service(machine)]


def _process(folder: Path) -> list[ShipFigure]:
    starts, memory = [], []
    for number in range(_ROUNDS):
        began = time.perf_counter()
        backend = BackendProcess(folder / f"home-{number}")
        backend.ask("GET", "/health")
        starts.append(time.perf_counter() - began)
        memory.append(backend.resident_mb())
        backend.stop()
    return [
        ShipFigure(_PROCESS, "start to healthy", statistics.median(starts), "s"),
        ShipFigure(_PROCESS, "idle memory (RSS)", statistics.median(memory), "MB"),
    ]


def _service(machine: Machine) -> list[ShipFigure]:
    began = time.perf_counter()
    machine.sh("sh packaging/systemd/install.sh")
    installing = time.perf_counter() - began
    config = machine.root / "etc/vmart/backend_config.yaml"
    config.write_text(config.read_text().replace("port: 5000", "port: 0"))
    starts = []
    for _ in range(_ROUNDS):
        machine.sh(f"systemctl stop {_UNIT}")
        began = time.perf_counter()
        machine.sh(f"systemctl start {_UNIT}")  # returns when it serves
        starts.append(time.perf_counter() - began)
    memory = _pss_mb(machine)
    began = time.perf_counter()
    machine.reboot()
    wait_until(lambda: machine.run("systemctl", "is-active", _UNIT).stdout.strip() == "active", 120)
    rebooting = time.perf_counter() - began
    size = int(machine.sh("du -sk /opt/vmart-backend").split()[0]) / 1024
    return [
        ShipFigure(_SERVICE, "install", installing, "s"),
        ShipFigure(_SERVICE, "start to healthy", statistics.median(starts), "s"),
        ShipFigure(_SERVICE, "machine off and on to healthy", rebooting, "s"),
        ShipFigure(_SERVICE, "idle memory (PSS)", memory, "MB"),
        ShipFigure(_SERVICE, "size installed", size, "MB"),
    ]


def _pss_mb(machine: Machine) -> float:
    pid = machine.sh(f"systemctl show --property=MainPID --value {_UNIT}")
    found = re.search(r"^Pss:\s+(\d+) kB", machine.sh(f"cat /proc/{pid}/smaps_rollup"), re.MULTILINE)
    assert found
    return int(found[1]) / 1024

"""Homes for journeys; the demo data is made once for all of them."""

import fcntl
import shutil
from pathlib import Path

import pytest

from server import demo


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder with the demo's files, shared by all workers of the run."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return demo.ensure(shared / "demo-data", lambda _: None)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, demo_data: Path) -> Path:
    """A folder for VMART_HOME in which the demo has only to start."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(demo_data, folder / "demo" / "data")
    return folder

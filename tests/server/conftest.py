"""A backend with one connection, ``numbers``, for every test that asks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.source import Counts, number_kind
from tests.server.running import RunningBackend, start


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def backend(tmp_path: Path, counts: Counts) -> Iterator[RunningBackend]:
    running = start(tmp_path, [number_kind(counts)])
    running.ask("POST", "/api/connections", {"name": "numbers", "type": "numbers", "params": {}})
    yield running
    running.stop()

"""Each test of this folder runs once for every source."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server.connectors import KINDS
from server.connectors.google_drive import mirror
from shared.settings import BackendSettings, DatabaseSection
from tests.peers.google_drive import DriveServer
from tests.peers.tableau import TableauServer
from tests.server.faults.sources import ROWS_BESIDE, SOURCES, Source
from tests.server.running import RunningBackend, start

_QUICK = "postgresql"
"""The others wait for ``--all``."""


@pytest.fixture(
    params=[pytest.param(name, marks=() if name == _QUICK else pytest.mark.slow) for name in SOURCES]
)
def source(request: pytest.FixtureRequest) -> Source:
    return SOURCES[request.param]


@pytest.fixture(params=[*SOURCES, *ROWS_BESIDE])
def any_line(request: pytest.FixtureRequest) -> tuple[Source, Any]:
    """A source and its peer, also where only the rows come over the line."""
    source = (SOURCES | ROWS_BESIDE)[request.param]
    return source, request.getfixturevalue(source.peer)


@pytest.fixture
def peer(source: Source, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(source.peer)


@pytest.fixture
def backend_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Source], RunningBackend]]:
    """A backend that gives a source as long as it needs."""
    monkeypatch.setenv("VMART_HOME", str(tmp_path))
    started: list[RunningBackend] = []

    def start_one(source: Source) -> RunningBackend:
        section = DatabaseSection(
            max_connections=4, connection_timeout=source.limits.connect, query_timeout=60
        )
        started.append(start(tmp_path, KINDS.values(), BackendSettings(database=section)))
        return started[-1]

    yield start_one
    for running in started:
        running.stop()


_ONE = b"n\n1\n"
_MANY = b"n,t\n" + b"".join(b"%d,some text that fills the line\n" % n for n in range(1, 20_001))


@pytest.fixture(scope="module")
def tableau() -> Iterator[TableauServer]:
    with TableauServer() as server:
        server.view("Numbers", "One", _ONE)
        server.view("Numbers", "Many", _MANY)
        yield server


@pytest.fixture(scope="module")
def google_drive() -> Iterator[DriveServer]:
    """Whose connections look at it for each query."""
    with DriveServer(page_size=100) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(mirror, "LOOK_AGAIN_SECONDS", 0)
        server.put("one.csv", _ONE, kind="text/csv")
        server.put("many.csv", _MANY, kind="text/csv")
        yield server

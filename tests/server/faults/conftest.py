"""Each test of this folder runs once for every source."""

from typing import Any

import pytest

from tests.server.faults.sources import ROWS_BESIDE, SOURCES, Source

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

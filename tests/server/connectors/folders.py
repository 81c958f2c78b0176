"""Opening folders of files in tests, and asking them."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.connectors.base import Limits
from server.connectors.filesystem import kind as filesystem
from server.connectors.filesystem.kind import FilesystemConnector
from shared import guard
from shared.errors import QueryFailed, SourceUnavailable
from shared.wire import TableInfo
from tests.server.connectors.contract import rows_of

Opener = Callable[..., FilesystemConnector]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
    """Opens connectors with a cache of their own, and closes them."""
    monkeypatch.setenv("VMART_HOME", str(tmp_path / "home"))
    made: list[FilesystemConnector] = []

    def open_(root: Path, **params: object) -> FilesystemConnector:
        made.append(filesystem.open_({"root": str(root), "threads": 2, "memory_mb": 512, **params}, 5))
        return made[-1]

    yield open_
    for connector in made:
        connector.close()


def ask(connector: FilesystemConnector, text: str, **params: str | int) -> list[list[object]]:
    with connector.query(guard.check(text, "duckdb"), params, Limits(1000, 30)) as result:
        return rows_of(result)


def table(connector: FilesystemConnector, name: str) -> TableInfo:
    return next(table for table in connector.schema().tables if table.name == name)


def until(connector: FilesystemConnector, text: str, rows: list[list[object]]) -> None:
    """The folder is looked at once a second."""
    give_up = time.monotonic() + 60
    found: object = None
    while time.monotonic() < give_up:
        try:
            found = ask(connector, text)
        except (QueryFailed, SourceUnavailable) as error:
            found = error
        if found == rows:
            return
        time.sleep(0.05)
    raise AssertionError(f"{text} gives {found}")

"""Fixtures that every test may ask for, and which tests wait for ``--all``."""

import os

import pytest

os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")  # no test writes into yours

pytest_plugins = (
    "tests.peers.demo",
    "tests.peers.oracle",
    "tests.peers.postgres",
    "tests.peers.sqlserver",
    "tests.peers.clickhouse",
    "tests.peers.clickhouse_now",
)


_LONGEST = (
    "test_desktop_program.py",
    "test_faults.py",
    "test_image.py",
    "test_from_a_wheel.py",
    "test_service.py",
)
"""Of the slow files, those of several minutes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="also run the tests that are marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--all"):
        _slow_files_first(items)
        _browser_files_last(items)
        return
    _browser_files_last(items)
    slow = [item for item in items if item.get_closest_marker("slow")]
    items[:] = [item for item in items if item not in slow]
    if slow:
        config.hook.pytest_deselected(items=slow)


def _browser_files_last(items: list[pytest.Item]) -> None:
    """Playwright leaves an event loop running in its process, in which no test can start one of its own."""
    last = {item.path for item in items if item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path in last)


def _slow_files_first(items: list[pytest.Item]) -> None:
    """Files are handed to the workers in this order: the long ones begin at once, and the many short ones
    fill what is left, so that no worker sits idle at the end. Those that use what a long one has built come
    when it is there."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    waiting = {item.path for item in items if "built" in getattr(item, "fixturenames", ())}

    def place(item: pytest.Item) -> tuple[bool, int]:
        if item.path.name in _LONGEST:
            return False, _LONGEST.index(item.path.name)
        return item.path not in slow, len(_LONGEST) + (item.path in waiting)

    items.sort(key=place)

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
    "test_service.py",
    "test_from_a_wheel.py",
    "test_generated.py",
    "test_no_wait_without_end.py",
    "test_installed.py",
    "test_task_in_the_window.py",
)
"""Of the slow files, those of a minute and more."""
_LONGEST_LAST = ("test_screens.py", "test_window.py", "test_session_journey.py", "test_tasks_journey.py")
"""Of the browser files, those that would hold up the end."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="also run the tests that are marked slow")
    parser.addoption(
        "--generated",
        type=int,
        default=1_000,
        metavar="N",
        help="with --all: generated queries that each dialect answers under a policy (default: %(default)s)",
    )


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

    def place(item: pytest.Item) -> tuple[bool, int]:
        return item.path in last, _nth(item, _LONGEST_LAST)

    items.sort(key=place)


def _slow_files_first(items: list[pytest.Item]) -> None:
    """Files are handed to the workers in this order: the long ones begin at once, and the many short ones
    fill what is left, so that no worker sits idle at the end. Those that use what a long one has built come
    when it is there."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    waiting = {item.path for item in items if "built" in getattr(item, "fixturenames", ())}

    def place(item: pytest.Item) -> tuple[bool, int, bool]:
        return item.path not in slow, _nth(item, _LONGEST), item.path in waiting

    items.sort(key=place)


def _nth(item: pytest.Item, names: tuple[str, ...]) -> int:
    """Behind all of them, where it is none."""
    return names.index(item.path.name) if item.path.name in names else len(names)

"""The booted Debian, once for all tests. Where none can be booted they are skipped loudly, and fail in CI."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.service.machine import Machine, booted, make_root, missing

_FAILED = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    reason = missing()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"{reason}: the service is not tested without.")
    if reason:
        pytest.skip(f"{reason}: the service is NOT tested on this machine.")
    root = tmp_path_factory.mktemp("machine") / "root"
    try:
        make_root(root)
        with booted(root) as running:
            yield running
    finally:
        shutil.rmtree(root, ignore_errors=True)  # hundreds of megabytes that nobody looks at again


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """The tests of one module are one story: what comes after a failure fails at once, and says why."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    story = item.getparent(pytest.Module)
    if report.when == "call" and report.failed and story is not None:
        story.stash.setdefault(_FAILED, item.name)


@pytest.fixture
def story(request: pytest.FixtureRequest) -> None:
    """For the tests of a module that go on where the one before stopped."""
    module = request.node.getparent(pytest.Module)
    failed = module.stash.get(_FAILED, "")
    if failed:
        pytest.fail(f"{failed} failed before this")

"""The booted Debian, once for all tests. Where none can be booted they are skipped loudly, and fail in CI."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.service.machine import Machine, booted, make_root, missing


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

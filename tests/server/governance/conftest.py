"""ClickHouse's engine in this process: thousands of queries are quicker asked without a wire."""

import importlib
import os
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="package")
def clickhouse_engine() -> Iterator[Any]:
    """A connection of chdb, of which a process has one engine."""
    try:
        chdb: Any = importlib.import_module("chdb")
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("chdb is not installed: pip install chdb")
    connection = chdb.connect(":memory:")
    yield connection
    connection.close()

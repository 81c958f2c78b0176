"""The demo data, made once for a whole test run and read by every worker of it."""

from pathlib import Path

import pytest

from server import demo


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Parquet files. Only to be read."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen-") else base
    return demo.ensure(shared / "demo-data", lambda _: None)

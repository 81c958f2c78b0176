"""Homes for journeys, with the demo data in them."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path) -> Path:
    """A folder for VMART_HOME in which the demo has only to start."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(demo_folder, folder / "demo" / "data")
    return folder

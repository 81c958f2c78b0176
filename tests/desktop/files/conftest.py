"""A person's folder with one grant in it, real files, and what lies beside it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from desktop.files.grants import Grants
from desktop.store.database import Database
from desktop.store.grants import GrantStore


@dataclass(frozen=True)
class Place:
    """``folder`` is granted as Reports; ``outside`` is beside it and holds secret.txt."""

    grants: Grants
    folder: Path
    outside: Path
    home: Path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return place_in(tmp_path)


def place_in(tmp_path: Path) -> Place:
    home, folder = tmp_path / "home", tmp_path / "outside" / "Reports"
    (folder / "a").mkdir(parents=True)
    (folder / "sales.txt").write_text("Net sales by zone\n", encoding="utf-8")
    (folder.parent / "secret.txt").write_text("secret", encoding="utf-8")
    grants = Grants(GrantStore(Database(home / "agent.db")), home)
    grants.add(str(folder))
    return Place(grants, folder, folder.parent, home)

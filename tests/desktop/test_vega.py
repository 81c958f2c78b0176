"""The drawing library is made without stopping the program that needs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from desktop import vega
from desktop.vega import VegaBundle

ROOT = Path(__file__).parents[2]


def test_it_is_made_once_by_a_process_of_its_own(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from desktop.vega import VegaBundle\n"
        "file = VegaBundle(Path(sys.argv[1]) / 'vendor').path()\n"
        "assert 'vl_convert' not in sys.modules, 'it was made in this process'\n"
        "before = file.stat().st_mtime_ns\n"
        "assert VegaBundle(Path(sys.argv[1]) / 'vendor').path().stat().st_mtime_ns == before\n"
        "print(file)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    file = Path(done.stdout.strip())
    assert "vegaEmbed" in file.read_text(encoding="utf-8")
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.skipif(os.name != "posix", reason="needs a command that fails")
def test_where_no_process_can_be_started_it_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    made = VegaBundle(tmp_path).path()
    assert made.stat().st_size > 100_000
    assert vega.make_in_child(tmp_path / "x") is False
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    assert vega.make_in_child(tmp_path / "x") is False

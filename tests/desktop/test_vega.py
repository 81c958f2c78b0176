"""The drawing library is made without stopping the program that needs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.vega import VegaBundle
from tests.journeys.processes import children_of, runs
from tests.server.running import wait_until

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
    for missing in ("/bin/false", str(tmp_path / "nowhere")):
        monkeypatch.setattr(sys, "executable", missing)
        made = VegaBundle(tmp_path / Path(missing).name).path()
        assert made.stat().st_size > 100_000


def test_what_is_being_made_is_given_up_at_the_end(tmp_path: Path) -> None:
    before = children_of(os.getpid())

    def new() -> list[int]:
        return [pid for pid in children_of(os.getpid()) if pid not in before and runs(pid)]

    bundle = VegaBundle(tmp_path / "vendor")
    bundle.start()
    wait_until(lambda: bool(new()))
    [child] = new()
    bundle.stop()
    assert not runs(child)
    assert not bundle.path().exists()
    assert list((tmp_path / "vendor").iterdir()) == []

"""A packaged program has no Python beside it: it starts itself as the demo, and that itself as the engine.

What is packaged is tested with the packages. Here a script stands in that knows the same words as their
entry and nothing else of this folder.
"""

import sys
from pathlib import Path

import pytest

from desktop.demo import FROZEN_WORD
from server.engine.process import FROZEN_WORD as ENGINE_WORD
from tests.journeys import processes
from tests.journeys.processes import ROOT, Running

PROGRAM = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(ROOT)!r})
sys.frozen, sys.executable = True, __file__
open(__file__ + ".words", "a").write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1:2] == [{FROZEN_WORD!r}]:
    from server.cli import main
    sys.exit(main(["demo", *sys.argv[2:]]))
if sys.argv[1:2] == [{ENGINE_WORD!r}]:
    from server.engine.worker import main
    sys.exit(main())
from desktop.__main__ import console
sys.exit(console())
"""


class RunningAlone(Running):
    drawn = False


def test_the_demo_and_its_engine_are_the_program_itself(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "vmart-agent"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    monkeypatch.setattr(processes, "PROGRAM", [str(program)])
    config = str(tmp_path / "config")
    with RunningAlone(home, "--no-window", XDG_CONFIG_HOME=config, PYTHONPATH="") as agent:
        assert agent.ask("total net sales last month")[-1]["status"] == "answered"
        agent.text("/vendor/vega.js")
        assert agent.json("PUT", "/api/autostart", {"on": True}) == {"possible": True, "on": True}
        entry = tmp_path / "config" / "autostart" / "vmart-ai-agent.desktop"
        assert f'Exec="{program}"' in entry.read_text()
        assert agent.json("PUT", "/api/autostart", {"on": False})["on"] is False
        assert not entry.exists()
        assert agent.end() == 0
    words = Path(f"{program}.words").read_text().splitlines()
    assert words[0].startswith("run ")
    assert {line.split()[0] for line in words[1:]} == {FROZEN_WORD, ENGINE_WORD}
    assert f"{FROZEN_WORD} --with-parent --port 0" in words
    assert list((home / "agent" / "vendor").glob("vega-*.js"))

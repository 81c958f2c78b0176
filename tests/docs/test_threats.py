"""The threat model names tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODEL = (ROOT / "docs" / "security.md").read_text(encoding="utf-8").partition("## Reading only")[0]
ROWS = [
    line
    for line in MODEL.splitlines()
    if line.startswith("| ") and not line.startswith(("| threat", "| ---"))
]


def test_every_threat_names_a_test_that_is_there() -> None:
    assert len(ROWS) > 30
    for row in ROWS:
        threat, _, tests = (cell.strip() for cell in row.strip("|").split(" | "))
        named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", tests)
        assert named, threat
        for file, test in named:
            assert f"def {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), (threat, test)

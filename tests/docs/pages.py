"""Commands as they stand in the docs, for the tests that run them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def commands(page: str, section: str | None = None) -> list[str]:
    """The lines of the page's ``sh`` blocks, or of those under the heading ``## section`` alone."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if section is not None:
        text = re.split(r"^## ", text.split(f"\n## {section}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]

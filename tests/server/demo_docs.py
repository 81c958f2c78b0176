"""The examples of docs/demo-data.md: each a query and, below it, what it gives."""

import re
from pathlib import Path
from typing import NamedTuple

import duckdb

DOCUMENT = Path(__file__).parents[2] / "docs" / "demo-data.md"


class Example(NamedTuple):
    title: str
    sql: str
    shown: str


def examples() -> list[Example]:
    text = DOCUMENT.read_text(encoding="utf-8")
    found = []
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        blocks = re.findall(r"```(sql|text)\n(.*?)```", section, flags=re.DOTALL)
        assert [kind for kind, _ in blocks] == ["sql", "text"], section
        found.append(Example(section.splitlines()[0], blocks[0][1], blocks[1][1].strip()))
    return found


def drawn(db: duckdb.DuckDBPyConnection, sql: str) -> str:
    """A result as the document shows it."""
    answer = db.execute(sql)
    lines = [[str(column[0]) for column in answer.description or []]]
    lines += [["-" if value is None else str(value) for value in row] for row in answer.fetchall()]
    return "\n".join(" | ".join(line) for line in lines)

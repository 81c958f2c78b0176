"""What the command ``ask`` writes to a terminal."""

import pytest

from desktop.ask import print_answer
from desktop.events import ResultCard
from shared.results import Column, ColumnType


def test_cells_and_texts_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    card = ResultCard(
        result_id="r",
        title="Notes \x1b[2J",
        connection="retail",
        sql="SELECT note FROM notes",
        columns=[Column("note", ColumnType.TEXT)],
        formats=["text"],
        rows=[],
        row_count=1,
        truncated=False,
        elapsed_ms=1.0,
        ran_at="2026-11-23T00:00:00Z",
        content_hash="",
    )
    print_answer(
        {"_": (card, None, []), "rows": [["\x1b]0;owned\x07line one\nline two"]], "answer": "\x9b31mRed"}
    )
    written = capsys.readouterr().out
    assert "line one line two" in written
    assert not [c for c in written if c in "\x1b\x07\x9b"]

"""A file is opened and written after the person's yes, and only as it was shown."""

import os
from pathlib import Path

import pytest

from desktop.agent.visible import visible_effect
from desktop.events import Effect
from desktop.files.desk import FileDesk
from desktop.tools.base import ToolContext
from desktop.tools.files import OpenFileArguments, OpenFileTool, WriteFileArguments, WriteFileTool
from shared.errors import FileNotFound, PathRefused
from tests.desktop.files.conftest import Place


def test_what_moved_or_is_granted_no_more_when_the_yes_comes_is_not_opened(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, opened = tmp_path / "programs", tmp_path / "opened"
    programs.mkdir()
    program = programs / "xdg-open"
    program.write_text(f'#!/bin/sh\necho "$1" >> {opened}\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    tool = OpenFileTool(FileDesk(place.grants, place.home))
    file = place.folder / "sales.txt"

    def swap(_: Effect) -> None:
        file.unlink()
        file.symlink_to(place.folder / "a")

    def revoke(_: Effect) -> None:
        place.grants.revoke(place.grants.list()[0].id)

    for meanwhile, refusal in ((swap, PathRefused), (revoke, FileNotFound)):
        context = ToolContext("", "", "", lambda: None, lambda _: lambda: None, approve=meanwhile)
        with pytest.raises(refusal):
            tool.run(OpenFileArguments(path="Reports/sales.txt"), context)
        file.unlink()
        file.write_text("Net sales by zone\n", encoding="utf-8")
    assert not opened.exists()


def test_the_longest_file_that_may_be_written_is_shown_to_its_end(place: Place) -> None:
    shown: list[Effect] = []
    context = ToolContext("", "", "", lambda: None, lambda _: lambda: None, approve=shown.append)
    content = "a,1\n" * 50_000
    WriteFileTool(FileDesk(place.grants, place.home)).run(
        WriteFileArguments(path="Reports/a/long.csv", content=content), context
    )
    assert visible_effect(shown[0]).preview == content
    assert (place.folder / "a" / "long.csv").read_text(encoding="utf-8") == content

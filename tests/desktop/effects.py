"""A real agent whose model has tools with effects: each asks for the person's yes, then leaves a real mark.

As a program (``python -m tests.desktop.effects HOME BACKEND GEMINI``) it prints its link and waits, to be
killed by a test.
"""

import dataclasses
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Literal, cast

import msgspec

from desktop.agent.analyst_answer import AnalystAnswer
from desktop.agent.loop import Loop
from desktop.agent.model_answer import ModelAnswer
from desktop.agent.outgoing import Outgoing
from desktop.agent.runner import Runner
from desktop.events import Effect, Reading
from desktop.tools.base import Tool, ToolContext, ToolOutput
from desktop.tools.query import QueryTool
from desktop.web.routes import personal
from shared.llm.gemini import Gemini
from tests.desktop.running import RunningAgent

Kind = Literal["write", "schedule", "send", "open"]
KINDS: tuple[Kind, ...] = ("write", "schedule", "send", "open")


class DoArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file: str
    content: str = ""


class DoTool:
    """``write_it``, ``send_it`` and so on: leaves a file of that name in ``folder`` when it may."""

    description = "Does it."
    arguments: type[msgspec.Struct] = DoArguments

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.name = f"{kind}_it"
        self._kind = kind
        self._folder = folder

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:
        return f"Asking to {self._kind}"

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        wanted = cast("DoArguments", arguments)
        context.approve(
            Effect(
                kind=self._kind,
                title=f"{self._kind.capitalize()} {wanted.file}",
                details=[Reading("Folder", self._folder.name), Reading("Name", wanted.file)],
                preview=wanted.content,
            )
        )
        (self._folder / f"{self._kind}-{Path(wanted.file).name}").write_text(wanted.content, "utf-8")
        return ToolOutput(for_model={"done": True}, summary="done")


class EffectsAgent(RunningAgent):
    """As RunningAgent, led by Gemini; ``done`` holds what has been done."""

    def __init__(self, home: Path, *, backend_url: str, gemini_url: str) -> None:
        super().__init__(home, backend_url=backend_url, gemini_url=gemini_url)
        self._folder = home / "done"
        self._folder.mkdir(exist_ok=True)
        seat = self.serving.seat
        assert seat is not None
        parts = seat.parts
        tools: list[Tool] = [QueryTool(parts.queries), *(DoTool(kind, self._folder) for kind in KINDS)]
        model = Gemini("test-key", "gemini-test", base_url=gemini_url, timeout=10)
        outgoing = Outgoing(model, lambda: parts.preferences.get().never_send_cells)
        loop = Loop(
            model=ModelAnswer(outgoing, tools, parts.sources, parts.results),
            analyst=AnalystAnswer(parts.sources, parts.queries, parts.results),
            sources=parts.sources,
            queries=parts.queries,
            results=parts.results,
        )
        self.runner = Runner(
            loop,
            parts.conversations,
            parts.turns,
            parts.sent,
            parts.backend.meter,
            parts.queue,
            lambda: parts.announcements.announce("conversations"),
        )
        seat.application = personal(dataclasses.replace(parts, runner=self.runner))
        self.link = self.serving.door.link

    @property
    def done(self) -> dict[str, str]:
        return {file.name: file.read_text("utf-8") for file in self._folder.iterdir()}

    def __enter__(self) -> "EffectsAgent":
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.runner.stop_all()
        super().__exit__(kind, error, trace)


if __name__ == "__main__":
    with EffectsAgent(Path(sys.argv[1]), backend_url=sys.argv[2], gemini_url=sys.argv[3]) as agent:
        print(agent.link, flush=True)
        threading.Event().wait()

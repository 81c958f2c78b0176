"""Where one answer stands: its text, its evidence, its open steps. It outlives a stop or a failure."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from desktop.agent import past
from desktop.agent.markup import Marked
from desktop.agent.provenance import Evidence
from desktop.agent.stop import Stop
from desktop.events import (
    Counted,
    Effect,
    InsightCard,
    ResultCard,
    Sent,
    StepFinished,
    StepStarted,
    TextChunk,
)
from desktop.meter import NOTHING, TurnMeter, added
from desktop.store.results import Figure, Results
from desktop.store.turns import TurnEnd
from desktop.tools.base import ToolContext, nobody_to_ask
from shared.errors import AppError, Cancelled, NothingGranted


class Progress:
    """Mutable on purpose, and owned by the one thread that answers."""

    def __init__(
        self,
        question: str,
        stop: Stop,
        *,
        meter: TurnMeter,
        sent_before: Counted,
        approve: Callable[[Effect], None] = nobody_to_ask,
    ) -> None:
        self.question = question
        self.stop = stop
        self.meter = meter
        self._approve = approve
        self.text = ""
        self.memory: str | None = None
        self.transcript: str | None = None
        self.cells_inside = True
        self.effect_asked = False  # the person was asked for a yes, whatever they said
        self.lacks_files = False  # what was asked needs a file that the person has not granted
        self.kept_at: str | None = None  # how old the oldest kept result in this answer is
        self._sent_before = sent_before
        self._sent_told = NOTHING
        self._evidence: dict[str, Evidence] = {}
        self._figures: list[tuple[str | None, Figure]] = []
        self._open: dict[str, tuple[StepStarted, float]] = {}
        self._steps = 0

    def step(self, label: str) -> StepStarted:
        self._steps += 1
        started = StepStarted(step_id=f"s{self._steps}", label=label)
        self._open[started.step_id] = (started, time.monotonic())
        return started

    def done(self, step_id: str, summary: str = "", detail: str = "") -> StepFinished:
        return self._close(step_id, "ok", summary, detail)

    def failed(self, step_id: str, error: AppError, detail: str = "") -> StepFinished:
        self.lacks_files = self.lacks_files or isinstance(error, NothingGranted)
        explained = "\n\n".join(part for part in (str(error), detail) if part)
        return self._close(step_id, "failed", error.message, explained)

    def left_open(self, error: AppError) -> list[StepFinished]:
        """The steps that were under way when ``error`` ended the turn."""
        if isinstance(error, Cancelled):
            return [self._close(step_id, "stopped", "Stopped", "") for step_id in list(self._open)]
        return [self.failed(step_id, error) for step_id in list(self._open)]

    def add_evidence(self, card: ResultCard | InsightCard, rows: Sequence[Sequence[Any]]) -> None:
        if isinstance(card, ResultCard) and card.cached_at is not None:
            self.kept_at = min(card.cached_at, self.kept_at or card.cached_at)
        self._evidence[card.result_id] = Evidence(card.result_id, card.columns, card.formats, rows)

    def chunk(self) -> TextChunk:
        """The text so far, with its figures traced."""
        marked = Marked(self.text, list(self._evidence.values()), self.question)
        self._figures = marked.figures
        return TextChunk(html=marked.html)

    def sent(self) -> list[Sent]:
        """What has left this machine in the whole conversation, if that is news."""
        mine = self.meter.sent
        if mine == self._sent_told:
            return []
        self._sent_told = mine
        whole = added(self._sent_before, mine)
        return [
            Sent(
                columns=whole.columns,
                rows=whole.rows,
                bytes=whole.bytes,
                backend_bytes=whole.backend_bytes,
                turn=mine,
            )
        ]

    def keep_figures(self, results: Results) -> None:
        """Each receipt lists the figures of its own result, and those that were found in none."""
        for result_id in self._evidence:
            mine = [figure for found_in, figure in self._figures if found_in in (result_id, None)]
            results.keep_figures(result_id, mine)

    def end(self, status: str) -> TurnEnd:
        return TurnEnd(
            status=status,
            answer=self.text,
            memory=self.memory,
            transcript=self.transcript,
            cells_inside=self.cells_inside,
        )

    def context(self, *, connection: str, conversation_id: str, turn_id: str) -> ToolContext:
        on_stop: Callable[[Callable[[], None]], Callable[[], None]] = self.stop.when_pressed
        return ToolContext(
            connection=connection,
            conversation_id=conversation_id,
            turn_id=turn_id,
            cancelled=self.stop.check,
            on_stop=on_stop,
            approve=self._ask_for,
        )

    def _ask_for(self, effect: Effect) -> None:
        self.effect_asked = True
        self._approve(effect)

    def _close(self, step_id: str, status: str, summary: str, detail: str) -> StepFinished:
        started, began = self._open.pop(step_id)
        return StepFinished(
            step_id=step_id,
            label=past.done(started.label) if status == "ok" else started.label,
            status=status,
            elapsed_ms=round((time.monotonic() - began) * 1000, 1),
            summary=summary,
            detail=detail,
        )

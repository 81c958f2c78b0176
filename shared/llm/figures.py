"""How a model fares: calls, failures, tokens, the time to its first words. Nothing is sent anywhere."""

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence

import msgspec

from shared.llm.base import Message, Model, ModelEvent, OnSent, ToolSpec, Usage, ignore_sent

_KEPT = 1024


class ModelSnapshot(msgspec.Struct, frozen=True):
    """``failures`` are calls that raised. ``first_p50_ms`` and ``first_p95_ms`` are milliseconds until the
    first piece of a reply, over the newest 1,024 calls; None before the first."""

    calls: int = 0
    failures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    first_p50_ms: float | None = None
    first_p95_ms: float | None = None


class ModelFigures:
    """Thread-safe counters."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls = self._failures = self._input = self._output = 0
        self._first: deque[float] = deque(maxlen=_KEPT)

    def called(self) -> None:
        with self._lock:
            self._calls += 1

    def failed(self) -> None:
        with self._lock:
            self._failures += 1

    def began(self, elapsed_ms: float) -> None:
        with self._lock:
            self._first.append(elapsed_ms)

    def used(self, usage: Usage) -> None:
        with self._lock:
            self._input += usage.input_tokens
            self._output += usage.output_tokens

    def snapshot(self) -> ModelSnapshot:
        with self._lock:
            ordered = sorted(self._first)
            return ModelSnapshot(
                calls=self._calls,
                failures=self._failures,
                input_tokens=self._input,
                output_tokens=self._output,
                first_p50_ms=_percentile(ordered, 0.50),
                first_p95_ms=_percentile(ordered, 0.95),
            )


class CountedModel:
    """``model`` as it is, with every call counted."""

    def __init__(self, model: Model, figures: ModelFigures) -> None:
        self._model = model
        self._figures = figures

    @property
    def label(self) -> str:
        return self._model.label

    def stream(
        self,
        system: str,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        on_sent: OnSent = ignore_sent,
    ) -> Iterator[ModelEvent]:
        self._figures.called()
        started, begun = time.monotonic(), False
        try:
            for event in self._model.stream(system, messages, tools, on_sent):
                if not begun:
                    begun = True
                    self._figures.began((time.monotonic() - started) * 1000)
                if isinstance(event, Usage):
                    self._figures.used(event)
                yield event
        except Exception:
            self._figures.failed()
            raise


def _percentile(ordered: list[float], share: float) -> float | None:
    """The nearest-rank percentile of values in ascending order."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

"""How this program does for one person: the backend, its cache, the model, time. This run, and all runs.

Counts of earlier runs are kept in a file of the person; figures of a run that was killed are lost since they
were last looked at. Nothing is sent anywhere.
"""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from desktop.store.moment import now
from shared.backend_client import MetricsSnapshot
from shared.llm.figures import ModelSnapshot
from shared.private_files import replace


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What can be added up. ``seconds`` is how long the program was open for the person."""

    requests: int = 0
    failures: int = 0
    retries: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    model_calls: int = 0
    model_failures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0
    runs: int = 1


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """``opened_at`` is when this run began, ``first_at`` when the first one did; times are of this run."""

    opened_at: str
    first_at: str
    run: Counts
    all: Counts
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    model_first_p50_ms: float | None
    model_first_p95_ms: float | None


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    first_at: str
    counts: Counts


class Figures:
    """``backend`` and ``model`` tell how those have done since this run began."""

    def __init__(
        self, folder: Path, backend: Callable[[], MetricsSnapshot], model: Callable[[], ModelSnapshot]
    ) -> None:
        self._file = folder / "figures.json"
        self._backend = backend
        self._model = model
        self._opened_at = now()
        self._started = time.monotonic()
        self._before = self._find()

    def told(self) -> Told:
        backend, model = self._backend(), self._model()
        run = Counts(
            requests=backend.requests,
            failures=backend.failures,
            retries=backend.retries,
            cache_hits=backend.cache_hits,
            cache_misses=backend.cache_misses,
            model_calls=model.calls,
            model_failures=model.failures,
            input_tokens=model.input_tokens,
            output_tokens=model.output_tokens,
            seconds=round(time.monotonic() - self._started, 1),
        )
        return Told(
            opened_at=self._opened_at,
            first_at=self._before.first_at,
            run=run,
            all=_sum(self._before.counts, run),
            latency_p50_ms=backend.latency_p50_ms,
            latency_p95_ms=backend.latency_p95_ms,
            model_first_p50_ms=model.first_p50_ms,
            model_first_p95_ms=model.first_p95_ms,
        )

    def keep(self) -> None:
        """Raises OSError when they cannot be kept."""
        told = self.told()
        replace(self._file, msgspec.json.encode(_Kept(first_at=told.first_at, counts=told.all)))

    def _find(self) -> _Kept:
        """A file that is damaged is none: figures are no reason not to start."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return _Kept(first_at=self._opened_at, counts=Counts(runs=0))


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(**{name: getattr(one, name) + getattr(other, name) for name in Counts.__struct_fields__})

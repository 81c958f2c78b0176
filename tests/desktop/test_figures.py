"""The figures of the status page: counted where it happens, and added up over runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.figures import Figures
from shared.backend_client.metrics import NONE, MetricsSnapshot, added
from shared.errors import ModelUnavailable
from shared.llm.base import ModelEvent, TextDelta, Usage
from shared.llm.figures import CountedModel, ModelFigures, ModelSnapshot
from tests.desktop.running import RetailPeer, RunningAgent
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import text

USED = MetricsSnapshot(10, 2, 1, 6, 2, 0.75, 40.0, 90.0)


class Words:
    """A model of two events and one failure."""

    label = "Words"

    def stream(self, *_: object) -> Iterator[ModelEvent]:
        yield TextDelta("a")
        yield Usage(7, 3)
        raise ModelUnavailable("It has gone.")


def test_calls_tokens_and_failures_of_a_model_are_counted() -> None:
    figures = ModelFigures()
    model = CountedModel(Words(), figures)
    with pytest.raises(ModelUnavailable):
        list(model.stream("", [], []))
    closed = model.stream("", [], [])
    next(closed)
    del closed
    told = figures.snapshot()
    assert (told.calls, told.failures, told.input_tokens, told.output_tokens) == (2, 1, 7, 3)
    assert told.first_p95_ms is not None
    assert ModelFigures().snapshot() == ModelSnapshot()


def test_runs_add_up_and_a_damaged_file_is_none(tmp_path: Path) -> None:
    model = ModelSnapshot(4, 1, 100, 50, 5.0, 9.0)
    first = Figures(tmp_path, lambda: USED, lambda: model)
    first.keep()
    first.keep()
    second = Figures(tmp_path, lambda: USED, lambda: model).told()
    assert (second.all.requests, second.run.requests, second.all.runs) == (20, 10, 2)
    assert (second.all.input_tokens, second.latency_p95_ms, second.model_first_p50_ms) == (200, 90.0, 5.0)
    assert second.first_at == first.told().first_at
    assert (tmp_path / "figures.json").stat().st_mode & 0o077 == 0
    (tmp_path / "figures.json").write_text('{"counts": 5')
    third = Figures(tmp_path, lambda: NONE, ModelSnapshot).told()
    assert (third.all.requests, third.all.runs, third.latency_p50_ms) == (0, 1, None)


def test_figures_of_two_backends_are_one() -> None:
    both = added(USED, MetricsSnapshot(1, 0, 0, 0, 8, 0.0, 5.0, 5.0))
    assert (both.requests, both.failures, both.hit_rate, both.latency_p50_ms) == (11, 2, 0.375, 5.0)
    assert added(USED, NONE).latency_p95_ms == 90.0
    assert added(NONE, NONE) == NONE


def test_the_agent_tells_what_its_backend_and_its_model_did(tmp_path: Path) -> None:
    with RetailPeer() as backend, GeminiPeer([text("Nothing to say.")]) as gemini:
        with RunningAgent(tmp_path, backend_url=backend.url, gemini_url=gemini.url) as agent:
            agent.ask("say something")
            told = agent.json("GET", "/api/figures")
        assert told["run"]["model_calls"] == len(gemini.requests)
        assert told["run"]["requests"] >= 1
        assert told["latency_p50_ms"] > 0
        with RunningAgent(tmp_path, backend_url=backend.url, gemini_url=gemini.url) as agent:
            again = agent.json("GET", "/api/figures")
    assert again["all"]["model_calls"] == told["run"]["model_calls"]
    assert (again["run"]["model_calls"], again["all"]["runs"]) == (0, 2)

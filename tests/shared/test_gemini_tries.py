"""How often a model is asked before its failure is told."""

from collections.abc import Iterator

import pytest

from shared.errors import ModelUnavailable
from shared.llm.base import ModelEvent
from shared.llm.gemini_failures import garbled
from shared.llm.gemini_tries import patiently


@pytest.mark.parametrize(("longest_try_seconds", "tries"), [(0.0, 1), (60.0, 3)])
def test_a_try_that_took_its_whole_time_is_not_made_again(longest_try_seconds: float, tries: int) -> None:
    """Somebody waits, and the built-in analyst could answer meanwhile."""
    made = 0

    def failing() -> Iterator[ModelEvent]:
        nonlocal made
        made += 1
        yield from fails()

    def fails() -> Iterator[ModelEvent]:
        raise garbled()  # which is tried again at once

    with pytest.raises(ModelUnavailable):
        list(patiently(failing, longest_try_seconds=longest_try_seconds))
    assert made == tries

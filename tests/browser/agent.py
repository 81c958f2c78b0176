"""The real agent with its demo backend, for tests that drive its window."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desktop.serving import Serving, take_port
from shared.settings import AgentSettings
from tests.peers import library

SOON = 40_000  # starting the demo and the first query share two cores with other tests


@contextmanager
def running_agent(home: Path, settings: AgentSettings, *, ask: bool = False) -> Iterator[str]:
    """The address of its window, with the key of this start. ``ask``: as the installed program, which
    asks for a backend when there is none."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("VMART_HOME", str(home))
        library.lay_into(home)
        listening, _ = take_port(0)
        with Serving(settings, home, listening, ask=ask, open_browser=lambda _: False) as serving:
            yield serving.door.link

"""The real agent with its demo backend, for tests that drive its window."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page

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


@contextmanager
def drafted(page: Page, text: str) -> Iterator[None]:
    """Until what is written meanwhile is kept; the empty draft after a question does not count."""
    with page.expect_response(
        lambda answer: answer.url.endswith("/api/draft") and text in (answer.request.post_data or "")
    ):
        yield


@contextmanager
def kept(page: Page, path: str, method: str = "PUT") -> Iterator[None]:
    """Until what is changed meanwhile at ``path`` is kept too: the window shows it before that."""
    with page.expect_response(lambda answer: path in answer.url and answer.request.method == method):
        yield

"""A real Chromium for the page's tests. Without one they are skipped loudly here, and fail in CI."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.administration import administered
from tests.browser.peer import Peer
from tests.journeys.conftest import home
from tests.peers import library
from tests.server.running import RunningBackend

__all__ = ["home"]  # a fixture that journeys have made already

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The first is the same engine without a browser's own window, which would be built for every test."""
ARGUMENTS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
expect.set_options(timeout=20_000)  # two cores are shared with other tests; what comes at once costs nothing


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"There is none of {', '.join(PROGRAMS)} on PATH; the page is not tested without.")
        pytest.skip("NO CHROMIUM ON PATH: the page is NOT tested on this machine.")
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS + sandbox)
        yield browser
        browser.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer(library.drawn())
    yield peer
    peer.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which every complaint of the browser fails the test: errors, CSP, failed scripts."""
    page = context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []


@pytest.fixture(scope="session")
def administered_backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    """One for all tests of the console: what each of them makes has a name of its own."""
    with administered(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture
def backend(administered_backend: RunningBackend) -> RunningBackend:
    return administered_backend

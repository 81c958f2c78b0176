"""The window while the model is away: the analyst's answer, who gave it, and asking the model again."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_screens import ask
from tests.desktop.running import RetailPeer, RunningAgent
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Fail, text

pytestmark = pytest.mark.browser

AWAY = Fail(429, "Quota exceeded", retry_delay="57s")
SAYS = "Gemini did not answer, so the built-in analyst did."


def test_it_says_who_answered_and_gemini_can_be_asked_again(page: Page, tmp_path: Path) -> None:
    with (
        RetailPeer() as backend,
        GeminiPeer([AWAY], otherwise=text("North leads.")) as gemini,
        RunningAgent(tmp_path, backend_url=backend.url, gemini_url=gemini.url) as agent,
    ):
        page.goto(agent.serving.door.link)
        expect(page.get_by_text("Backend online")).to_be_visible()
        ask(page, "total net amount by zone")
        note = page.get_by_role("group", name="Who answered")
        expect(note).to_contain_text(SAYS)
        expect(note).to_contain_text("Try again in 57 seconds.")
        expect(page.locator(".turn .card")).to_have_count(1)
        expect(page.locator(".notice.failed")).to_have_count(0)
        page.reload()
        expect(note).to_contain_text(SAYS)
        note.get_by_role("button", name="Ask Gemini again").click()
        expect(page.locator(".turn .say").first).to_contain_text("North leads.")
        expect(page.locator(".turn")).to_have_count(1)
        expect(note).to_have_count(0)

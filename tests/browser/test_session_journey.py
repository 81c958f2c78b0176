"""A session that ends in the window: nothing stays in the page, and nothing is lost."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shared.settings import AgentSettings, BackendSection, ChatbotSection
from tests.browser.agent import SOON, running_agent
from tests.desktop.running import RetailPeer

pytestmark = pytest.mark.browser


@pytest.fixture
def company() -> Iterator[RetailPeer]:
    peer = RetailPeer()
    with peer:
        yield peer


def settings_of(company: RetailPeer, timeout: int) -> AgentSettings:
    return AgentSettings(
        chatbot=ChatbotSection(session_timeout=timeout), backend=BackendSection(url=company.url, api_key="k")
    )


def test_an_idle_window_is_covered_and_a_confirmation_brings_everything_back(
    page: Page, tmp_path: Path, company: RetailPeer
) -> None:
    with running_agent(tmp_path, settings_of(company, 12)) as link:
        page.goto(link)
        question = page.get_by_label("Your question")
        question.fill("total net sales by zone", timeout=SOON)
        page.keyboard.press("Enter")
        expect(page.get_by_role("region", name="Result").first).to_be_visible(timeout=SOON)
        question.fill("and by store")
        expect(page.get_by_role("heading", name="Are you still there?")).to_be_visible(timeout=SOON)
        left = page.content() + page.title() + page.evaluate("JSON.stringify({...localStorage})")
        assert [word for word in ("North", "net sales", "and by store") if word in left] == []
        expect(page.get_by_role("navigation", name="Conversations")).to_have_count(0)
        page.get_by_role("button", name="Continue").click()
        expect(question).to_have_value("and by store", timeout=SOON)
        expect(page.get_by_text("North").first).to_be_visible(timeout=SOON)
        page.goto("about:blank")


def test_whoever_moves_the_mouse_or_types_is_left_in_peace(
    page: Page, tmp_path: Path, company: RetailPeer
) -> None:
    with running_agent(tmp_path, settings_of(company, 8)) as link:
        page.goto(link)
        expect(page.get_by_label("Your question")).to_be_visible(timeout=SOON)
        began = time.monotonic()
        while time.monotonic() - began < 10:
            page.mouse.move(100 + (time.monotonic() - began) * 20, 200)
            page.wait_for_timeout(200)
        expect(page.get_by_label("Your question")).to_be_visible()
        expect(page.get_by_role("heading", name="Are you still there?")).to_be_visible(timeout=SOON)
        page.goto("about:blank")


def test_every_tab_is_covered(page: Page, tmp_path: Path, company: RetailPeer) -> None:
    with running_agent(tmp_path, settings_of(company, 12)) as link:
        page.goto(link)
        expect(page.get_by_label("Your question")).to_be_visible(timeout=SOON)
        other = page.context.new_page()
        other.goto(page.url)
        for tab in (page, other):
            expect(tab.get_by_role("heading", name="Are you still there?")).to_be_visible(timeout=SOON)
        other.get_by_role("button", name="Continue").click()
        expect(other.get_by_label("Your question")).to_be_visible(timeout=SOON)
        for tab in (page, other):
            tab.goto("about:blank")

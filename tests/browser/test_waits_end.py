"""The window never waits for ever: an agent that accepts a call and says nothing leads to a sentence."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.peer import Peer
from tests.browser.test_screens import ask

pytestmark = pytest.mark.browser

PATIENCE = "02:10"  # a little more than the window has for any call
TOO_LONG = "That took too long, so this window has stopped waiting. Try again."


@pytest.fixture
def window(page: Page, peer: Peer) -> Page:
    page.clock.install()
    page.goto(peer.url)
    expect(page.get_by_text("Backend online")).to_be_visible()
    return page


def swallow(page: Page, address: str) -> Callable[[], int]:
    """Calls to ``address`` are accepted and never answered; how many there were."""
    held: list[Route] = []
    page.route(re.compile(address), lambda route: held.append(route))  # noqa: PLW0108 - not a builtin
    return lambda: len(held)


def until_held(page: Page, held: Callable[[], int]) -> None:
    for _ in range(200):
        if held():
            return
        page.wait_for_timeout(50)
        page.clock.run_for(200)
    raise AssertionError("nothing was asked")


def test_a_schema_that_never_comes_is_given_up_and_can_be_tried_again(window: Page) -> None:
    held = swallow(window, r"/api/schema")
    window.get_by_role("link", name="Data").first.click()
    until_held(window, held)
    window.clock.fast_forward(PATIENCE)
    expect(window.get_by_text(TOO_LONG)).to_be_visible()
    expect(window.get_by_role("button", name="Try again")).to_be_visible()
    expect(window.locator(".view .spin")).to_have_count(0)


def test_a_receipt_and_its_check_are_given_up(window: Page) -> None:
    ask(window, "Net sales by zone")
    held = swallow(window, r"/verify$")
    window.get_by_role("button", name="Inspect", exact=True).click()
    window.get_by_role("button", name="Check again").click()
    until_held(window, held)
    window.clock.fast_forward(PATIENCE)
    expect(window.get_by_role("complementary").get_by_text(TOO_LONG)).to_be_visible()

    held = swallow(window, r"/receipt$")
    window.reload()
    window.get_by_role("button", name="Inspect", exact=True).click()
    until_held(window, held)
    window.clock.fast_forward(PATIENCE)
    expect(window.get_by_role("complementary").get_by_text(TOO_LONG)).to_be_visible()


def test_rows_that_never_come_say_so(window: Page) -> None:
    ask(window, "A long table of bills")
    held = swallow(window, r"/api/results/r-long")
    window.locator(".grid-scroll").evaluate("it => it.scrollTop = it.scrollHeight / 2")
    until_held(window, held)
    window.clock.fast_forward(PATIENCE)
    expect(window.locator(".grid-note")).to_contain_text(TOO_LONG)


def test_a_conversation_that_never_opens_leads_back_with_a_word(window: Page, peer: Peer) -> None:
    peer.add("Old one")
    peer.tell("conversations", {})
    held = swallow(window, r"/api/conversations/c1$")
    window.get_by_role("link", name="Old one").click()
    until_held(window, held)
    window.clock.fast_forward(PATIENCE)
    expect(window.locator(".toast").get_by_text(TOO_LONG)).to_be_visible()
    expect(window.get_by_role("heading", level=1)).to_have_text("New conversation")


def test_an_answer_that_falls_silent_ends_and_the_next_may_be_asked(window: Page) -> None:
    ask(window, "A slow question", wait=False)
    expect(window.locator(".live .now")).to_have_text("Running SQL on retail")
    window.clock.fast_forward("00:50")
    expect(window.get_by_role("heading", name="The connection to the answer was lost")).to_be_visible()
    expect(window.locator(".live .spin")).to_have_count(0)
    expect(window.get_by_role("button", name="Send")).to_be_visible()


def test_stop_ends_an_answer_also_when_nobody_hears_it(window: Page) -> None:
    ask(window, "A slow question", wait=False)
    expect(window.locator(".live .now")).to_have_text("Running SQL on retail")
    held = swallow(window, r"/stop$")
    window.keyboard.press("Escape")
    until_held(window, held)
    window.clock.fast_forward("00:11")
    expect(window.locator(".turn .live")).to_have_count(0)
    expect(window.get_by_role("button", name="Send")).to_be_visible()

"""Two people of one Google on one machine, in a real browser: each finds what is theirs and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from shared.settings import AgentSettings, BackendSection, ChatbotSection
from tests.browser.agent import SOON, running_agent
from tests.desktop.running import RetailPeer
from tests.desktop.test_identity import ANITA, BALA
from tests.desktop.test_identity import peer as google
from tests.peers.google_oauth import GooglePeer

__all__ = ["google"]
pytestmark = pytest.mark.browser
ASK = "total net sales by zone"


@pytest.fixture
def company() -> Iterator[RetailPeer]:
    peer = RetailPeer()
    with peer:
        yield peer


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    """In a browser that trusts Google."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, reduced_motion="reduce", ignore_https_errors=True
    )
    page = context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def settings_of(company: RetailPeer, google: GooglePeer, timeout: int = 3600) -> AgentSettings:
    return AgentSettings(
        chatbot=ChatbotSection(session_timeout=timeout),
        backend=BackendSection(url=company.url, api_key="k"),
        google_oauth=google.section(hosted_domain="vmart.example"),
    )


def choose(window: Page, account: str) -> None:
    """In the tab of Google that the link opens."""
    with window.expect_popup() as opened:
        window.get_by_role("link", name="No browser? Open the page of Google").click(timeout=SOON)
    tab = opened.value
    tab.get_by_role("link", name=account).click(timeout=SOON)
    expect(tab.get_by_text("Go back to V-Mart AI Agent")).to_be_visible(timeout=SOON)
    tab.close()


def sign_in(window: Page, account: str) -> None:
    window.get_by_role("button", name="Sign in with Google").click(timeout=SOON)
    choose(window, account)
    expect(window.get_by_label("Your question")).to_be_visible(timeout=SOON)


def ask(window: Page, question: str) -> None:
    window.get_by_label("Your question").fill(question)
    window.keyboard.press("Enter")
    expect(window.get_by_role("region", name="Result").first).to_be_visible(timeout=SOON)


def test_two_people_take_turns_and_neither_sees_the_other(
    window: Page, tmp_path: Path, company: RetailPeer, google: GooglePeer
) -> None:
    with running_agent(tmp_path, settings_of(company, google)) as link:
        window.goto(link)
        expect(window.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SOON)
        sign_in(window, ANITA)
        expect(window.get_by_role("link", name="Account: Anita Rao")).to_be_visible()
        ask(window, ASK)
        address = window.url

        window.goto(f"{window.url.partition('#')[0]}#/settings/account")
        window.get_by_role("button", name="Switch person").click()
        choose(window, BALA)
        expect(window.get_by_role("link", name="Account: Bala K")).to_be_visible(timeout=SOON)
        expect(window.get_by_label("Your question")).to_be_visible(timeout=SOON)
        expect(window.get_by_text("Your conversations will be kept here")).to_be_visible(timeout=SOON)
        window.keyboard.press("Control+k")
        window.keyboard.type("zone")
        expect(window.get_by_text("Nothing found for")).to_be_visible(timeout=SOON)
        window.keyboard.press("Escape")
        assert "North" not in window.content()
        window.goto(address)
        expect(window.get_by_text("There is no such conversation.").first).to_be_visible(timeout=SOON)

        window.goto(f"{window.url.partition('#')[0]}#/settings/account")
        window.get_by_role("button", name="Sign out").click()
        expect(window.get_by_text("You are signed out.")).to_be_visible(timeout=SOON)
        left = window.content() + window.evaluate("JSON.stringify({...sessionStorage})")
        assert "bala" not in left.lower()
        assert "settings" not in window.url
        sign_in(window, ANITA)
        expect(window.get_by_role("link", name=ASK)).to_be_visible(timeout=SOON)
        window.goto("about:blank")


def test_what_goes_wrong_is_said_and_can_be_tried_again(
    window: Page, tmp_path: Path, company: RetailPeer, google: GooglePeer
) -> None:
    with running_agent(tmp_path, settings_of(company, google)) as link:
        window.goto(link)
        window.get_by_role("button", name="Sign in with Google").click(timeout=SOON)
        choose(window, "Cancel")
        expect(window.locator(".sheet .failed", has_text="declined in the browser")).to_be_visible(
            timeout=SOON
        )
        window.get_by_role("button", name="Sign in with Google").click()
        choose(window, "guest@mail.example")
        expect(window.locator(".sheet .failed", has_text="Only accounts of vmart.example")).to_be_visible(
            timeout=SOON
        )
        window.get_by_role("button", name="Sign in with Google").click()
        window.get_by_role("button", name="Cancel").click(timeout=SOON)
        expect(window.locator(".sheet .failed", has_text="called off")).to_be_visible(timeout=SOON)
        window.get_by_role("button", name="Use the local profile").click()
        expect(window.get_by_label("Your question")).to_be_visible(timeout=SOON)
        window.goto("about:blank")


def test_an_idle_window_asks_for_the_same_person_and_brings_the_draft_back(
    window: Page, tmp_path: Path, company: RetailPeer, google: GooglePeer
) -> None:
    with running_agent(tmp_path, settings_of(company, google, timeout=12)) as link:
        window.goto(link)
        sign_in(window, ANITA)
        window.get_by_label("Your question").fill("a draft")
        expect(window.get_by_role("heading", name="Welcome back, Anita Rao")).to_be_visible(timeout=SOON)
        assert "a draft" not in window.content()
        sign_in(window, ANITA)
        expect(window.get_by_label("Your question")).to_have_value("a draft", timeout=SOON)
        window.goto("about:blank")

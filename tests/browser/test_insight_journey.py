"""Why, what comes and what to do, asked in the window of the real agent over the demo: facts with their
evidence."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from shared.settings import AgentSettings, OpenAiSection
from tests.browser.agent import SOON, running_agent
from tests.browser.test_screens import complaints
from tests.peers.model_script import Turn, call, text
from tests.peers.openai import OpenAiPeer

pytestmark = pytest.mark.browser
LONG = 2 * SOON  # a million rows, on two cores that are shared with other tests


@pytest.fixture(scope="module")
def link(home: Path) -> Iterator[str]:
    with running_agent(home, AgentSettings()) as link:
        yield link


def asked(page: Page, link: str, question: str) -> Locator:
    page.goto(link)
    expect(page.get_by_text("Demo data on this PC")).to_be_visible(timeout=LONG)
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    card = page.get_by_role("region", name=re.compile("^Insight: ")).last
    expect(card).to_be_visible(timeout=LONG)
    expect(page.locator(".turn").last).not_to_have_attribute("aria-busy", "true")
    return card


def test_why_a_month_fell_is_told_with_figures_that_lead_to_their_evidence(page: Page, link: str) -> None:
    card = asked(page, link, "Why did sales fall in November?")
    expect(card.locator(".card-title")).to_have_text("What changed net amount, Nov 2025")
    said = page.locator(".say").last
    expect(said).to_contain_text("₹1,61,43,818")
    expect(page.locator(".fig-none")).to_have_count(0)
    expect(card.get_by_role("img")).to_be_visible()

    said.locator("a.fig", has_text="₹3,46,94,486").click()
    expect(card.locator("dd.hit")).to_have_text("₹3,46,94,485.75")
    evidence = card.locator("details.evidence").first
    expect(evidence).to_have_attribute("open", "")
    expect(evidence.locator("pre.sql")).to_contain_text("GROUP BY")

    assert complaints(page) == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 380, "height": 800})
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 380

    page.reload()
    expect(page.get_by_role("region", name=re.compile("^Insight: "))).to_be_visible(timeout=SOON)


def test_what_to_do_is_a_list_with_effects_and_what_they_assume(page: Page, link: str) -> None:
    card = asked(page, link, "What should we do about sales?")
    options = card.get_by_role("list", name="Options").locator("> li")
    expect(options.first).to_contain_text("nearer to the middle one")
    expect(options.first).to_contain_text(re.compile(r"between .* and .*"))
    options.first.get_by_text("What this assumes").click()
    expect(options.first.get_by_text("hardly chance")).to_be_visible()
    with page.expect_download() as file:
        card.get_by_role("button", name="Export").click()
        page.get_by_role("menuitem", name="CSV").click()
    saved = Path(file.value.path()).read_text(encoding="utf-8-sig")
    assert saved.splitlines()[0] == "Fact,Figure,Value,Percent"
    assert complaints(page) == []


@pytest.mark.slow
def test_a_model_uses_the_tool_and_its_figures_are_traced(page: Page, home: Path) -> None:
    sql = "SELECT date, payment_mode, net_amount FROM sales"
    script: list[Turn] = [
        call("insight", sql=sql, title="Net sales", goal="stands_out"),
        text("UPI made **0.0 %** of net sales on two days in April, where 50.1 % is usual. Perhaps 77 %."),
    ]
    with OpenAiPeer(script) as model:
        settings = AgentSettings(openai=OpenAiSection(base_url=model.url, model="scripted"))
        with running_agent(home, settings) as link:
            card = asked(page, link, "What is odd in our sales?")
            expect(card).to_contain_text("UPI made 0.0 % of net amount")
            expect(page.locator(".fig-none")).to_have_count(1)
            expect(page.locator(".fig-none")).to_contain_text("77 %")
            expect(page.locator("a.fig", has_text="50.1 %")).to_be_visible()
        told = str(model.requests[-1]["messages"])
        assert "rows_analysed" in told

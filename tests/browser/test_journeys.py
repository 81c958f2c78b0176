"""Whole stories in the window against the real agent, the real backend and its demo data.

The model is scripted at the wire; all else is what a person runs.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shared.settings import AgentSettings, OpenAiSection
from tests.browser.agent import SOON, running_agent
from tests.browser.conversation_model import speak
from tests.peers.openai import OpenAiPeer

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def link(home: Path) -> Iterator[str]:
    """The address of a running agent, with its key."""
    with OpenAiPeer(otherwise=speak) as model:
        settings = AgentSettings(openai=OpenAiSection(base_url=model.url, model="scripted"))
        with running_agent(home, settings) as link:
            yield link


@pytest.fixture
def window(page: Page, link: str) -> Page:
    page.goto(link)
    expect(page.get_by_text("Demo data on this PC")).to_be_visible(timeout=SOON)
    return page


def ask(window: Page, question: str) -> None:
    window.get_by_label("Your question").fill(question)
    window.keyboard.press("Enter")


def test_a_question_is_answered_checked_followed_and_found_again(window: Page) -> None:
    ask(window, "Net sales by zone")
    card = window.get_by_role("region", name="Result: Net sales by zone")
    expect(card.locator("tbody tr").first).to_be_visible(timeout=SOON)
    expect(card.locator(".chart svg")).to_be_visible(timeout=SOON)
    expect(window.locator(".fig-none")).to_contain_text("5.5 %")
    window.locator("a.fig").first.click()
    expect(card.locator("td.hit")).to_have_text(
        card.locator("tbody tr").first.locator("td").nth(1).inner_text()
    )

    card.get_by_role("button", name="Inspect").click()
    drawer = window.get_by_role("complementary", name="Inspector")
    expect(drawer.get_by_text("1 of 2 traced")).to_be_visible()
    drawer.get_by_role("button", name="Check again").click()
    expect(drawer.get_by_text("Same result at")).to_be_visible(timeout=SOON)
    drawer.get_by_role("tab", name="SQL").click()
    expect(drawer.locator("pre.sql")).to_contain_text("GROUP BY st.zone")

    with window.expect_download() as file:
        card.get_by_role("button", name="Export").click()
        window.get_by_role("menuitem", name="CSV").click()
    saved = Path(file.value.path()).read_text(encoding="utf-8-sig")
    assert saved.splitlines()[0] == "zone,net_sales,pieces"

    ask(window, "And by month?")
    expect(window.get_by_role("region", name="Result: Net sales by month")).to_be_visible(timeout=SOON)
    window.reload()
    expect(window.locator(".turn")).to_have_count(2)
    expect(window.get_by_role("heading", level=1)).to_have_text("Net sales by zone")
    window.keyboard.press("Control+k")
    window.keyboard.type("month")
    expect(window.get_by_role("option", name="Net sales by zone")).to_be_visible()


def test_edited_sql_runs_on_the_backend_and_writing_is_refused(window: Page) -> None:
    ask(window, "Net sales by zone")
    edit, busy = window.get_by_role("button", name="Edit and rerun"), window.locator(".turn[aria-busy]")
    expect(edit).to_be_visible(timeout=SOON)
    expect(busy).to_have_count(0, timeout=SOON)  # nothing else runs before the answer is over
    edit.click()
    window.get_by_label("SQL to run").fill("SELECT COUNT(*) AS stores FROM stores")
    window.keyboard.press("Control+Enter")
    expect(window.locator(".headline .big")).to_have_text("120", timeout=SOON)
    expect(busy).to_have_count(0, timeout=SOON)
    edit.last.click()
    window.get_by_label("SQL to run").fill("DELETE FROM stores")
    window.keyboard.press("Control+Enter")
    expect(window.locator(".notice.failed")).to_be_visible(timeout=SOON)


def test_a_slow_query_is_stopped_and_the_next_question_is_answered(window: Page) -> None:
    ask(window, "Something slow")
    expect(window.locator(".live .now")).to_have_text("Running SQL on retail", timeout=SOON)
    window.keyboard.press("Escape")
    expect(window.get_by_text("Stopped. Nothing was left running.")).to_be_visible(timeout=SOON)
    window.keyboard.press("ArrowUp")
    window.get_by_role("textbox", name="Edit and ask again").fill("Net sales by zone")
    window.keyboard.press("Enter")
    expect(window.get_by_role("region", name="Result: Net sales by zone")).to_be_visible(timeout=SOON)
    expect(window.locator(".turn")).to_have_count(1)


def test_an_answer_under_way_is_joined_again_after_a_reload(window: Page) -> None:
    ask(window, "Something slow again")
    expect(window.locator(".live .now")).to_have_text("Running SQL on retail", timeout=SOON)
    window.reload()
    expect(window.locator(".live .now")).to_have_text("Running SQL on retail", timeout=SOON)
    window.get_by_role("button", name="Stop").click()
    expect(window.get_by_text("Stopped. Nothing was left running.")).to_be_visible(timeout=SOON)


def test_thousands_of_rows_scroll_sort_and_copy(window: Page) -> None:
    ask(window, "All bills")
    scroller = window.locator(".grid-scroll")
    expect(window.locator(".grid-note")).to_contain_text("9,000 rows", timeout=SOON)
    scroller.evaluate("it => it.scrollTop = it.scrollHeight")
    expect(window.locator('tr[aria-rowindex="9001"] td').first).not_to_be_empty(timeout=SOON)
    window.get_by_role("button", name="Sort by Net amount").click()
    expect(window.locator('tr[aria-rowindex="2"] td').last).to_contain_text("₹")


def test_the_data_place_shows_the_demo_and_its_tables(window: Page) -> None:
    window.get_by_role("link", name="Data").first.click()
    window.get_by_role("link", name="stores").first.click()
    expect(window.get_by_role("row", name="zone")).to_contain_text("North", timeout=SOON)

"""The first minutes of somebody who has just installed it: demo data, no model, no keys."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shared.settings import AgentSettings
from tests.browser.agent import SOON, running_agent

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def link(home: Path) -> Iterator[str]:
    with running_agent(home, AgentSettings()) as link:
        yield link


def test_the_first_question_is_one_click_away_and_its_answer_can_be_checked(page: Page, link: str) -> None:
    page.goto(link)
    starters = page.locator(".starters button")
    expect(starters.first).to_be_visible(timeout=SOON)
    starters.filter(has_text=re.compile("by zone")).first.click()
    card = page.locator(".card").first
    expect(card.locator("tbody tr")).to_have_count(5, timeout=SOON)
    expect(card.locator(".chart svg")).to_be_visible(timeout=SOON)
    expect(page.locator(".fig-none")).to_have_count(0)
    card.get_by_role("button", name="Inspect").click()
    drawer = page.get_by_role("complementary", name="Inspector")
    expect(drawer.get_by_text(re.compile(r"^(\d+) of \1 traced"))).to_be_visible()
    expect(drawer.get_by_text("sum of net_amount in sales")).to_be_visible()
    expect(page.get_by_text("nothing to a model")).to_be_visible()


def test_a_question_that_is_not_understood_offers_others(page: Page, link: str) -> None:
    page.goto(link)
    expect(page.get_by_text("Demo data on this PC")).to_be_visible(timeout=SOON)
    page.get_by_label("Your question").fill("flurble by zone")
    page.keyboard.press("Enter")
    expect(page.locator(".say")).to_contain_text("flurble", timeout=SOON)
    page.locator(".chips .chip").first.click()
    expect(page.locator(".card, .choices").first).to_be_visible(timeout=SOON)


def test_a_comparison_says_which_way_each_figure_went(page: Page, link: str) -> None:
    page.goto(link)
    expect(page.get_by_text("Demo data on this PC")).to_be_visible(timeout=SOON)
    page.get_by_label("Your question").fill("net sales this year compared with last year by zone")
    page.keyboard.press("Enter")
    card = page.locator(".card").first
    expect(card.locator("tbody tr")).to_have_count(5, timeout=SOON)
    west, south = (card.locator("tbody tr", has_text=zone).locator("td").last for zone in ("West", "South"))
    expect(west).to_have_text(re.compile(r"^−[\d.]+ %$"))
    expect(west).to_have_class(re.compile("neg"))
    expect(south).to_have_text(re.compile(r"^\+[\d.]+ %$"))
    expect(page.locator(".say")).to_contain_text(f"West fell most, {west.inner_text()}")

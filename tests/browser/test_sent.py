"""What left this PC, in the window of a real agent: line, place, text, and the choice to keep cells."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.agent import kept
from tests.browser.test_screens import PICTURES, ask, complaints
from tests.desktop.running import RetailPeer, RunningAgent
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Calls, Turn, call, text

pytestmark = pytest.mark.browser

SQL = "SELECT zone, sum(net_amount) AS net_sales FROM sales GROUP BY zone"
QUERY = call("query", sql=SQL, title="Net sales by zone")


@contextmanager
def window(page: Page, home: Path, *script: Turn) -> Iterator[tuple[RunningAgent, GeminiPeer]]:
    with (
        RetailPeer() as backend,
        GeminiPeer(script) as gemini,
        RunningAgent(home, backend_url=backend.url, gemini_url=gemini.url) as agent,
    ):
        seat = agent.serving.seat
        assert seat is not None
        page.goto(agent.serving.door.link)
        expect(page.get_by_text("Backend online")).to_be_visible()
        yield agent, gemini


def size(page: Page, count: int) -> str:
    return str(
        page.evaluate(
            f"import('/js/format.js').then(({{bytes, useNumbers}}) => (useNumbers('indian'), bytes({count})))"
        )
    )


def test_the_line_the_place_and_the_text_tell_what_the_model_got(page: Page, tmp_path: Path) -> None:
    with window(page, tmp_path, QUERY, text("North leads."), text("Hello.")) as (agent, gemini):
        ask(page, "Net sales by zone")
        line = page.locator(".sent-line")
        wire = sum(len(each.body) for each in gemini.asked)
        expect(line).to_contain_text("2 columns, 2 rows")
        expect(line).to_contain_text(size(page, wire))
        expect(page.locator(".sent-of")).to_have_text(size(page, wire))
        line.click()
        expect(page.get_by_role("heading", name="What left this PC")).to_be_visible()
        expect(page.locator(".sent-total dd").first).to_have_text(size(page, wire))
        turn = page.locator(".sent-turn")
        expect(turn).to_have_count(1)
        turn.locator("summary").press("Enter")
        bodies = turn.locator(".sent-body", has_text="gemini")
        expect(bodies).to_have_count(2)
        bodies.last.get_by_role("button", name="Show the text").click()
        sent = bodies.last.locator("pre")
        expect(sent).to_contain_text("functionResponse")
        assert sent.text_content() == gemini.asked[1].body.decode()
        bodies.last.get_by_role("button", name="Readable").click()
        expect(sent).to_contain_text('"preview": [')
        backend = turn.locator(".sent-body", has_text="POST /api/query").last
        backend.get_by_role("button", name="Show the text").click()
        expect(backend.locator("pre")).to_contain_text("sum(net_amount)")

        page.get_by_role("link", name="New conversation").click()
        ask(page, "Hello")
        page.locator(".sent-line").click()
        expect(page.locator(".sent-turn")).to_have_count(1)
        page.get_by_role("link", name="Everything").click()
        expect(page.locator(".sent-turn", has_text="Net sales by zone")).to_be_visible()
        expect(page.locator(".sent-turn", has_text="Hello")).to_be_visible()
        total = agent.json("GET", "/api/meter")["bytes"]
        expect(page.locator(".sent-total dd").first).to_have_text(size(page, total))


def test_cells_are_kept_from_the_next_question_on_and_the_window_says_so(page: Page, tmp_path: Path) -> None:
    with window(page, tmp_path, QUERY, text("It is in the table.")) as (_, gemini):
        page.goto(page.url.split("#")[0] + "#/settings/privacy")
        switch = page.get_by_role("switch", name="Never send cell values to the model")
        expect(switch).to_have_attribute("aria-checked", "false")
        with kept(page, "/api/settings"):
            switch.press("Space")
        expect(switch).to_have_attribute("aria-checked", "true")
        page.reload()
        expect(switch).to_have_attribute("aria-checked", "true")
        page.get_by_role("link", name="New conversation").click()
        ask(page, "Net sales by zone")
        expect(page.get_by_role("region", name="Result: Net sales by zone")).to_contain_text("North")
        expect(page.locator(".sent-line")).to_contain_text("no cell values")
        wire = " ".join(json.dumps(json.loads(each.body), ensure_ascii=False) for each in gemini.asked)
        assert "North" not in wire
        assert "123456789" not in wire


def test_the_texts_are_forgotten_on_demand(page: Page, tmp_path: Path) -> None:
    with window(page, tmp_path, QUERY, text("North leads.")):
        ask(page, "Net sales by zone")
        expect(page.locator(".sent-of")).to_be_visible()
        page.goto(page.url.split("#")[0] + "#/settings/privacy")
        page.get_by_role("button", name="Forget the texts").click()
        expect(page.locator("#toasts")).to_contain_text("The texts are gone")
        page.get_by_role("link", name="See each message").click()
        page.locator(".sent-turn summary").first.click()
        expect(page.get_by_text("text no longer kept").first).to_be_visible()


def test_the_places_look_well_in_both_themes_wide_and_narrow(page: Page, tmp_path: Path) -> None:
    both = Calls([("schema", {"tables": ["sales"]}), ("query", {"sql": SQL, "title": "Net sales by zone"})])
    PICTURES.mkdir(exist_ok=True)
    bad: list[str] = []

    def look(name: str) -> None:
        for width in (1280, 380):
            for theme in ("light", "dark"):
                page.set_viewport_size({"width": width, "height": 800})
                page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
                page.wait_for_timeout(120)
                page.screenshot(path=PICTURES / f"{name}-{width}-{theme}.png")
                if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
                    bad.append(f"{name} {width}: wider than the window")
                if (width, theme) in ((1280, "light"), (380, "dark")):
                    bad.extend(f"{name} {width} {theme}: {line}" for line in complaints(page))
        page.set_viewport_size({"width": 1280, "height": 800})

    with window(page, tmp_path, both, text("North leads."), QUERY, text("Again.")):
        page.goto(page.url.split("#")[0] + "#/sent")
        expect(page.get_by_text("Nothing has left this PC yet.")).to_be_visible()
        expect(page.get_by_role("heading", name="What left this PC")).to_have_count(1)
        expect(page.locator(".page.sent .page-h")).to_have_text(re.compile("for you alone.$"))
        look("sent-empty")
        page.get_by_role("link", name="New conversation").click()
        ask(page, "Net sales by zone")
        look("sent-line")
        ask(page, "And the same once more, with a question that is long enough to need a second line in here")
        page.locator(".sent-line").click()
        expect(page.locator(".sent-turn")).to_have_count(2)
        page.locator(".sent-turn summary").last.click()
        page.locator(".sent-turn").last.get_by_role("button", name="Show the text").nth(1).click()
        expect(page.locator(".sent-text pre").first).to_contain_text(re.compile("contents|query"))
        look("sent")
        page.goto(page.url.split("#")[0] + "#/settings/privacy")
        expect(page.get_by_role("switch", name="Never send cell values to the model")).to_be_visible()
        look("settings-privacy")
    assert bad == []

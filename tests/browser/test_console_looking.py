"""The console's pages to look with: overview, audit trail, the eyes of another; and how every page looks."""

import re
import sqlite3
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.administration import HOSTILE, administered, made, sign_in
from tests.server.running import RunningBackend, wait_until

pytestmark = pytest.mark.browser

EVERY_PAGE = [
    "overview",
    "connections",
    "connections/new",
    "users/meera",
    "roles/zone_manager/change",
    "keys/new",
]
EVERY_PAGE += ["view/user/meera", "connections/shops", "audit"]
VIOLATIONS = """axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 160)}`))"""


def test_one_sees_what_a_user_sees(page: Page, backend: RunningBackend) -> None:
    sign_in(page, backend, "view")
    page.get_by_label("Who").select_option(label="User meera")
    expect(page.get_by_text("Sees 2 of 2 tables of shops.")).to_be_visible()
    page.get_by_role("link", name="stores").click()
    sample = page.get_by_role("region", name="Sample of stores")
    expect(sample.get_by_role("row")).to_have_count(3)
    expect(sample.get_by_text("Patna")).to_have_count(0)
    page.get_by_role("link", name="staff").click()
    expect(page.get_by_text("Not there: phone")).to_be_visible()
    page.get_by_label("Who").select_option(label="Role viewer")
    expect(page.get_by_role("region", name="Sample of staff").get_by_text("9876543210")).to_be_visible()


def test_a_condition_on_rows_is_tried_while_it_is_typed(page: Page, backend: RunningBackend) -> None:
    sign_in(page, backend, "roles/zone_manager/change")
    drawer = page.locator("#drawer")
    drawer.get_by_role("button", name="stores").first.click()
    expect(drawer.get_by_label("opened_on")).to_be_visible()
    rows = drawer.get_by_role("textbox", name="Rows").first
    for text, says in (
        ("store_id > 1", "2 rows are seen."),
        ("zone in ({user.zone})", "depends on the user’s zone"),
        ("nothing = 1", "a column that the table does not have"),
    ):
        rows.fill(text)
        expect(drawer.locator(".check").first).to_contain_text(says)


def test_the_trail_is_searched_opened_narrowed_and_saved(page: Page, backend: RunningBackend) -> None:
    backend.ask("POST", "/api/query", {"connection": "shops", "query": "SELECT name FROM stores"})
    backend.ask(
        "POST", "/api/query", {"connection": "shops", "query": f"SELECT '{HOSTILE}' AS odd FROM nowhere"}
    )
    sign_in(page, backend, "audit")
    page.get_by_label("Find in the trail").fill("nowhere")
    row = page.get_by_role("row", name="<img src=x")
    expect(row).to_have_count(1)
    row.get_by_role("link").click()
    drawer = page.locator("#drawer")
    expect(drawer.get_by_text("query.run")).to_be_visible()
    expect(drawer.locator(".sql").first).to_contain_text("<img src=x")
    assert page.locator("#app img").count() == 0
    page.get_by_label("Find in the trail").fill("")
    drawer.get_by_role("button", name="Only these").first.click()
    expect(page.get_by_role("row", name="connections.create")).to_have_count(0)
    expect(page.get_by_role("row", name="SELECT name FROM stores")).to_have_count(1)
    page.get_by_label("Outcome").select_option("refused")
    expect(page.get_by_text("Nothing here")).to_be_visible()
    page.get_by_label("Outcome").select_option("")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    saved = download.value.path().read_text("utf-8")
    assert download.value.suggested_filename.endswith(".jsonl")
    assert "SELECT name FROM stores" in saved
    assert "connections.create" not in saved


def test_a_line_is_opened_by_its_address_also_when_it_is_not_in_the_list(
    page: Page, backend: RunningBackend
) -> None:
    missing = {"connection": "shops", "query": "SELECT name FROM opened_by_address"}
    asked = backend.ask("POST", "/api/query", missing)
    wait_until(lambda: any("opened_by_address" in str(line["sql_text"]) for line in backend.audit()))
    [line] = [line for line in backend.audit() if line["request_id"] == asked.headers["x-request-id"]]
    sign_in(page, backend, "audit")
    page.get_by_label("Find in the trail").fill("no line has these words")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    drawer = page.locator("#drawer")
    page.evaluate("where => { location.hash = where }", f"#/audit/{line['id']}")
    expect(drawer.locator(".sql").first).to_contain_text("opened_by_address")
    for nobody in ("999999", "<img src=x>"):
        page.evaluate("where => { location.hash = '#/audit/' + encodeURIComponent(where) }", nobody)
        expect(drawer.get_by_text("There is no such line")).to_be_visible()
    page.reload()
    expect(drawer.get_by_text("There is no such line")).to_be_visible()


def test_the_trail_is_verified_with_a_button_and_told_in_words(page: Page, tmp_path: Path) -> None:
    with administered(tmp_path) as own:
        sign_in(page, own, "audit")
        check = page.get_by_role("button", name="Verify the trail")
        check.click()
        expect(page.get_by_text("The trail is whole:")).to_be_visible()
        expect(page.locator(".chain .statement")).to_contain_text(re.compile(r"\d+:[0-9a-f]{32}"))
        with sqlite3.connect(own.home / "backend" / "state.db") as connection:
            connection.execute("UPDATE audit SET address = '10.0.0.9' WHERE id = 2")
        page.route("**/api/audit/verify", lambda route: route.abort())
        check.click()
        expect(page.get_by_text("The backend does not answer.")).to_be_visible()
        page.unroute("**/api/audit/verify")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text("Line 2 was changed, put in, or moved.")).to_be_visible()
        expect(check).to_be_enabled()
        page.get_by_role("link", name="Open line 2").click()
        expect(page.locator("#drawer").get_by_text("10.0.0.9")).to_be_visible()


def test_the_overview_counts_and_tests(page: Page, backend: RunningBackend) -> None:
    ledger = {"host": "nowhere", "password": "x"}
    made(backend, "/api/connections", {"name": "gone", "type": "ledger", "params": ledger})
    sign_in(page, backend)
    expect(page.locator(".tile", has_text="calls since the start")).to_be_visible()
    expect(page.locator(".tile", has_text="worker")).to_have_text(re.compile("^1worker$"))
    expect(page.locator(".tile", has_text="median query")).to_be_visible()
    page.get_by_role("button", name="Test connections").click()
    expect(page.get_by_text("gone does not work")).to_be_visible()
    backend.ask("DELETE", "/api/connections/gone")


def test_a_failure_says_what_to_do_and_tries_again(page: Page, backend: RunningBackend) -> None:
    sign_in(page, backend)
    page.route("**/api/users?*", lambda route: route.abort())
    page.get_by_role("link", name="Users").click()
    expect(page.get_by_text("The backend does not answer.")).to_be_visible()
    page.unroute("**/api/users?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("row", name="meera")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits_a_phone_and_axe_finds_nothing(
    page: Page, backend: RunningBackend, theme: str
) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_viewport_size(
        {"width": 360, "height": 740} if theme == "dark" else {"width": 1280, "height": 800}
    )
    sign_in(page, backend)
    page.evaluate(Axe().axe_script)  # once: the pages are one document
    found = {}
    for where in EVERY_PAGE:
        page.evaluate("where => { location.hash = '#/' + where }", where)
        expect(page.locator("#main-view .page")).to_be_visible()
        if where == "audit":
            page.get_by_role("button", name="Verify the trail").click()
            expect(page.locator(".chain .note")).to_be_visible()
        expect(page.locator(".waiting")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
        if violations := page.evaluate(VIOLATIONS):
            found[where] = violations
    assert found == {}

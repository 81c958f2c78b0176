"""The console's connections: added, tested, changed, deleted; their form is made of the kind's own fields."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.administration import HOSTILE, STATEMENT, sign_in
from tests.server.running import RunningBackend

pytestmark = pytest.mark.browser


def add(backend: RunningBackend, name: str, host: str = "db.example.internal", about: str = "") -> None:
    params = {"host": host, "password": "s3cret"}
    made = {"name": name, "type": "ledger", "params": params, "description": about}
    assert backend.ask("POST", "/api/connections", made).status == 201


def test_a_connection_is_added_with_its_form_and_tested_at_once(page: Page, backend: RunningBackend) -> None:
    sign_in(page, backend, "connections")
    page.get_by_role("link", name="Add a connection").click()
    drawer = page.locator("#drawer")
    drawer.get_by_label("Kind").select_option(label="Ledger")
    drawer.get_by_label("Name").fill("finance")
    page.get_by_role("button", name="Save and test").click()
    expect(drawer.get_by_text("Host is needed.")).to_be_visible()
    drawer.get_by_label("Host").fill("db.example.internal")
    drawer.get_by_label("Port").fill("fifty")
    drawer.get_by_label("Password").fill("s3cret")
    page.get_by_role("button", name="Save and test").click()
    expect(drawer.get_by_text("This is a whole number.")).to_be_visible()
    drawer.get_by_label("Port").fill("5433")
    drawer.get_by_text("Limits and caching").click()
    drawer.get_by_label("Sample values").select_option("false")
    page.get_by_role("button", name="Save and test").click()
    expect(drawer.get_by_text("Works, 1 warning")).to_be_visible()
    expect(drawer.get_by_text("can write 3 tables in the schema public")).to_be_visible()
    expect(drawer.locator(".statement")).to_have_text(STATEMENT)
    expect(page.get_by_role("row", name="finance").get_by_text("May do more than read")).to_be_visible()
    kept = backend.ask("GET", "/api/connections/finance").json
    assert kept["params"] == {"host": "db.example.internal", "port": 5433, "samples": False}
    assert "s3cret" not in page.content()


def test_a_name_that_is_taken_or_wrong_is_told_at_its_field(page: Page, backend: RunningBackend) -> None:
    sign_in(page, backend, "connections/new")
    drawer = page.locator("#drawer")
    drawer.get_by_label("Kind").select_option(label="Ledger")
    drawer.get_by_label("Host").fill("db")
    drawer.get_by_label("Password").fill("x")
    for name, says in (("shops", "shops"), ("no spaces", "letters, digits")):
        drawer.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Save and test").click()
        expect(drawer.locator(".entry", has=page.get_by_label("Name")).get_by_text(says)).to_be_visible()
        expect(drawer.get_by_label("Name")).to_be_focused()


def test_a_changed_host_asks_for_the_password_again(page: Page, backend: RunningBackend) -> None:
    add(backend, "moved")
    sign_in(page, backend, "connections/moved")
    page.get_by_role("link", name="Change").click()
    drawer = page.locator("#drawer")
    expect(drawer.get_by_label("Password")).to_have_value("")
    drawer.get_by_label("Host").fill("elsewhere.example.internal")
    page.get_by_role("button", name="Save").click()
    expect(drawer.get_by_text("Give password again")).to_be_visible()
    expect(drawer.get_by_label("Password")).to_be_focused()
    drawer.get_by_label("Password").fill("n3w")
    page.get_by_role("button", name="Save").click()
    expect(drawer.get_by_text("elsewhere.example.internal")).to_be_visible()
    assert backend.ask("GET", "/api/connections/moved").json["params"]["host"] == "elsewhere.example.internal"


def test_what_fails_says_so_in_the_list_and_when_opened(page: Page, backend: RunningBackend) -> None:
    add(backend, "lost", "nowhere")
    sign_in(page, backend, "connections")
    page.get_by_role("button", name="Test all").click()
    expect(page.get_by_role("row", name="lost").get_by_text("no such host")).to_be_visible()
    expect(page.get_by_role("row", name="shops").get_by_text("Reads only")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_text("lost does not work")).to_be_visible()


def test_deleting_asks_for_the_name(page: Page, backend: RunningBackend) -> None:
    add(backend, "doomed")
    sign_in(page, backend, "connections/doomed")
    page.locator("#drawer").get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert backend.ask("GET", "/api/connections/doomed").status == 200
    page.locator("#drawer").get_by_role("button", name="More").click()
    page.keyboard.press("Enter")
    dialog.get_by_label("Type doomed to confirm").fill("doomed")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="doomed")).to_have_count(0)
    assert backend.ask("GET", "/api/connections/doomed").status == 404


def test_typed_text_is_not_lost_without_a_question(page: Page, backend: RunningBackend) -> None:
    sign_in(page, backend, "connections/new")
    page.locator("#drawer").get_by_label("Name").fill("half")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Leave without saving?")).to_be_visible()
    page.get_by_role("button", name="Cancel").last.click()
    expect(page.locator("#drawer").get_by_label("Name")).to_have_value("half")


def test_hostile_text_of_the_api_stays_text(page: Page, backend: RunningBackend) -> None:
    add(backend, "odd", HOSTILE, HOSTILE)
    sign_in(page, backend, "connections")
    expect(page.get_by_role("row", name="odd").get_by_text("<img src=x")).to_be_visible()
    page.get_by_role("link", name="odd").click()
    expect(page.locator("#drawer").get_by_text("<img src=x").first).to_be_visible()
    assert page.locator("#main-view img, #drawer img").count() == 0
    assert "V-Mart" in page.title()


def test_who_may_only_look_sees_no_button_that_changes(page: Page, backend: RunningBackend) -> None:
    sign_in(page, backend, "connections/shops", backend.key("connections_read"))
    expect(page.locator("#drawer").get_by_text("The shops")).to_be_visible()
    for name in ("Add a connection", "Change", "Test", "Delete"):
        expect(page.get_by_role("link", name=name)).to_have_count(0)
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)


def test_on_a_phone_everything_fits_and_the_pages_open_from_the_menu(
    page: Page, backend: RunningBackend
) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    sign_in(page, backend)
    page.get_by_role("button", name="Pages").click()
    page.get_by_role("link", name="Connections").click()
    page.get_by_role("link", name="shops").click()
    expect(page.locator("#drawer").get_by_text("The shops")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_what_an_account_may_do_is_known_without_a_test_of_this_session(
    page: Page, backend: RunningBackend
) -> None:
    add(backend, "books")
    add(backend, "unseen", "nowhere")
    assert backend.ask("POST", "/api/connections/books/test").status == 200
    sign_in(page, backend, "connections", backend.key("connections_read"))
    expect(page.get_by_role("row", name="books").get_by_text("May do more than read")).to_be_visible()
    expect(page.get_by_role("row", name="unseen").get_by_text("Not known yet")).to_be_visible()
    page.get_by_role("link", name="books").click()
    account = page.get_by_role("region", name="Account")
    expect(account.get_by_text("can write 3 tables in the schema public")).to_be_visible()
    expect(account.locator(".statement")).to_have_text(STATEMENT)
    expect(account.get_by_text("Looked at:")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_text("The account of books may do more than read")).to_be_visible()
    expect(page.locator(".todo", has_text="not known yet").get_by_text("unseen")).to_be_visible()
    backend.ask("DELETE", "/api/connections/books")
    backend.ask("DELETE", "/api/connections/unseen")

"""The admin console's door and frame: signing in and out, what a key may see, and what the page may do."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from tests.browser.administration import sign_in
from tests.server.running import RunningBackend

pytestmark = pytest.mark.browser


def test_the_page_and_its_files_are_for_everybody_kept_and_locked_down(backend: RunningBackend) -> None:
    page = backend.ask("GET", "/admin", key="")
    policy = page.headers["content-security-policy"]
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert b'symbol id="i-key"' in page.body
    for path in ("css/tokens.css", "js/main.js", "js/dom.js", "icons/app.svg", "permissions.json"):
        first = backend.ask("GET", f"/admin/{path}", key="")
        again = backend.ask("GET", f"/admin/{path}", key="", headers={"If-None-Match": first.headers["etag"]})
        assert (first.status, again.status, again.body) == (200, 304, b"")
        assert first.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["index.htm", "../app.py", "%2e%2e/app.py", "js/../../app.py", "js", "js/", "js/none.js", "//etc/passwd"],
)
def test_nothing_else_is_served(backend: RunningBackend, path: str) -> None:
    answer = backend.ask("GET", f"/admin/{path}", key="")
    assert answer.status == 404
    assert answer.json["code"] == "not_found"


def test_a_wrong_key_is_refused_in_words_and_kept_nowhere(page: Page, backend: RunningBackend) -> None:
    page.goto(f"{backend.url}/admin")
    field = page.get_by_label("Administrator’s key")
    field.fill("vmart_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This API key is not valid.", exact=False).first).to_be_visible()
    expect(field).to_be_focused()
    field.fill("ключ")
    page.keyboard.press("Enter")
    expect(page.get_by_text("it has characters that no key has").first).to_be_visible()
    assert (
        page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
        == '[{},{"vmart.theme":"system"}]'
    )


def test_the_key_is_in_no_address_and_no_cookie_and_gone_after_signing_out(
    page: Page, context: BrowserContext, backend: RunningBackend
) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright marks it
    sign_in(page, backend, "connections")
    expect(page.get_by_role("link", name="shops")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="shops")).to_be_visible()
    assert not [request.url for request in asked if backend.admin in request.url]
    assert context.cookies() == []
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Administrator’s key")).to_be_focused()
    assert page.evaluate("sessionStorage.length") == 0
    assert "shops" not in page.content()
    page.reload()
    expect(page.get_by_label("Administrator’s key")).to_be_visible()


def test_who_does_nothing_for_a_quarter_of_an_hour_is_signed_out(page: Page, backend: RunningBackend) -> None:
    page.clock.install()
    sign_in(page, backend, "connections")
    expect(page.get_by_role("link", name="shops")).to_be_visible()
    page.clock.fast_forward("14:10")
    expect(page.get_by_text("You are about to be signed out")).to_be_visible()
    page.keyboard.press("Shift")
    expect(page.get_by_text("You are about to be signed out")).to_have_count(0)
    page.clock.fast_forward("15:10")
    expect(page.get_by_text("You were signed out after 15 minutes")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_a_key_that_is_revoked_ends_the_session(page: Page, backend: RunningBackend) -> None:
    key, row = backend.serving.backend.keys.create("test", roles=["admin"])
    sign_in(page, backend, "connections", key)
    expect(page.get_by_role("link", name="shops")).to_be_visible()
    backend.serving.backend.keys.revoke(row.id)
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_text("It is unknown, expired or revoked.", exact=False).first).to_be_visible()
    expect(page.get_by_label("Administrator’s key")).to_be_visible()


def test_pages_without_their_permission_are_not_shown_and_their_address_says_why(
    page: Page, backend: RunningBackend
) -> None:
    key = backend.key("schema_read")
    sign_in(page, backend, "connections", key)
    expect(page.get_by_text("has no permission connections_read")).to_be_visible()
    expect(page.get_by_label("Pages").get_by_role("link", name="Connections")).to_have_count(0)
    page.evaluate("location.hash = '#/nowhere'")
    expect(page.get_by_text("There is no such page")).to_be_visible()


def test_the_theme_follows_the_switch_and_stays(page: Page, backend: RunningBackend) -> None:
    sign_in(page, backend)
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(24, 24, 27)"
    page.reload()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(24, 24, 27)"


def test_the_overview_tells_what_needs_a_person(page: Page, backend: RunningBackend) -> None:
    sign_in(page, backend)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.get_by_text("This backend is reached without encryption")).to_be_visible()
    expect(page.locator(".status").get_by_text(re.compile("Backend up for"))).to_be_visible()


def test_a_script_that_was_lost_on_the_way_is_fetched_again(page: Page, backend: RunningBackend) -> None:
    lost: list[str] = []

    def lose_once(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort("connectionreset")

    page.route("**/js/list.js", lose_once)
    sign_in(page, backend)
    assert len(lost) == 1

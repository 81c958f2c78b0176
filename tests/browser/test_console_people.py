"""The console's users, roles and keys: made, changed, taken away; what they may and see, and why."""

import pytest
from playwright.sync_api import Page, expect

from shared.connect_code import parse_link
from tests.browser.administration import HOSTILE, made, sign_in
from tests.server.running import RunningBackend

pytestmark = pytest.mark.browser


def test_a_user_is_added_changed_switched_off_and_deleted(page: Page, backend: RunningBackend) -> None:
    sign_in(page, backend, "users")
    page.get_by_role("link", name="Add a user").first.click()
    drawer = page.locator("#drawer")
    drawer.get_by_label("Name", exact=True).fill("anita")
    drawer.get_by_label("zone_manager").check()
    drawer.get_by_role("button", name="Add an attribute").click()
    drawer.get_by_label("Name of the attribute").fill("zone")
    drawer.get_by_label("Value, or several with commas").fill("North, East")
    drawer.get_by_role("button", name="Add", exact=True).click()
    expect(drawer.get_by_text("run a reading query")).to_be_visible()
    expect(drawer.get_by_text("Row filters are filled with zone: North, East")).to_be_visible()
    kept = backend.ask("GET", "/api/users/anita").json
    assert (kept["roles"], kept["attributes"]) == (["zone_manager"], {"zone": ["North", "East"]})
    page.get_by_role("link", name="Change").click()
    drawer.get_by_label("Email").fill("not an address")
    page.get_by_role("button", name="Save").click()
    expect(drawer.locator(".problem:visible")).to_have_count(1)
    drawer.get_by_label("Email").fill("anita@example.com")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Deactivate").click()
    page.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("row", name="anita").get_by_text("Not active")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row", name="anita").get_by_text("Active", exact=True)).to_be_visible()
    drawer.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_label("Type anita to confirm").fill("anita")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="anita")).to_have_count(0)
    assert backend.ask("GET", "/api/users/anita").status == 404


def test_many_users_come_in_pages_and_are_found_by_name(page: Page, backend: RunningBackend) -> None:
    for number in range(55):
        made(backend, "/api/users", {"username": f"store{number:03}", "roles": ["viewer"]})
    sign_in(page, backend, "users")
    expect(page.get_by_role("row", name="store003")).to_be_visible()
    expect(page.get_by_role("row", name="store054")).to_have_count(0)
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("row", name="store054")).to_be_visible()
    page.get_by_label("Find a user").fill("store02")
    expect(page.get_by_role("row", name="store02")).to_have_count(10)
    page.get_by_label("Find a user").fill("nobody like this")
    expect(page.get_by_text("Nothing found")).to_be_visible()


def test_a_role_is_made_from_the_schema_with_columns_rows_and_masks(
    page: Page, backend: RunningBackend
) -> None:
    sign_in(page, backend, "roles/new")
    drawer = page.locator("#drawer")
    drawer.get_by_label("Name", exact=True).fill("east")
    drawer.get_by_role("button", name="Add a connection").click()
    page.get_by_role("menuitem", name="shops").click()
    page.get_by_role("menuitem", name="staff").click()
    drawer.get_by_label("phone", exact=True).select_option("last_four")
    drawer.get_by_label("id", exact=True).select_option("hidden")
    drawer.get_by_role("button", name="Add tables").click()
    page.get_by_role("menuitem", name="stores").click()
    rows = drawer.get_by_label("Rows").last
    rows.fill("zone = ")
    drawer.get_by_label("db_read").check()
    drawer.get_by_role("button", name="Add", exact=True).click()
    expect(drawer.locator(".problem:visible")).to_have_count(1)
    rows.fill("zone = 'East'")
    drawer.get_by_role("button", name="Add", exact=True).click()
    expect(drawer.get_by_text("without id; phone: last four characters")).to_be_visible()
    [policy] = backend.ask("GET", "/api/roles/east").json["policies"]
    shown = {table["table"]: table for table in policy["tables"]}
    assert shown["stores"]["rows"] == "zone = 'East'"
    assert (shown["staff"]["masks"], shown["staff"]["hidden"]) == ({"phone": "last_four"}, ["id"])


def test_a_role_that_is_saved_unchanged_stays_as_it_was(page: Page, backend: RunningBackend) -> None:
    tables = [{"table": "st*", "columns": ["name", "*_id"], "hidden": ["x_id"], "masks": {"name": "hash"}}]
    odd = {"name": "odd", "permissions": ["db_read"], "policies": [{"connection": "shops", "tables": tables}]}
    made(backend, "/api/roles", odd)
    before = backend.ask("GET", "/api/roles/odd").json["policies"]
    sign_in(page, backend, "roles/odd/change")
    page.locator("#drawer").get_by_role("button", name="st*").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("odd was changed").first).to_be_visible()
    [table] = backend.ask("GET", "/api/roles/odd").json["policies"][0]["tables"]
    [was] = before[0]["tables"]
    assert {**table, "columns": set(table["columns"])} == {**was, "columns": set(was["columns"])}


def test_a_built_in_role_can_be_copied_and_not_changed(page: Page, backend: RunningBackend) -> None:
    sign_in(page, backend, "roles/viewer")
    drawer = page.locator("#drawer")
    expect(drawer.get_by_text("This role is built in")).to_be_visible()
    expect(page.get_by_role("row", name="viewer").get_by_role("link")).to_have_attribute(
        "aria-current", "true"
    )
    expect(drawer.get_by_role("link", name="Change")).to_have_count(0)
    drawer.get_by_role("link", name="Copy").click()
    drawer.get_by_label("Name", exact=True).fill("viewer_too")
    drawer.get_by_role("button", name="Add", exact=True).click()
    expect(drawer.get_by_text("All data of all connections")).to_be_visible()
    made(backend, "/api/users", {"username": "only.one", "roles": ["viewer_too"]})
    page.reload()
    expect(drawer.get_by_text("1 user or key", exact=True)).to_be_visible()


def test_a_key_is_shown_once_and_works_and_rotates(page: Page, backend: RunningBackend) -> None:
    made(backend, "/api/users", {"username": "ravi", "roles": ["analyst"]})
    sign_in(page, backend, "keys/new")
    drawer = page.locator("#drawer")
    drawer.get_by_label("Name", exact=True).fill("ravi's laptop")
    drawer.get_by_label("User", exact=False).first.fill("ravi")
    drawer.get_by_label("Addresses").fill("not a network")
    page.get_by_role("button", name="Make the key").click()
    expect(drawer.locator(".problem:visible")).to_have_count(1)
    drawer.get_by_label("Addresses").fill("127.0.0.0/8\n10.0.0.0/8")
    page.get_by_role("button", name="Make the key").click()
    expect(drawer.get_by_text("Copy the key now")).to_be_visible()
    key = drawer.locator(".statement").inner_text().strip()
    assert backend.ask("GET", "/api/me", key=key).json["user"] == "ravi"
    drawer.get_by_role("button", name="Rotate").click()
    drawer.get_by_label("The old one ends").select_option(label="at once")
    drawer.get_by_role("button", name="Rotate").click()
    expect(drawer.get_by_text("Copy the key now")).to_be_visible()
    newer = drawer.locator(".statement").inner_text().strip()
    assert backend.ask("GET", "/api/me", key=key).status == 401
    assert backend.ask("GET", "/api/me", key=newer).status == 200
    page.reload()
    expect(page.get_by_role("row", name="ravi's laptop")).to_be_visible()
    assert newer not in page.content()
    drawer.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row", name="ravi's laptop").get_by_text("Revoked")).to_be_visible()
    assert backend.ask("GET", "/api/me", key=newer).status == 401


def test_a_connect_code_is_shown_once_and_its_key_waits_until_it_is_used(
    page: Page, backend: RunningBackend
) -> None:
    sign_in(page, backend, "keys/new")
    drawer = page.locator("#drawer")
    drawer.get_by_label("Name", exact=True).fill("meera's laptop")
    drawer.get_by_label("viewer", exact=True).check()
    page.get_by_role("button", name="Make a connect code").click()
    expect(drawer.get_by_text("Hand over the link or the code now")).to_be_visible()
    link = parse_link(drawer.locator("pre.sql").first.inner_text())
    assert link.url == backend.url
    expect(page.get_by_role("row", name="meera's laptop").get_by_text("Waits", exact=True)).to_be_visible()
    redeemed = backend.ask("POST", "/api/connect", {"code": link.code}, key="")
    assert backend.ask("GET", "/api/me", key=redeemed.json["key"]).json["name"] == "meera's laptop"
    page.reload()
    expect(page.get_by_role("row", name="meera's laptop").get_by_text("Works", exact=True)).to_be_visible()
    assert link.code not in page.content()


def test_nobody_gives_what_they_do_not_hold(page: Page, backend: RunningBackend) -> None:
    sign_in(page, backend, "keys/new", backend.key("keys_write", "db_read"))
    drawer = page.locator("#drawer")
    drawer.get_by_text("Single permissions").click()
    expect(drawer.get_by_label("db_read")).to_be_enabled()
    expect(drawer.get_by_label("system_admin")).to_be_disabled()
    drawer.get_by_label("Name", exact=True).fill("too much")
    drawer.get_by_label("admin", exact=True).check()
    page.get_by_role("button", name="Make the key").click()
    expect(drawer.locator(".note.bad, .problem:visible")).to_contain_text("hold")


def test_hostile_names_stay_text(page: Page, backend: RunningBackend) -> None:
    made(backend, "/api/roles", {"name": "odd_words", "description": HOSTILE, "permissions": ["db_read"]})
    made(backend, "/api/keys", {"name": HOSTILE, "permissions": ["db_read"]})
    sign_in(page, backend, "roles")
    expect(page.get_by_role("row", name="odd_words").get_by_text("<img src=x")).to_be_visible()
    page.get_by_role("link", name="Keys").click()
    page.get_by_role("link", name="<img src=x").click()
    expect(page.get_by_role("heading", name="<img src=x")).to_be_visible()
    assert page.locator("#app img").count() == 0

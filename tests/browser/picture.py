"""Writes the pictures of the docs: the window with a real answer of the demo, the console with a policy.

``python -m tests.browser.picture``, from the root. The repository holds no binary files, so the pictures are
text: they are drawn from the page as vectors; picture.js walks the page and says what is on it.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from desktop.serving import Serving, take_port
from server.connectors import KINDS
from shared.settings import AgentSettings
from tests.browser.administration import made, sign_in
from tests.server.running import start

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
QUESTIONS = ["Top 5 stores by net sales in March 2026", "Net sales by zone in 2025-26"]
PATIENCE = 120_000
NORTH = {
    "name": "zone_manager",
    "description": "Their own zone",
    "permissions": ["connections_read", "schema_read", "db_read"],
    "policies": [
        {
            "connection": "retail",
            "tables": [
                {"table": "stores", "rows": "zone in ({user.zone})"},
                {"table": "products", "hidden": ["mrp"]},
            ],
        }
    ],
}


def main() -> int:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["VMART_HOME"] = home
        listening, _ = take_port(0)
        with Serving(AgentSettings(), Path(home), listening) as serving, page() as window:
            ask(window, serving.door.link)
            keep(window, "window.svg")
        with page() as console:
            administer(console, Path(home))
    return 0


@contextmanager
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser.new_page(
            viewport={"width": 1280, "height": 850}, color_scheme="light", reduced_motion="reduce"
        )
        browser.close()


def ask(page: Page, link: str) -> None:
    """The questions, each in a conversation of its own."""
    page.goto(link)
    expect(page.get_by_text("Demo data on this PC")).to_be_visible(timeout=PATIENCE)
    for question in QUESTIONS:
        page.keyboard.press("Control+n")
        page.get_by_label("Your question").fill(question)
        page.keyboard.press("Enter")
        expect(page.locator(".chart svg")).to_be_visible(timeout=PATIENCE)
        expect(page.locator(".turn[aria-busy]")).to_have_count(0, timeout=PATIENCE)


def administer(page: Page, home: Path) -> None:
    """A backend with the demo's data and a role that sees a part of it."""
    data = {"root": str(home / "demo" / "data")}
    backend = start(home / "backend-of-the-picture", KINDS.values())
    try:
        made(backend, "/api/connections", {"name": "retail", "type": "filesystem", "params": data})
        made(backend, "/api/roles", NORTH)
        sign_in(page, backend, "roles/zone_manager/change")
        drawer = page.locator("#drawer")
        drawer.get_by_role("button", name="stores").first.click()
        expect(drawer.get_by_label("opened_on")).to_be_visible()
        drawer.get_by_role("textbox", name="Rows").first.fill("zone in ({user.zone})")
        expect(drawer.locator(".check").first).to_contain_text("depends on the user’s zone")
        keep(page, "console.svg")
    finally:
        backend.stop()


def keep(page: Page, name: str) -> None:
    page.mouse.move(700, 4)
    script = Path(__file__).with_name("picture.js").read_text(encoding="utf-8")
    picture = str(page.evaluate(script))
    (IMAGES / name).write_text(picture, encoding="utf-8")
    sys.stdout.write(f"docs/images/{name}: {len(picture.encode()) // 1024} kB\n")


if __name__ == "__main__":
    sys.exit(main())

"""Writes docs/images/window.svg: the window with a real answer of the demo, drawn from the page as vectors.

``python -m tests.browser.picture``, from the root. The repository holds no binary files, so the picture
of the README is text; picture.js walks the page and says what is on it.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from desktop.serving import Serving, take_port
from shared.settings import AgentSettings

ROOT = Path(__file__).parents[2]
QUESTIONS = ["Top 5 stores by net sales in March 2026", "Net sales by zone in 2025-26"]
PATIENCE = 120_000


def main() -> int:
    target = ROOT / "docs" / "images" / "window.svg"
    with tempfile.TemporaryDirectory() as home:
        os.environ["VMART_HOME"] = home
        listening, _ = take_port(0)
        with Serving(AgentSettings(), Path(home), listening) as serving:
            picture = draw(serving.door.link)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(picture, encoding="utf-8")
    sys.stdout.write(f"{target.relative_to(ROOT)}: {len(picture.encode()) // 1024} kB\n")
    return 0


def draw(link: str) -> str:
    """The page after the questions, each in a conversation of its own, as SVG text."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(
            viewport={"width": 1280, "height": 850}, color_scheme="light", reduced_motion="reduce"
        )
        page.goto(link)
        expect(page.get_by_text("Demo data on this PC")).to_be_visible(timeout=PATIENCE)
        for question in QUESTIONS:
            page.keyboard.press("Control+n")
            page.get_by_label("Your question").fill(question)
            page.keyboard.press("Enter")
            expect(page.locator(".chart svg")).to_be_visible(timeout=PATIENCE)
            expect(page.locator(".turn[aria-busy]")).to_have_count(0, timeout=PATIENCE)
        page.mouse.move(700, 4)
        script = (Path(__file__).parent / "picture.js").read_text(encoding="utf-8")
        picture = str(page.evaluate(script))
        browser.close()
    return picture


if __name__ == "__main__":
    sys.exit(main())

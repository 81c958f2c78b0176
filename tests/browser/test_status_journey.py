"""How the agent is doing, and the diagnostics bundle, in the window of the real agent on its demo."""

import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shared.settings import AgentSettings
from tests.browser.agent import SOON, running_agent

pytestmark = pytest.mark.browser


def test_the_status_page_counts_live_and_the_bundle_is_shown_and_then_saved(page: Page, home: Path) -> None:
    with running_agent(home, AgentSettings()) as link:
        page.goto(link)
        page.get_by_label("Your question").fill("net sales by zone last financial year", timeout=SOON)
        page.keyboard.press("Enter")
        expect(page.get_by_role("region", name="Result").first).to_be_visible(timeout=SOON)
        page.get_by_role("contentinfo").get_by_role("link").first.click()
        cell = page.get_by_role("row", name="Backend: requests").get_by_role("cell").first
        expect(cell).to_be_visible(timeout=SOON)
        before = int(cell.inner_text().replace(",", ""))
        assert before >= 1
        expect(page.get_by_role("row", name="Model: calls").get_by_role("cell").first).to_have_text("0")
        page.wait_for_function(  # it is looked for again and again
            "(before) => Number(document.querySelector('.figures-table tbody tr:nth-child(3) td').textContent"
            ".replaceAll(',', '')) > before",
            arg=before,
            timeout=SOON,
        )

        page.goto(f"{link.partition('?')[0]}#/sent")
        expect(page.get_by_text("No model is set up.")).to_be_visible(timeout=SOON)
        page.goto(f"{link.partition('?')[0]}#/settings/about")
        page.get_by_role("button", name="Show", exact=True).click(timeout=SOON)
        page.get_by_text("kept.txt").click(timeout=SOON)
        shown = page.get_by_label("kept.txt").inner_text()
        assert "conversations: 1" in shown
        with page.expect_download(timeout=SOON) as saving:
            page.get_by_role("button", name="Save as a file").click()
        data = Path(saving.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        assert bundle.read("kept.txt").decode().strip() == shown.strip()
        text = "".join(bundle.read(name).decode() for name in bundle.namelist())
    assert "net sales by zone" not in text

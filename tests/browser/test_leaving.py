"""Values of the person's own sheet in a query for the backend, as the window asks about them."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_screens import PICTURES, ask, complaints
from tests.desktop.running import RunningAgent
from tests.desktop.sheets.peer import SheetPeer
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Turn, call, text

pytestmark = pytest.mark.browser

SHOPS = [f"S{number:03}" for number in range(101, 119)]
SQL = (
    "SELECT store_code, sum(net_amount) AS net_sales\nFROM sales\nWHERE store_code IN ("
    + ", ".join(f"'{shop}'" for shop in SHOPS)
    + ")\nGROUP BY store_code"
)


def test_the_person_sees_which_values_would_leave_before_they_do(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "Plans"
    folder.mkdir()
    lines = ["Shop,Rent", *(f"{shop},{40_000 + 1_500 * n}" for n, shop in enumerate(SHOPS))]
    (folder / "closing.csv").write_text("\n".join(lines), encoding="utf-8")
    script: list[Turn] = [
        call("local_tables", files=["closing.csv"]),
        call("query_local", sql="SELECT * FROM closing", title="Shops that may close"),
        call("query", sql=SQL, title="Their sales"),
        text("Without the shops' codes I cannot add up their sales."),
    ]
    PICTURES.mkdir(exist_ok=True)
    bad = []
    with (
        SheetPeer() as backend,
        GeminiPeer(script) as gemini,
        RunningAgent(tmp_path, backend_url=backend.url, gemini_url=gemini.url) as agent,
    ):
        agent.json("POST", "/api/grants", {"path": str(folder)})
        page.goto(agent.serving.door.link)
        ask(page, "What do the shops sell that may close?", wait=False)
        card = page.get_by_role(
            "group", name="Waits for your yes: Send 18 values out of your files to the backend"
        )
        expect(card).to_contain_text(", ".join(SHOPS))
        expect(card.locator("pre")).to_have_text(SQL)
        expect(card.get_by_role("button", name="Yes, send it")).to_be_enabled()
        for stage in ("asked", "declined"):
            if stage == "declined":
                card.get_by_role("button", name="No").click()
                expect(card.get_by_text("You said no. Nothing was done.")).to_be_visible()
                expect(page.locator("p", has_text="Without the shops' codes")).to_be_visible()
            for width, theme in ((1280, "light"), (1280, "dark"), (380, "light"), (380, "dark")):
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
                page.wait_for_timeout(120)
                card.scroll_into_view_if_needed()
                page.screenshot(path=PICTURES / f"leaving-{stage}-{width}-{theme}.png")
                overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                bad += [f"{stage} {width} {theme}: wider than the window"] if overflow > 0 else []
                bad += [f"{stage} {width} {theme}: {line}" for line in complaints(page)]
        assert not any(b"S101" in body for body in backend.asked_bodies)
    assert bad == []

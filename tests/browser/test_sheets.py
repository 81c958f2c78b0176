"""What was understood of a messy workbook, seen and corrected in the window; its answers; in both themes and
narrow."""

import io
import re
from collections.abc import Iterator

import pytest
import xlsxwriter
from playwright.sync_api import Page, expect

from tests.browser.test_screens import PICTURES, complaints
from tests.desktop.running import RunningAgent
from tests.desktop.sheets.peer import SheetPeer

pytestmark = pytest.mark.browser
SOON = 30_000


def messy() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        plan = book.add_worksheet("Plan")
        plan.merge_range("A1:E1", "V-Mart targets 2025-26")
        plan.write("A2", "(provisional)")
        plan.write_row("A4", ["Zone", "City", "Opened on", "Amount", "Remarks"])
        rows = [
            ["North", "Delhi", "05/11/2025", "₹1,24,500.00", ""],
            ["North", "Lucknow", "06/11/2025", "1.2 lakh", "new"],
            ["North Total", "", "", 244500, ""],
            ["South", "Chennai", "07/11/2025", "(1,200)", ""],
            ["South", "Kochi", "08/11/2025", "pending", ""],
            ["South Total", "", "", -1200, ""],
            ["Grand Total", "", "", 243300, ""],
        ]
        for number, row in enumerate(rows, start=4):
            plan.write_row(number, 0, row)
        plan.write("A13", "Note: figures are subject to audit and may change")
        plan.write_row("A16", ["Store", "Staff"])
        plan.write_row("A17", ["V001", 12])
        plan.write_row("A18", ["V002", 9])
        book.add_worksheet("Old plan").hide()
    return out.getvalue()


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    home = tmp_path_factory.mktemp("sheets")
    folder = home / "Reports"
    folder.mkdir()
    (folder / "targets.xlsx").write_bytes(messy())
    (folder / "broken.xlsx").write_bytes(b"this is no workbook")
    with SheetPeer() as peer, RunningAgent(home, backend_url=peer.url) as agent:
        seat = agent.serving.seat
        assert seat is not None
        seat.agent.grants.add(str(folder))
        yield agent


def opened(page: Page, agent: RunningAgent, name: str) -> None:
    page.goto(agent.serving.door.link)
    page.goto(f"{agent.serving.door.address}#/sheets/{f'Reports/{name}'.replace('/', '%2F')}")


def test_a_messy_workbook_is_shown_as_understood_and_can_be_corrected(
    page: Page, agent: RunningAgent
) -> None:
    opened(page, agent, "targets.xlsx")
    table = page.get_by_role("region", name="Table targets", exact=True)
    expect(table).to_be_visible(timeout=SOON)
    expect(table).to_contain_text("4 rows")
    expect(table).to_contain_text("heading in row 4")
    expect(table.locator(".left-out")).to_contain_text("Totals (3)")
    expect(table.locator(".left-out")).to_contain_text("Grand Total · 243300")
    expect(table).to_contain_text("“pending”")
    expect(table.get_by_text("check this")).to_be_visible()
    expect(page.get_by_text("This sheet is hidden and was not read.")).to_be_visible()
    table.get_by_label("Type of Opened on").select_option("month_first")
    expect(table.get_by_text("read as month/day/year")).to_be_visible(timeout=SOON)
    table.get_by_label("Totals are rows like others").check()
    expect(table).to_contain_text("7 rows", timeout=SOON)
    page.reload()
    expect(table).to_contain_text("7 rows", timeout=SOON)
    page.get_by_role("button", name="Undo my corrections").click()
    expect(table).to_contain_text("4 rows", timeout=SOON)


def test_a_question_about_the_sheet_is_answered_and_its_receipt_names_the_sheet(
    page: Page, agent: RunningAgent
) -> None:
    page.goto(agent.serving.door.link)
    page.get_by_label("Your question").fill("total amount by zone in targets.xlsx")
    page.keyboard.press("Enter")
    card = page.locator(".card").first
    expect(card).to_contain_text("This PC", timeout=SOON)
    expect(card.locator("tbody tr")).to_have_count(2)
    card.get_by_role("button", name="Inspect").click()
    drawer = page.get_by_role("complementary", name="Inspector")
    expect(drawer).to_contain_text("Reports/targets.xlsx")
    expect(drawer).to_contain_text("3 totals")


def test_a_private_join_says_what_matched(page: Page, agent: RunningAgent) -> None:
    page.goto(agent.serving.door.link)
    page.get_by_label("Your question").fill("compare amount in targets.xlsx with total net amount by zone")
    page.keyboard.press("Enter")
    card = page.locator(".card").first
    expect(card).to_contain_text("beside", timeout=SOON)
    card.get_by_role("button", name="Inspect").click()
    drawer = page.get_by_role("complementary", name="Inspector")
    expect(drawer).to_contain_text("4 matched, 0 did not")
    expect(drawer).to_contain_text("retail · 2 rows")
    page.screenshot(path=PICTURES / "sheets-join.png")


def test_its_screens_stand_in_both_themes_wide_and_narrow(page: Page, agent: RunningAgent) -> None:
    PICTURES.mkdir(exist_ok=True)
    table = page.get_by_role("region", name="Table targets", exact=True)
    broken = page.get_by_text(re.compile("no workbook, or is broken"))
    listed = page.get_by_text("Reports/broken.xlsx · not opened yet")
    bad = []
    for name, there in (("targets.xlsx", table), ("broken.xlsx", broken), ("", listed)):
        if name:
            opened(page, agent, name)
        else:
            page.goto(f"{agent.serving.door.address}#/sheets")
        expect(there).to_be_visible(timeout=SOON)
        for width, theme in ((1280, "light"), (1280, "dark"), (380, "light"), (380, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            page.wait_for_timeout(120)
            page.screenshot(path=PICTURES / f"sheets-{name.partition('.')[0]}-{width}-{theme}.png")
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            bad += [f"{name} {width} {theme}: wider than the window"] if overflow > 0 else []
            if (width, theme) in ((1280, "light"), (380, "dark")):
                bad += [f"{name} {width} {theme}: {line}" for line in complaints(page)]
    assert bad == []


def test_what_is_copied_into_a_spreadsheet_is_never_a_formula(page: Page, agent: RunningAgent) -> None:
    page.goto(agent.serving.door.link)
    copied = page.evaluate(
        """async () => {
          const { asText } = await import("/js/selection.js");
          const rows = [["=1+1", -5], ["\\t@SUM(A1)", 2], ["V-Mart", null]];
          return asText(rows, [{ name: "+x" }, { name: "y" }]);
        }"""
    )
    assert copied == "'+x\ty\n'=1+1\t-5\n' @SUM(A1)\t2\nV-Mart\t"

"""Files, with a real agent and real files: granted, looked at, searched, dropped, pasted, taken back."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter
from playwright.sync_api import Page, expect

from shared.settings import AgentSettings, BackendSection
from tests.browser.agent import running_agent
from tests.browser.test_screens import PICTURES, complaints

pytestmark = pytest.mark.browser

NOBODY = AgentSettings(backend=BackendSection(url="http://127.0.0.1:9", api_key="k", retry_attempts=0))
DROP = """([name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name));
    const how = { dataTransfer: data, bubbles: true, cancelable: true };
    for (const kind of ["dragenter", "dragover", "drop"])
        document.body.dispatchEvent(new DragEvent(kind, how));
}"""
PASTE = """([text]) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    const how = { clipboardData: data, bubbles: true, cancelable: true };
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", how));
}"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "outside" / "Reports"
    (folder / "2025").mkdir(parents=True)
    (folder / "plan.md").write_text("# Diwali plan\n\nDiscounts in Patna.\n\n## Stock\n", encoding="utf-8")
    (folder / "2025" / "notes.txt").write_text("The diwali stock came late to Patna.\n", encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing")
    (folder / f"{'a long name without any end ' * 5}.txt").write_text("x", encoding="utf-8")
    with xlsxwriter.Workbook(folder / "targets.xlsx") as book:
        sheet = book.add_worksheet("Targets")
        for number, row in enumerate([("Store", "Amount"), ("Patna 1", 1200), ("Ranchi 2", 900)]):
            sheet.write_row(number, 0, row)
    return folder


@pytest.fixture
def files(page: Page, tmp_path: Path) -> Iterator[Page]:
    with running_agent(tmp_path / "home", NOBODY) as link:
        page.goto(link)
        expect(page.get_by_label("Your question")).to_be_visible()
        page.get_by_role("link", name="Files").click()
        expect(page.get_by_role("heading", name="No folder is granted yet")).to_be_visible()
        yield page


def grant(page: Page, folder: Path) -> None:
    page.get_by_role("button", name="Grant a folder").first.click()
    page.get_by_label("The folder’s path").fill(str(folder))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=folder.name, exact=True)).to_be_visible()


def test_a_folder_is_granted_looked_through_searched_and_taken_back(files: Page, folder: Path) -> None:
    files.get_by_role("button", name="Grant a folder").first.click()
    files.get_by_label("The folder’s path").fill("/etc")
    files.keyboard.press("Enter")
    expect(files.get_by_role("alert").get_by_text("belongs to the system")).to_be_visible()
    files.get_by_role("button", name="Cancel").click()
    expect(files.get_by_role("heading", name="No folder is granted yet")).to_be_visible()
    grant(files, folder)
    tree = files.get_by_role("navigation", name="Granted folders")
    tree.get_by_role("link", name="plan.md").click()
    expect(files.get_by_role("heading", name="plan.md")).to_be_visible()
    expect(files.get_by_role("region", name="Text")).to_contain_text("Discounts in Patna.")
    expect(files.locator(".outline li")).to_have_text(["Diwali plan", "Stock"])

    tree.get_by_role("link", name="targets.xlsx").click()
    expect(files.locator(".sheets li")).to_contain_text(["Targets"])
    expect(files.get_by_text("2 rows")).to_be_visible()
    expect(files.get_by_text(re.compile("· 1 sheet$"))).to_be_visible()
    tree.get_by_role("link", name="broken.pdf").click()
    expect(files.get_by_text("It is broken: it ends too early, or was damaged on the way.")).to_be_visible()

    up = files.locator(".page").get_by_role("link", name="Reports", exact=True)
    expect(up).to_have_count(0)  # the tree is beside it
    files.set_viewport_size({"width": 380, "height": 800})
    up.click()
    expect(files.get_by_role("heading", name="Reports", exact=True)).to_be_visible()
    files.set_viewport_size({"width": 1280, "height": 800})

    files.get_by_label("Find a file or a word in it").fill("diwali patna")
    files.keyboard.press("Enter")
    hits = files.locator(".hits li")
    expect(hits).to_have_count(2)
    expect(hits.first.locator("mark").first).to_have_text(re.compile("diwali", re.IGNORECASE))
    expect(files.get_by_text("Not searched through: 1 that cannot be read.")).to_be_visible()
    hits.filter(has_text="notes.txt").get_by_role("link").click()
    expect(files.get_by_role("heading", name="notes.txt")).to_be_visible()

    tree.get_by_role("link", name="Reports", exact=True).click()
    files.get_by_role("button", name="Take back").click()
    expect(files.get_by_role("heading", name="No folder is granted yet")).to_be_visible()
    files.get_by_role("button", name="Undo").click()
    expect(tree.get_by_role("link", name="Reports", exact=True)).to_be_visible()


def test_every_state_of_the_page_stands_in_both_themes_wide_and_narrow(files: Page, folder: Path) -> None:
    PICTURES.mkdir(exist_ok=True)
    bad = look(files, "files_empty")
    files.get_by_role("button", name="Grant a folder").first.click()
    files.get_by_label("The folder’s path").fill("nowhere")
    files.keyboard.press("Enter")
    expect(files.get_by_text("Give the whole path")).to_be_visible()
    bad += look(files, "files_grant")
    files.get_by_role("button", name="Cancel").click()
    grant(files, folder)
    bad += look(files, "files_folder")
    for name in ("plan.md", "targets.xlsx", "broken.pdf"):
        files.goto(files.url.partition("#")[0] + f"#/files/Reports%2F{name}")
        expect(files.get_by_role("heading", name=name)).to_be_visible()
        bad += look(files, f"files_{name}")
    assert bad == []


def look(page: Page, name: str) -> list[str]:
    bad = []
    for width, theme in ((1280, "light"), (380, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.wait_for_timeout(120)
        page.screenshot(path=PICTURES / f"{name}-{width}-{theme}.png")
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            bad.append(f"{name} {width}: wider than the window")
        bad += [f"{name} {width} {theme}: {line}" for line in complaints(page)]
    page.set_viewport_size({"width": 1280, "height": 800})
    return bad


def test_a_dropped_file_is_copied_shown_and_removed_with_a_way_back(files: Page, tmp_path: Path) -> None:
    files.evaluate(DROP, ["sales.csv", "zone,net\nNorth,12\n"])
    expect(files.get_by_role("heading", name="sales.csv")).to_be_visible()
    kept = next(iter((tmp_path / "home").rglob("dropped/sales.csv")))
    assert kept.read_text(encoding="utf-8") == "zone,net\nNorth,12\n"
    files.get_by_role("button", name="Remove the copy").click()
    expect(files.locator("#toasts").get_by_text("Removed sales.csv")).to_be_visible()
    assert not kept.exists()
    files.get_by_role("button", name="Undo").click()
    expect(files.get_by_role("link", name="sales.csv").first).to_be_visible()
    files.evaluate(DROP, ["CON", "x"])
    expect(
        files.locator("#toasts").get_by_text("CON was not taken. CON is the name of a device.")
    ).to_be_visible()


def test_a_file_and_a_pasted_table_become_chips_of_the_next_question(files: Page, folder: Path) -> None:
    files.get_by_role("link", name="New conversation").click()
    field = files.get_by_label("Your question")
    expect(field).to_be_focused()
    with files.expect_file_chooser() as chooser:
        files.get_by_role("button", name="Add a file").click()
    chooser.value.set_files(folder / "targets.xlsx")
    chips = files.locator(".attachment")
    expect(chips).to_have_text(["targets.xlsx"])
    field.focus()
    files.evaluate(PASTE, ['Store\tNet\r\nPatna, main\t1200\r\n"two\nlines"\t900\r\n'])
    expect(chips).to_have_text(["targets.xlsx", "Pasted table.csv"])
    expect(field).to_have_value("")
    files.get_by_role("button", name="Paste as text").click()
    expect(chips).to_have_text(["targets.xlsx"])
    expect(field).to_have_value('Store\tNet\nPatna, main\t1200\n"two\nlines"\t900\n')
    files.evaluate(PASTE, ["just words\nin two lines"])
    expect(chips).to_have_count(1)


def test_an_answer_that_lacks_a_file_leads_to_the_page_by_keyboard(files: Page) -> None:
    files.get_by_role("link", name="New conversation").click()
    files.get_by_label("Your question").fill("list my files")
    files.keyboard.press("Enter")
    way = files.get_by_role("article").get_by_role("link", name="Open Files")
    expect(way).to_be_visible()
    way.focus()
    files.keyboard.press("Enter")
    expect(files.get_by_role("heading", name="No folder is granted yet")).to_be_visible()


def test_a_large_file_shows_its_progress_and_can_be_called_off(files: Page, tmp_path: Path) -> None:
    large = tmp_path / "large.log"
    with large.open("wb") as file:
        file.truncate(1_500_000_000)
    with files.expect_file_chooser() as chooser:
        files.get_by_role("button", name="Add files").first.click()
    chooser.value.set_files(large)
    line = files.get_by_text("Copying large.log")
    expect(line).to_be_visible()
    files.get_by_role("button", name="Cancel").click()
    expect(line).to_have_count(0)
    assert list((tmp_path / "home").rglob("coming/*")) == []
    shutil.rmtree(large, ignore_errors=True)

"""Tasks as a person uses them, in the window of a real agent whose clock the test moves."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.agent import SOON
from tests.browser.test_screens import PICTURES, ask, complaints
from tests.desktop.tasks.moved import NINE, MovedClock, Tasked
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Calls, Turn, text

pytestmark = pytest.mark.browser

ASK = "total net amount by zone"
SENTENCE = f"every weekday at 9 send me {ASK} as Excel"
SCHEDULE = {"name": "Zones", "question": ASK, "repeats": "daily", "at": "09:00"}


@pytest.fixture
def tasked(page: Page, tmp_path: Path) -> Iterator[Tasked]:
    with Tasked(tmp_path / "home", MovedClock(NINE - timedelta(hours=1))) as tasked:
        yield tasked
        page.goto("about:blank")


def grant(tasked: Tasked, folder: Path) -> None:
    folder.mkdir()
    seat = tasked.agent.serving.seat
    assert seat is not None
    seat.agent.grants.add(str(folder))


def open_window(page: Page, tasked: Tasked) -> None:
    page.goto(tasked.agent.serving.door.link)
    expect(page.get_by_text("Backend online")).to_be_visible(timeout=SOON)


def open_tasks(page: Page, tasked: Tasked) -> None:
    open_window(page, tasked)
    page.locator("#rail-tasks").click()
    expect(page.get_by_role("link", name="New task")).to_be_visible()


def drawer(page: Page) -> Locator:
    return page.locator("#task-drawer")


def create(page: Page) -> None:
    """The button waits until the server has said what the plan means."""
    expect(drawer(page).get_by_text("Next three")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Create task").click()
    expect(drawer(page)).to_be_hidden(timeout=SOON)


def look_well(page: Page, name: str, at: Locator | None = None) -> list[str]:
    """Pictures of what is ``at`` in both themes, wide and narrow; what is wrong with them."""
    PICTURES.mkdir(exist_ok=True)
    bad = []
    for width, theme in ((1280, "light"), (1280, "dark"), (380, "light"), (380, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.wait_for_timeout(120)
        if at is not None:
            at.scroll_into_view_if_needed()
        page.screenshot(path=PICTURES / f"tasks-{name}-{width}-{theme}.png")
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            bad.append(f"{name} {width}: wider than the window")
        if (width, theme) == (380, "dark"):  # test_screens has the same places wide
            bad += [f"{name} {width} {theme}: {line}" for line in complaints(page)]
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")
    return bad


def test_one_task_from_its_form_to_its_deletion_and_back(page: Page, tasked: Tasked) -> None:
    open_tasks(page, tasked)
    expect(page.get_by_text("No tasks yet")).to_be_visible(timeout=SOON)
    page.get_by_role("link", name="New task").click()
    page.get_by_label("Question", exact=True).fill(ASK)
    page.get_by_label("Name", exact=True).fill("Sales by zone")
    page.get_by_label("Every").select_option("daily")
    bad = look_well(page, "drawer")
    create(page)
    switch = page.get_by_role("switch", name="Sales by zone is on")
    expect(switch).to_be_checked()
    expect(page.locator("#rail-tasks-count")).to_have_text("1")

    page.get_by_role("link", name="Sales by zone").click()
    expect(page.get_by_text("It has not run yet.")).to_be_visible()
    switch.click()
    expect(page.get_by_role("row", name=re.compile("Sales by zone.*Paused"))).to_be_visible()
    expect(switch).not_to_be_checked()
    switch.click()
    expect(switch).to_be_checked()

    page.get_by_role("button", name="Run now").click()
    expect(page.locator(".runs li")).to_have_count(1, timeout=SOON)
    expect(page.get_by_role("row", name=re.compile("Sales by zone.*Done"))).to_be_visible(timeout=SOON)
    bad += look_well(page, "history")
    page.locator(".runs a").click()
    expect(page.get_by_role("region", name="Result")).to_contain_text("North", timeout=SOON)
    page.go_back()

    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Name", exact=True).fill("Zones at six")
    page.get_by_label("At", exact=True).fill("18:00")
    expect(drawer(page).get_by_text("Daily, 18:00")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("Zones at six.*Daily, 18:00"))).to_be_visible(timeout=SOON)

    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No tasks yet")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="History of Zones at six")).to_be_visible(timeout=SOON)
    expect(page.locator(".runs li")).to_have_count(1, timeout=SOON)
    assert bad == []


def test_a_run_that_came_late_is_said_after_the_restart_until_it_is_put_away(
    page: Page, tasked: Tasked
) -> None:
    task = tasked.create()
    page.goto("about:blank")
    tasked.end()
    tasked.clock.off(timedelta(hours=3))
    tasked.start()
    tasked.over(task)
    open_tasks(page, tasked)
    notice = page.locator(".late")
    expect(notice).to_contain_text("This PC was off at", timeout=SOON)
    expect(notice).to_contain_text("Sales by zone ran at")
    expect(page.get_by_role("row", name=re.compile("Sales by zone.*Ran late"))).to_be_visible()
    bad = look_well(page, "late")
    page.get_by_role("button", name="Put this away").click()
    expect(notice).to_have_count(0)
    page.reload()
    expect(page.get_by_role("link", name="Sales by zone")).to_be_visible(timeout=SOON)
    expect(notice).to_have_count(0)
    page.goto(f"{page.url.partition('#')[0]}#/settings/notifications")
    expect(page.get_by_role("switch", name="Tell me when a task has run")).to_be_checked(timeout=SOON)
    bad += look_well(page, "notifications", page.get_by_role("button", name="Show one"))
    assert bad == []


def test_a_result_is_scheduled_and_a_folder_granted_on_the_way(
    page: Page, tasked: Tasked, tmp_path: Path
) -> None:
    (tmp_path / "Reports").mkdir()
    open_window(page, tasked)
    ask(page, ASK)
    page.get_by_role("region", name="Result").get_by_role("button", name="Schedule").click()
    expect(page.get_by_label("Question", exact=True)).to_have_value(ASK)
    page.get_by_label("Name", exact=True).fill("Zones in Excel")
    page.get_by_label("Save as").select_option("xlsx")
    expect(drawer(page).get_by_text("No folder is granted for saving yet.")).to_be_visible()
    bad = look_well(page, "folder")
    drawer(page).get_by_role("link", name="Grant a folder").click()
    page.get_by_role("button", name="Grant a folder").first.click()
    page.locator("#grant-path").fill(str(tmp_path / "Reports"))
    page.locator("#grant-path").press("Enter")
    page.get_by_role("button", name="Back to the task").click(timeout=SOON)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Zones in Excel")
    expect(page.get_by_label("In the folder")).to_contain_text("Reports", timeout=SOON)
    create(page)
    page.get_by_role("link", name="Zones in Excel").click()
    page.get_by_role("button", name="Run now").click()
    expect(page.locator(".runs li")).to_contain_text("saved as Zones in Excel", timeout=SOON)
    assert [path.suffix for path in (tmp_path / "Reports").iterdir()] == [".xlsx"]

    [granted] = tasked.agent.json("GET", "/api/grants")["grants"]
    tasked.agent.json("DELETE", f"/api/grants/{granted['id']}")
    page.reload()
    page.get_by_role("link", name="Edit").click(timeout=SOON)
    expect(drawer(page).get_by_text("Its folder is not granted any more.")).to_be_visible(timeout=SOON)
    expect(drawer(page).get_by_role("link", name="Grant a folder")).to_be_visible()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    assert bad == []


def test_words_in_the_chat_make_a_task_after_a_yes_and_none_after_a_no(
    page: Page, tasked: Tasked, tmp_path: Path
) -> None:
    grant(tasked, tmp_path / "Reports")
    open_window(page, tasked)
    for answer, count in (("No", 0), ("Yes, schedule it", 1)):
        ask(page, SENTENCE, wait=False)
        card = page.get_by_role("group", name=re.compile("Waits for your yes")).last
        expect(card).to_contain_text("Weekdays, 09:00", timeout=SOON)
        card.get_by_role("button", name=answer, exact=True).click()
        expect(page.locator(".turn").last).not_to_have_attribute("aria-busy", "true", timeout=SOON)
        assert len(tasked.agent.json("GET", "/api/tasks")["tasks"]) == count
    expect(page.locator("#rail-tasks-count")).to_have_text("1")


def test_the_tool_of_a_model_makes_a_task_after_a_yes_and_none_after_a_no(page: Page, tmp_path: Path) -> None:
    script: list[Turn] = [
        Calls([("schedule", SCHEDULE)]), text("Then not."),
        Calls([("schedule", SCHEDULE)]), text("It is scheduled."),
    ]  # fmt: skip
    with (
        GeminiPeer(script) as model,
        Tasked(tmp_path / "home", MovedClock(NINE), gemini_url=model.url) as tasked,
    ):
        open_window(page, tasked)
        for answer, says, count in (("No", "Then not.", 0), ("Yes, schedule it", "It is scheduled.", 1)):
            ask(page, "Zones every day at nine, please", wait=False)
            card = page.get_by_role("group", name=re.compile("Waits for your yes")).last
            expect(card).to_contain_text("Daily, 09:00", timeout=SOON)
            card.get_by_role("button", name=answer, exact=True).click()
            expect(page.get_by_text(says, exact=True)).to_be_visible(timeout=SOON)
            assert len(tasked.agent.json("GET", "/api/tasks")["tasks"]) == count
        page.goto("about:blank")


def test_a_task_is_made_and_paused_by_the_keyboard_in_a_narrow_window(page: Page, tasked: Tasked) -> None:
    page.set_viewport_size({"width": 380, "height": 800})
    open_window(page, tasked)
    page.keyboard.press("Control+k")
    page.keyboard.type("Tasks")
    page.keyboard.press("Enter")  # before the list has answered
    new = page.get_by_role("link", name="New task")
    expect(new).to_be_visible(timeout=SOON)
    new.press("Enter")
    expect(page.get_by_label("Question", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(drawer(page)).to_be_hidden()
    new.press("Enter")
    expect(page.get_by_label("Question", exact=True)).to_be_focused()
    page.keyboard.type(ASK)
    page.keyboard.press("Tab")
    page.keyboard.type("By keyboard")
    expect(drawer(page).get_by_text("Next three")).to_be_visible(timeout=SOON)
    page.keyboard.press("Enter")
    switch = page.get_by_role("switch", name="By keyboard is on")
    expect(switch).to_be_checked(timeout=SOON)
    switch.press("Space")
    expect(switch).not_to_be_checked()
    expect(switch).to_be_focused()
    assert look_well(page, "list") == []

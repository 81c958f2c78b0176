"""The screens of tasks, for test_screens: empty, full, one task's history, its form."""

import re

from playwright.sync_api import Page, expect

from tests.browser import story_tasks
from tests.browser.peer import Peer


def tasks_empty(page: Page, peer: Peer) -> None:
    page.goto(f"{peer.url}#/tasks")
    expect(page.get_by_text("No tasks yet")).to_be_visible()


def tasks(page: Page, peer: Peer) -> None:
    peer.tasks = story_tasks.tasks()
    page.goto(f"{peer.url}#/tasks/t1")
    expect(page.get_by_role("heading", name="History of Like-for-like")).to_be_visible()
    expect(page.locator(".runs li").first).to_be_visible()
    says = re.compile("What came out, 10 runs: ₹28.41 crore last; lowest ₹24.40 crore.*highest ₹66.92 crore")
    expect(page.get_by_role("img", name=says)).to_be_visible()
    page.get_by_text("As a table").click()
    expect(page.get_by_role("region", name="As a table").get_by_role("row")).to_have_count(11)


def task_form(page: Page, peer: Peer) -> None:
    peer.tasks = story_tasks.tasks()
    page.goto(f"{peer.url}#/tasks/t1/edit")
    expect(page.get_by_label("Question")).to_have_value(
        "Last week's like-for-like sales by zone in crore, against the same week last year"
    )
    expect(page.get_by_text("Mon 30 Nov 2026, 08:00")).to_be_visible()


def task_new(page: Page, peer: Peer) -> None:
    page.goto(f"{peer.url}#/tasks/new")
    page.get_by_label("Every").select_option("weekly")
    page.get_by_label("Save as").select_option("xlsx")
    expect(page.get_by_text("No folder is granted for saving yet.")).to_be_visible()


TASK_SCREENS = [tasks_empty, tasks, task_form, task_new]

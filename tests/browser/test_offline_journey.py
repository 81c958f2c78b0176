"""A bad day for the line: a real backend is killed, the program is killed, and both come back."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.agent import SOON, drafted, kept
from tests.browser.test_screens import PICTURES
from tests.journeys.processes import Running
from tests.peers.listening import free_port
from tests.server.processes import BackendProcess

pytestmark = pytest.mark.browser

BEFORE = "sale_id,zone,net_amount\n1,North,1200.50\n2,North,300\n3,South,70\n4,West,45.25\n"
AFTER = "sale_id,zone,net_amount\n1,North,1200.50\n2,North,900\n3,East,88\n4,West,45.25\n"


class Company:
    """A backend with one small table, which can be killed and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        self.write(BEFORE)
        self.port = free_port()
        self.backend = self._start()
        made = {"name": "shops", "type": "filesystem", "params": {"root": str(self.data)}}
        self.backend.ask("POST", "/api/connections", made)

    def write(self, sales: str) -> None:
        (self.data / "sales.csv").write_text(sales, encoding="utf-8")

    def kill(self) -> None:
        self.backend.process.kill()
        self.backend.process.wait(30)

    def start(self) -> None:
        self.backend = self._start()

    def _start(self) -> BackendProcess:
        return BackendProcess(self.folder / "backend", f"{{port: {self.port}}}")


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    company = Company(tmp_path / "company")
    yield company
    if company.backend.process.poll() is None:
        company.backend.stop()


@contextmanager
def running(home: Path, company: Company) -> Iterator[Running]:
    """The program as a process of its own."""
    home.mkdir(exist_ok=True)
    config = home / "chatbot_config.yaml"
    url, key = f"http://127.0.0.1:{company.port}", company.backend.key
    config.write_text(f"backend: {{url: '{url}', api_key: '{key}', timeout: 10}}\n")
    config.chmod(0o600)
    with Running(home, "--config", str(config), demo=False) as program:
        yield program


def visit(page: Page, program: Running, place: str = "") -> None:
    page.goto(f"http://127.0.0.1:{program.port}/?token={program.token}{place}")


def ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")


def rename(page: Page, old: str, new: str) -> None:
    page.get_by_role("button", name=f"More for {old}").focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_label("Name of the conversation").fill(new)
    with kept(page, "/api/conversations/", "PATCH"):
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(new)


def picture(page: Page, name: str) -> None:
    """In both themes, wide and narrow."""
    PICTURES.mkdir(exist_ok=True)
    for theme, width in (("light", 1280), ("dark", 1280), ("light", 380)):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 800})
        page.screenshot(path=PICTURES / f"journey-{name}-{width}-{theme}.png", animations="disabled")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.slow
def test_questions_wait_through_two_kills_and_say_what_changed(
    tmp_path: Path, company: Company, page: Page
) -> None:
    home = tmp_path / "home"
    with ExitStack() as stack:
        program = stack.enter_context(running(home, company))
        visit(page, program)
        expect(page.get_by_text("Backend online")).to_be_visible(timeout=SOON)
        ask(page, "Total net amount by zone")
        first = page.get_by_role("region", name="Result: Net amount by zone")
        expect(first).to_be_visible(timeout=SOON)

        company.kill()
        expect(page.get_by_text("The backend has been away since")).to_be_visible(timeout=SOON)
        ask(page, "Total net amount by zone")
        kept = page.locator(".turn").nth(1)
        expect(kept.locator(".age-line")).to_contain_text("As of", timeout=SOON)
        expect(kept.get_by_text("It is asked again when the backend is back")).to_be_visible()
        ask(page, "Average net amount by zone")
        waits = page.locator(".turn").nth(2)
        expect(waits.get_by_text("This question waits for the backend")).to_be_visible(timeout=SOON)
        expect(page.get_by_text("2 questions waiting")).to_be_visible()
        picture(page, "waiting")
        ask(page, "Number of sales by zone")
        called_off = page.locator(".turn").nth(3)
        called_off.get_by_role("button", name="Do not ask it").click(timeout=SOON)
        expect(called_off.get_by_text("Stopped. Nothing was left running.")).to_be_visible()
        rename(page, "Total net amount by zone", "A bad day")
        with drafted(page, "and this is not asked yet"):
            page.get_by_label("Your question").fill("and this is not asked yet")
        conversation = page.evaluate("location.hash")
        assert program.end(signal.SIGKILL) != 0

    company.write(AFTER)
    with running(home, company) as program:
        visit(page, program, conversation)
        expect(page.get_by_text("This question waits for the backend")).to_be_visible(timeout=SOON)
        expect(page.locator(".turn").nth(1).locator(".age-line")).to_contain_text("As of")
        expect(page.get_by_role("heading", level=1)).to_have_text("A bad day")
        expect(page.get_by_label("Your question")).to_have_value("and this is not asked yet")
        company.start()
        changed = page.locator(".turn").nth(1)
        expect(changed.locator(".changes")).to_contain_text("1 figure, 1 row new, 1 row gone", timeout=SOON)
        expect(changed.locator("td.changed del")).to_have_text("₹1,500.50")
        expect(changed.locator("td.changed ins")).to_have_text("₹2,100.50")
        expect(changed.locator("tr.added")).to_contain_text("East")
        expect(changed.locator(".gone")).to_contain_text("South")
        expect(page.locator(".turn").nth(2).get_by_role("region", name="Result:")).to_be_visible(timeout=SOON)
        expect(page.get_by_text("questions waiting")).to_be_hidden()
        expect(page.locator(".toast").last).to_contain_text("has its answer now")
        page.locator(".turn").nth(1).scroll_into_view_if_needed()
        picture(page, "changed")
        stopped = page.locator(".turn").nth(3).get_by_text("Stopped. Nothing was left running.")
        expect(stopped).to_be_visible()

"""The first start of an installed program, against the real demo and a real backend over TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page, Request, expect

from desktop import settings_file
from desktop.instance import Place, hand_over
from desktop.serving import Serving, take_port
from shared.settings import AgentSettings
from tests.browser.agent import SOON, running_agent
from tests.peers import library
from tests.peers.backend import BackendPeer, Reply
from tests.peers.certificate import company_certificate
from tests.server.processes import BackendProcess, run

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path) -> Iterator[BackendProcess]:
    """A backend of a company, whose certificate this computer does not trust yet."""
    folder = tmp_path_factory.mktemp("company")
    key, certificate = company_certificate()
    (folder / "key.pem").write_bytes(key)
    (folder / "cert.pem").write_bytes(certificate)
    backend = BackendProcess(
        folder, f"{{port: 0, ssl_cert: {folder / 'cert.pem'}, ssl_key: {folder / 'key.pem'}}}"
    )
    with pytest.MonkeyPatch.context() as trusted:
        trusted.setenv("SSL_CERT_FILE", str(folder / "cert.pem"))
        made = {"name": "shops", "type": "filesystem", "params": {"root": str(demo_folder)}}
        backend.ask("POST", "/api/connections", made)
    yield backend
    backend.stop()


@pytest.fixture
def sent(page: Page) -> list[Request]:
    """Every request of the page."""
    requests: list[Request] = []

    def note(request: Request) -> None:
        requests.append(request)

    page.on("request", note)
    return requests


def key_for(company: BackendProcess, permissions: str) -> str:
    config = str(company.home / "backend_config.yaml")
    words = ("generate-key", "--name", "anita", "--permissions", permissions, "--config", config)
    code, out, err = run(company.home, *words)
    assert code == 0, err
    return out.strip()


def connect(page: Page, address: str, key: str) -> None:
    page.get_by_label("Address").fill(address, timeout=SOON)
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Test and connect").click()


def refused(page: Page, sentence: str) -> None:
    """The step that failed says so, and the page is ready for another try."""
    failed = page.locator(".test li[data-state=failed]")
    expect(failed).to_have_count(1, timeout=SOON)
    expect(failed).to_contain_text(sentence)
    expect(page.get_by_text("Not connected; nothing has changed")).to_be_visible()
    expect(page.get_by_role("button", name="Test and connect")).to_be_enabled()


def ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")


def test_the_demo_is_one_click_and_no_question_at_the_next_start(page: Page, home: Path) -> None:
    with running_agent(home, AgentSettings(), ask=True) as link:
        page.goto(link)
        expect(page.get_by_role("heading", name="Where is your data?")).to_be_visible(timeout=SOON)
        expect(page.get_by_label("Your question")).to_have_count(0)
        page.get_by_role("button", name="Try it with demo data").click()
        expect(page.get_by_text("Demo data on this PC")).to_be_visible(timeout=SOON)
        ask(page, "net sales by zone last financial year")
        expect(page.get_by_role("region", name="Result").first).to_be_visible(timeout=SOON)
    page.goto("about:blank")
    with running_agent(home, AgentSettings(), ask=True) as link:
        page.goto(link)
        expect(page.get_by_text("Demo data on this PC")).to_be_visible(timeout=SOON)
        expect(page.get_by_label("Your question")).to_be_visible()
        expect(page.get_by_role("link", name="net sales by zone last financial year")).to_be_visible()


def test_each_mistake_has_its_sentence_until_the_backend_is_connected(
    page: Page, tmp_path: Path, company: BackendProcess, sent: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = key_for(company, "connections_read,schema_read,db_read")
    poor = key_for(company, "connections_read")
    with running_agent(tmp_path, AgentSettings(), ask=True) as link:
        page.goto(link)
        page.get_by_role("button", name="Connect to your company’s backend").click(timeout=SOON)
        connect(page, "nowhere.invalid", good)
        refused(page, "no computer called nowhere.invalid")
        connect(page, "127.0.0.1:1", good)
        refused(page, "Nothing listens at 127.0.0.1:1")
        connect(page, company.url, good)
        refused(page, "not trusted by this computer")
        connect(page, company.url.replace("https:", "http:"), good)
        refused(page, "begin the address with https://")
        with BackendPeer(lambda _: Reply(body=b"<html>", headers={"Content-Type": "text/html"})) as stranger:
            connect(page, stranger.url, good)
            refused(page, "not a V-Mart backend")
            assert good not in str(stranger.asked)

        monkeypatch.setenv("SSL_CERT_FILE", str(company.home / "cert.pem"))  # the root has been installed
        connect(page, company.url, "vmart_no-such-key-0123456789012345678901234567")
        refused(page, "does not know this key")
        expect(page.get_by_label("API key")).to_be_focused()
        connect(page, company.url, poor)
        refused(page, "schema_read and db_read")
        assert not (tmp_path / "chatbot_config.yaml").exists()

        connect(page, company.url, good)
        expect(page.locator(".test .head .ok")).to_have_text("Connected", timeout=SOON)
        expect(page.get_by_label("API key")).to_have_value("")
        page.get_by_role("button", name="Start asking").click()
        expect(page.get_by_text("Backend online")).to_be_visible(timeout=SOON)
        ask(page, "net sales by zone last financial year")
        expect(page.get_by_role("region", name="Result").first).to_be_visible(timeout=SOON)

        file = tmp_path / "chatbot_config.yaml"
        assert file.stat().st_mode & 0o777 == 0o600
        assert yaml.safe_load(file.read_text())["backend"] == {"url": company.url, "api_key": good}
        assert good not in page.content()
    assert not [request.url for request in sent if good in request.url or poor in request.url]
    for path in (tmp_path / "agent").rglob("*"):
        assert not path.is_file() or good.encode() not in path.read_bytes(), path

    page.goto("about:blank")
    with running_agent(tmp_path, settings_file.load(None, tmp_path), ask=True) as link:
        page.goto(link)
        expect(page.get_by_text("Backend online")).to_be_visible(timeout=SOON)
        expect(page.get_by_role("link", name="shops")).to_be_visible(timeout=SOON)


def test_settings_go_to_the_demo_and_back_without_the_key_being_typed_again(
    page: Page, home: Path, company: BackendProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(company.home / "cert.pem"))
    file = home / "chatbot_config.yaml"
    key = key_for(company, "connections_read,schema_read,db_read")
    file.write_text(f"# ours\nbackend:\n  url: {company.url}  # the company's\n  api_key: {key}\n")
    with running_agent(home, settings_file.load(None, home), ask=True) as link:
        page.goto(f"{link}#/settings")
        page.get_by_role("button", name="Use demo data").click(timeout=SOON)
        expect(page.get_by_role("contentinfo").get_by_text("Demo data on this PC")).to_be_visible(
            timeout=SOON
        )
        expect(page.get_by_text("whose settings are kept")).to_be_visible()
        page.get_by_role("link", name="again").click()
        expect(page.get_by_label("Address", exact=True)).to_have_value(company.url)
        page.get_by_role("button", name="Test and connect").click()
        page.get_by_role("button", name="Start asking").click(timeout=SOON)
        expect(page.get_by_role("contentinfo").get_by_text("Backend online")).to_be_visible(timeout=SOON)
        expect(page.get_by_role("link", name="shops")).to_be_visible(timeout=SOON)
    assert "# the company's" in file.read_text()
    file.unlink()


def test_a_running_test_can_be_called_off(page: Page, tmp_path: Path) -> None:
    with (
        running_agent(tmp_path, AgentSettings(), ask=True) as link,
        BackendPeer(lambda _: Reply(pause_seconds=8)) as slow,
    ):
        page.goto(f"{link}#/connect")
        connect(page, slow.url, "vmart_0123456789")
        page.get_by_role("button", name="Cancel").click(timeout=SOON)
        expect(page.get_by_role("button", name="Test and connect")).to_be_visible()
        expect(page.locator(".test")).to_be_hidden()


def test_a_connect_link_is_shown_asked_about_and_connects_once(
    page: Page, tmp_path: Path, company: BackendProcess, monkeypatch: pytest.MonkeyPatch, sent: list[Request]
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(company.home / "cert.pem"))
    permissions = ["connections_read", "schema_read", "db_read"]
    wanted = {"name": "anita", "permissions": permissions, "url": company.url}
    made = company.ask("POST", "/api/connect-codes", wanted)
    library.lay_into(tmp_path)
    listening, _ = take_port(0)
    monkeypatch.setenv("VMART_HOME", str(tmp_path))
    with Serving(AgentSettings(), tmp_path, listening, ask=True) as serving:
        page.goto(serving.door.link)
        expect(page.get_by_role("heading", name="Where is your data?")).to_be_visible(timeout=SOON)
        hand_over(Place(1, serving.door.link, serving.door.token), made["link"])
        expect(page.locator(".offer .url")).to_have_text(company.url, timeout=SOON)
        expect(page.get_by_label("Address")).to_have_value(company.url)
        expect(page.get_by_label("connect code")).to_have_value(made["code"])
        assert not (tmp_path / "chatbot_config.yaml").exists()
        expect(page.locator(".test")).to_be_hidden()
        page.get_by_role("button", name="Test and connect").click()
        expect(page.locator(".test li", has_text="connect code was good")).to_be_visible(timeout=SOON)
        expect(page.locator(".test .head .ok")).to_have_text("Connected", timeout=SOON)

        connect(page, company.url, made["code"].lower())
        refused(page, "does not take this connect code")
        page.evaluate(
            """(text) => {
              const data = new DataTransfer();
              data.setData("text/plain", text);
              const how = { clipboardData: data, bubbles: true, cancelable: true };
              const paste = new ClipboardEvent("paste", how);
              document.querySelector("#connect-key").dispatchEvent(paste);
            }""",
            made["link"].replace("127.0.0.1", "localhost"),
        )
        expect(page.get_by_label("Address")).to_have_value(company.url.replace("127.0.0.1", "localhost"))
    assert not [request.url for request in sent if made["code"] in request.url]

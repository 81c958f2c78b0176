"""Keys of the settings file changed in the window of the real agent."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from desktop import settings_file
from tests.browser.agent import SOON, running_agent

pytestmark = pytest.mark.browser

SECRET = "AIzaSy-not-a-real-key-0123456789"


def test_a_value_a_secret_and_a_variable_are_changed_and_survive_a_restart(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_MODEL", "model-of-the-lan")
    file = tmp_path / "chatbot_config.yaml"
    file.write_text(
        "# ours\nbackend: {url: 'http://127.0.0.1:9'}\nopenai: {model: '${LOCAL_MODEL}'}  # theirs\n"
    )
    with running_agent(tmp_path, settings_file.load(None, tmp_path), ask=True) as link:
        page.goto(f"{link}#/settings/program")
        page.get_by_role("button", name="Change Port").click(timeout=SOON)
        field = page.get_by_label("Port", exact=True)
        field.fill("seventy")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").get_by_text("chatbot.port")).to_be_visible(timeout=SOON)
        field.fill("8123")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Holds from the next start.", exact=True)).to_be_visible(timeout=SOON)
        expect(page.get_by_role("button", name="Change Port")).to_be_focused()

        page.get_by_role("button", name="Replace Gemini: API key").click()
        page.get_by_label("Gemini: API key").fill(SECRET)
        page.get_by_role("button", name="Save").click()
        expect(
            page.locator(".form-row", has_text="Gemini: API key").get_by_text("Set", exact=True)
        ).to_be_visible(timeout=SOON)
        assert SECRET not in page.content()

        row = page.locator(".form-row", has_text="Model on your network: name")
        expect(row.get_by_text("Taken from the environment variable LOCAL_MODEL.")).to_be_visible()
        page.get_by_role("button", name="Change Model on your network: name").click()
        expect(page.get_by_text("what you save takes its place")).to_be_visible()
        page.keyboard.press("Escape")
        assert "${LOCAL_MODEL}" in file.read_text()

        page.get_by_role("switch", name="Check certificates").click()
        expect(page.get_by_role("switch", name="Check certificates", checked=False)).to_be_visible(
            timeout=SOON
        )
    kept = settings_file.load(None, tmp_path)
    assert (kept.chatbot.port, kept.gemini.api_key, kept.backend.verify_tls) == (8123, SECRET, False)
    assert file.read_text().startswith("# ours\n")
    assert "# theirs" in file.read_text()

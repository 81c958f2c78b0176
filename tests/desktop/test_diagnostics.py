"""Secrets and what is the person's are planted everywhere, and none of it is in the bundle."""

import base64
import io
import logging
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest

from desktop.cli import main
from desktop.diagnostics import Diagnostics, zipped
from desktop.store.conversations import Conversations
from desktop.store.database import Database
from shared import logs
from tests.peers.backend import BackendPeer, json_reply

PLANTED = {
    "backend key": "vmart_PlantedBackendKey0123456789",
    "gemini key": "PlantedGemini-0123",
    "client secret": "GOCSPX-PlantedClient",
    "openai key": "sk-planted/open+ai=key",
    "password in an address": "Planted:Pass@w0rd",
    "proxy password": "PlantedProxyPass",
    "environment": "PlantedEnvironment77",
    "google key": "AIzaPlanted0123456789012345678901234",
}
PERSONAL = [
    "Payroll of the family",
    "salary-2026",
    "who earns more than me",
    "Anita Verma",
    "/home/anita/Private",
]


def everything_in(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "\n".join(f"{name}\n{archive.read(name).decode()}" for name in archive.namelist())


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_and_nothing_of_the_person_is_in_it(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = json_reply({"error": f"Refused {PLANTED['backend key']}.", "code": "not_found"}, status=404)
    with BackendPeer(lambda _: reply) as backend:
        address = PLANTED["password in an address"]
        file = tmp_path / "chatbot_config.yaml"
        file.write_text(
            f"backend: {{url: '{backend.url}', api_key: '{PLANTED['backend key']}'}}\n"
            f"gemini: {{api_key: '{PLANTED['gemini key']}', "
            f"base_url: 'https://asha:{quote(address, safe='')}@proxy.example/v1?key=x'}}\n"
            f"google_oauth: {{client_id: c, client_secret: '{PLANTED['client secret']}'}}\n"
            f"openai: {{api_key: '{PLANTED['openai key']}'}}\n"
            f"logging: {{format: {form}}}\n"
        )
        monkeypatch.setenv("HTTPS_PROXY", f"http://asha:{PLANTED['proxy password']}@proxy.example:8080")
        monkeypatch.setenv("SOME_API_TOKEN", PLANTED["environment"])
        log_everything(tmp_path, form)
        folder = tmp_path / "agent" / "person"
        conversations = Conversations(Database(folder / "agent.db"))
        made = conversations.create()
        conversations.rename(made.id, PERSONAL[0])
        (folder / "results").mkdir()
        (folder / "results" / f"{PERSONAL[1]}.csv").write_text("x" * 1000)
        diagnostics = Diagnostics("1.2.3", tmp_path, folder, file)
        shown = diagnostics.make()
        text = everything_in(diagnostics.bundle())
    assert text == everything_in(zipped(shown))
    for what, secret in PLANTED.items():
        encoded = base64.b64encode(secret.encode()).decode()
        for form_ in (secret, quote(secret, safe=""), encoded):
            assert form_ not in text, what
    for planted in PERSONAL:
        assert planted not in text, planted
    assert "PlantedClient" not in text
    assert "Planted" not in text

    assert "V-Mart AI Agent 1.2.3" in text
    assert "gemini.base_url: https://proxy.example" in text
    assert "backend.api_key is set" in text
    assert "conversations: 1" in text
    assert "results: 1 files, 1,000 bytes" in text
    assert "A plain line about nothing" in text
    assert "not a V-Mart backend" in text


def log_everything(home: Path, form: str) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logs.set_up(file=home / "agent" / "agent.log", to_terminal=False, format=form)
    try:
        for secret in PLANTED.values():
            logging.getLogger("desktop.backend").warning("It said %s and left.", secret)
            logging.getLogger("urllib3").warning("Bearer %s, %s", secret, quote(secret, safe=""))
        for words in PERSONAL:
            logging.getLogger("desktop.agent.loop").warning("A turn failed: %s", words)
            logging.getLogger("desktop.files.reading").warning("Not read: %s.xlsx", words)
        logging.getLogger("desktop.run").warning("Cannot write '/home/anita/Private/salary-2026.xlsx'")
        logging.getLogger("desktop.run").warning("Cannot write /home/anita/Private/salary-2026.xlsx: no room")
        logging.getLogger("desktop.run").info("A plain line about nothing")
        try:
            raise ValueError("who earns more than me")
        except ValueError:
            logging.getLogger("desktop.run").exception("It failed.")
    finally:
        for handler in list(root.handlers):
            root.removeHandler(handler)
            handler.close()
        root.setLevel(level)
        for handler in before:
            root.addHandler(handler)


def test_without_a_file_a_log_or_a_state_there_is_a_bundle_all_the_same(tmp_path: Path) -> None:
    shown = Diagnostics("1", tmp_path, tmp_path / "nobody", tmp_path / "none.yaml").make()
    assert [part.name for part in shown] == [
        "about.txt",
        "settings.txt",
        "backend.txt",
        "kept.txt",
        "log.txt",
    ]
    (tmp_path / "none.yaml").write_text("backend: [\n")
    again = Diagnostics("1", tmp_path, tmp_path / "nobody", tmp_path / "none.yaml").make()
    assert "cannot be used" in next(part.text for part in again if part.name == "settings.txt")


def test_the_command_shows_it_and_saves_it_when_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VMART_HOME", str(tmp_path / "home"))
    to = tmp_path / "it.zip"
    assert main(["diagnostics", "--to", str(to), "--yes"]) == 0
    said = capsys.readouterr().out
    assert "--- settings.txt" in said
    assert "chatbot.port: 8000" in everything_in(to.read_bytes())
    assert main(["diagnostics", "--to", str(to), "--yes"]) == 1
    assert "there already" in capsys.readouterr().err

"""Every key of the settings file is shown and can be changed; secrets go in and never come out."""

import json
import re
from pathlib import Path

import msgspec
import pytest
import yaml

from desktop.configuration import SECRETS, Configuration, every_key, value_of
from desktop.settings_edit import Value
from desktop.settings_file import load
from shared.errors import AppError, Conflict, InvalidRequest, SettingsInvalid
from shared.settings import AgentSettings, BackendSection

UI = Path(__file__).parents[2] / "desktop" / "ui" / "js"
KEYS = [name for name, _ in every_key()]
SAMPLES: dict[str, Value] = {
    "whole": 7, "number": 7.5, "text": "x ${y}", "secret": "s ${z", "gemini.sdk": "google-generativeai",
    "logging.level": "DEBUG", "logging.format": "json",
}  # fmt: skip
FILE = """# ours
backend: {url: "https://b.example:5000", api_key: "vmart_kept-0123456789", timeout: 30}  # the company's
gemini:
  api_key: "${MODEL_KEY:inner-secret}"
  model: ${MODEL}   # chosen outside
  base_url: "https://asha:hidden@proxy.example/v1"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODEL", "gemini-x")
    written = tmp_path / "chatbot_config.yaml"
    written.write_text(FILE)
    return written


def configuration(file: Path, taken: list[BackendSection] | None = None) -> Configuration:
    running = load(file if file.exists() else None, file.parent)
    return Configuration(file, running, (taken if taken is not None else []).append)


def test_every_key_of_the_structs_has_its_place_name_and_hint_on_the_page() -> None:
    shown = re.search(
        r"export const SHOWN = \{(.*?)\n\};", (UI / "settings_config.js").read_text(), re.DOTALL
    )
    assert shown
    placed = re.findall(r'"([a-z_]+\.[a-z_]+)"', shown[1])
    assert sorted(placed) == sorted(KEYS)
    catalogue = (UI / "messages_config.js").read_text()
    for name in KEYS:
        assert f'"cfg.{name}":' in catalogue
        assert f'"cfgHint.{name}":' in catalogue
    sections = set(re.findall(r"^  (\w+): \[", shown[1], re.MULTILINE))
    drawn = {
        found
        for path in UI.glob("settings_*.js")
        for found in re.findall(r'ConfigRows\("(\w+)"\)', path.read_text())
    }
    assert sections == drawn


def test_whatever_sounds_like_a_secret_is_one() -> None:
    found = {name for name in KEYS if re.search("key|secret|password|token", name)}
    assert found - {"google_oauth.token_uri"} == SECRETS  # an address


def test_no_secret_is_in_what_is_shown(file: Path) -> None:
    told = msgspec.json.encode(configuration(file).settings()).decode()
    for secret in ("vmart_kept", "inner-secret", "hidden"):
        assert secret not in told
    found = {each["name"]: each for each in json.loads(told)}
    assert (found["backend.api_key"]["is_set"], found["openai.api_key"]["is_set"]) == (True, False)
    assert found["gemini.model"]["value"] == "gemini-x"
    assert found["gemini.model"]["variable"] == "${MODEL}"
    assert found["gemini.api_key"]["variable"] == "${MODEL_KEY}"


def test_a_value_is_kept_with_the_comments_and_says_what_needs_a_restart(file: Path) -> None:
    taken: list[BackendSection] = []
    page = configuration(file, taken)
    assert page.change("chatbot.port", 9000).restart is True
    changed = page.change("backend.timeout", 12.5)
    assert (changed.restart, changed.value) == (False, 12.5)
    assert [section.timeout for section in taken] == [12.5]
    text = file.read_text()
    assert "# ours" in text
    assert "# the company's" in text
    assert page.change("chatbot.port", None).value == 8000
    assert file.stat().st_mode & 0o777 == 0o600
    assert load(file, file.parent).backend.api_key == "vmart_kept-0123456789"


def test_a_variable_is_replaced_only_when_that_is_said(file: Path) -> None:
    page = configuration(file)
    for value in ("other", None):
        with pytest.raises(Conflict, match=r"\$\{MODEL\}"):
            page.change("gemini.model", value)
    assert file.read_text() == FILE
    assert page.change("gemini.model", "other", replace_variable=True).variable == ""
    assert page.change("gemini.model", "${MODEL:x}").variable == "${MODEL:x}"
    with pytest.raises(SettingsInvalid, match="NOT_SET_ANYWHERE"):
        page.change("openai.model", "${NOT_SET_ANYWHERE}")


@pytest.mark.parametrize("name", ["gemini.model", "gemini.api_key", "logging.level", "chatbot.port"])
def test_a_value_typed_here_takes_nothing_out_of_a_file(name: str, file: Path, tmp_path: Path) -> None:
    private = tmp_path / "private.txt"
    private.write_text("4321")
    page = configuration(file)
    for typed in (f"${{file:{private}}}", f" ${{file:{private}}} ", f"1${{file:{private}}}"):
        try:
            answer = str(page.change(name, typed, replace_variable=True))
        except (InvalidRequest, SettingsInvalid) as error:
            answer = str(error)
        assert "4321" not in answer
    assert "4321" not in msgspec.json.encode(page.settings()).decode()


def test_a_secret_of_the_environment_is_not_shown_by_naming_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKEND_API_KEY", "outer-secret-77")
    page = configuration(file)
    for typed in ("${BACKEND_API_KEY}", "${BACKEND_API_KEY:x}"):
        with pytest.raises(InvalidRequest, match="BACKEND_API_KEY"):
            page.change("openai.model", typed)
    assert "outer-secret-77" not in msgspec.json.encode(page.settings()).decode()
    assert page.change("openai.api_key", "${BACKEND_API_KEY}").value is None


@pytest.mark.parametrize("name", KEYS)
def test_every_key_can_be_set_and_taken_back_or_says_where_that_is_done(name: str, tmp_path: Path) -> None:
    file = tmp_path / "chatbot_config.yaml"
    page = configuration(file)
    before = value_of(AgentSettings(), name)
    kind = dict(every_key())[name]
    value = SAMPLES.get(name) or SAMPLES[kind] if kind != "switch" else False
    if name in ("backend.url", "backend.api_key"):
        with pytest.raises(InvalidRequest, match="Connection"):
            page.change(name, value)
        return
    page.change(name, value, replace_variable=True)
    assert value_of(load(file, tmp_path), name) == value
    page.change(name, None, replace_variable=True)
    assert value_of(load(file, tmp_path), name) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("chatbot.port", 70_000), ("chatbot.port", -1), ("chatbot.port", "many"), ("chatbot.port", 1.5),
        ("backend.timeout", 0), ("backend.timeout", float("nan")), ("backend.timeout", float("inf")),
        ("backend.verify_tls", "perhaps"), ("backend.retry_attempts", True), ("gemini.sdk", "other"),
        ("openai.model", 5), ("openai.model", "a\nb"), ("openai.model", "x" * 5000),
        ("logging.level", "LOUD"), ("backend.timeout", "nan"), ("backend.timeout", "-1"),
        ("chatbot.port", "70000"),
        ("nobody.knows", 1), ("backend", 1), ("", 1), ("openai.model", "\ud800"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_one_sentence_and_changes_nothing(
    name: str, value: str | float, file: Path
) -> None:
    with pytest.raises(AppError) as caught:
        configuration(file).change(name, value)
    assert caught.value.message.endswith(".")
    assert isinstance(caught.value, SettingsInvalid | InvalidRequest)
    assert file.read_text() == FILE


def test_a_broken_file_is_told_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "chatbot_config.yaml"
    file.write_text("chatbot: {port: 1}\n")
    page = configuration(file)
    file.write_text("chatbot: [\n")
    with pytest.raises(SettingsInvalid):
        page.settings()
    with pytest.raises(SettingsInvalid):
        page.change("chatbot.port", 5)
    assert file.read_text() == "chatbot: [\n"
    file.unlink()
    page.change("chatbot.port", 5)
    assert yaml.safe_load(file.read_text())["chatbot"] == {"port": 5}

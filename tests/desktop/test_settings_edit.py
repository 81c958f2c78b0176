"""Values are written into a settings file of any form, and nothing else in it changes."""

import os
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.settings_edit import change, keep_backend, with_values
from desktop.settings_file import load
from shared.errors import SettingsInvalid

URL, KEY = "https://backend.vmart.example:5000", "vmart_0123456789"
VALUES = {"url": URL, "api_key": KEY}
NAMED = {f"backend.{name}": value for name, value in VALUES.items()}

FORMS = {
    "empty": "",
    "comment only": "# nothing yet\n",
    "block": "backend:\n  url: http://old:5000  # old\n  api_key: '${BACKEND_API_KEY}'\n  timeout: 5\n",
    "flow": "backend: {url: \"http://old\", timeout: 5}\ngemini: {api_key: ''}\n",
    "flow root": "{gemini: {model: m}}",
    "empty flow root": "{}",
    "null": "backend:\nchatbot: {port: 1}\n",
    "tilde": "backend: ~  # later\n",
    "empty flow": "backend: {}\n",
    "no line end": "chatbot:\n    port: 9000\n    # about sessions\n    session_timeout: 60",
    "other order": "gemini:\n  model: m # a model\n\nbackend:\n  timeout: 3\n\n# the end\n",
    "document marks": "---\nchatbot: {port: 1}\n...\n",
    "document begun": "--- # settings\nbackend: {timeout: 1}\n",
    "indented root": "  chatbot: {port: 1}\n  backend: {timeout: 2}\n",
    "windows lines": "chatbot:\r\n  port: 1\r\nbackend:\r\n  timeout: 2\r\n",
    "empty value": "backend:\n  url:\n  api_key:\n",
    "quoted keys": "\"backend\":\n  'url': old\n",
    "spread flow": "backend: {\n  url: old,\n  timeout: 4\n}\n",
    "words beside": "# über alles – ₹\nlogging: {level: DEBUG}\n",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_two_values_change_and_all_else_stays(text: str) -> None:
    before = yaml.safe_load(text) or {}
    after = with_values(text, NAMED, source="c.yaml")
    assert yaml.safe_load(after) == before | {"backend": {**(before.get("backend") or {}), **VALUES}}
    comments = [line.split("#", 1)[1] for line in text.splitlines() if "#" in line]
    assert all(comment in after for comment in comments)
    assert with_values(after, NAMED, source="c.yaml") == after


@settings(deadline=None, max_examples=50)  # a loaded machine is slow, not wrong
@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_any_key_is_read_again_as_it_was_given(key: str) -> None:
    for text in ("", FORMS["block"], FORMS["flow"]):
        after = with_values(text, {"gemini.api_key": key}, source="c.yaml")
        assert yaml.safe_load(after)["gemini"]["api_key"] == key


@pytest.mark.parametrize(
    "text",
    [
        "- a\n- b\n",
        "backend: 5\n",
        "backend: [1]\n",
        "a: [\n",
        "backend: {}\nbackend: {}\n",
        "x: &a 1\nbackend: *a\n",
    ],
)
def test_a_file_that_is_broken_is_left_alone(text: str, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(SettingsInvalid) as caught:
        keep_backend(file, URL, KEY)
    assert file.read_text() == text
    assert KEY not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_line_ends_and_marks_of_an_editor_stay(ends: str, mark: str, tmp_path: Path) -> None:
    text = mark + FORMS["block"].replace("\n", ends) + f"# ₹{ends}"
    file = tmp_path / "c.yaml"
    file.write_bytes(text.encode())
    keep_backend(file, URL, KEY)
    after = file.read_bytes().decode()
    assert after.startswith(mark + "backend:")
    assert after.endswith(f"# ₹{ends}")
    assert after.count("\r\n") == text.count("\r\n")
    assert load(file, tmp_path).backend.api_key == KEY


def test_a_value_over_several_lines_is_not_guessed_at(tmp_path: Path) -> None:
    text = "backend:\n  api_key: |\n    old\n  url: >-\n    http://old\ngemini: {}\n"
    file = tmp_path / "c.yaml"
    file.write_text(text)
    try:
        keep_backend(file, URL, KEY)
    except SettingsInvalid:
        assert file.read_text() == text
    else:
        assert yaml.safe_load(file.read_text()) == {"backend": VALUES, "gemini": {}}


def test_a_file_that_the_next_start_would_refuse_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("chatbot: {prot: 1}\n")
    with pytest.raises(SettingsInvalid, match="no setting called 'prot'"):
        keep_backend(file, URL, KEY)
    assert file.read_text() == "chatbot: {prot: 1}\n"


def test_without_a_file_what_the_environment_said_goes_on_to_hold(tmp_path: Path) -> None:
    file = tmp_path / "home" / "chatbot_config.yaml"
    section = keep_backend(file, URL, KEY)
    assert (section.url, section.api_key) == (URL, KEY)
    settings = load(None, file.parent, {"GEMINI_API_KEY": "g", "BACKEND_URL": "http://elsewhere"})
    assert (settings.gemini.api_key, settings.backend.url) == ("g", URL)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_only_its_owner_reads_it_also_when_it_was_open_before(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "settings.yaml"
    real.parent.mkdir()
    real.write_text("backend: {timeout: 7}\n")
    real.chmod(0o644)
    link = tmp_path / "chatbot_config.yaml"
    link.symlink_to(real)
    old = os.umask(0)
    try:
        assert keep_backend(link, URL, KEY).timeout == 7
    finally:
        os.umask(old)
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in real.parent.iterdir()] == ["settings.yaml"]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsInvalid, match="cannot be written") as caught:
        keep_backend(tmp_path / "file" / "c.yaml", URL, KEY)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_value_of_any_section_is_set_and_taken_out_again(text: str) -> None:
    before = yaml.safe_load(text) or {}
    values: dict[str, str | int | float | bool] = {
        "logging.level": "DEBUG",
        "gemini.timeout": 2.5,
        "backend.verify_tls": False,
        "chatbot.port": 0,
    }
    after = with_values(text, values, source="c.yaml")
    for name, value in values.items():
        section, key = name.split(".")
        assert yaml.safe_load(after)[section][key] == value
    assert with_values(after, dict.fromkeys(values), source="c.yaml") is not None
    gone = yaml.safe_load(with_values(after, dict.fromkeys(values), source="c.yaml")) or {}
    for section in {*before, "logging", "gemini", "backend", "chatbot"}:
        left = {k: v for k, v in (before.get(section) or {}).items() if f"{section}.{k}" not in values}
        assert (gone.get(section) or {}) == left


def test_a_value_that_does_not_fit_is_refused_in_the_words_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("# ours\nchatbot: {port: 1}\n")
    with pytest.raises(SettingsInvalid, match=r"chatbot\.port"):
        change(file, {"chatbot.port": "many"})
    with pytest.raises(SettingsInvalid, match="no setting called 'prot'"):
        change(file, {"chatbot.prot": 3})
    assert file.read_text() == "# ours\nchatbot: {port: 1}\n"
    assert change(file, {"chatbot.port": None}).chatbot.port == 8000
    assert file.read_text().startswith("# ours\n")


def test_a_variable_in_a_value_is_kept_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_KEY", "from outside")
    file = tmp_path / "c.yaml"
    assert change(file, {"gemini.api_key": "${MODEL_KEY}"}).gemini.api_key == "from outside"
    assert "from outside" not in file.read_text()
    assert keep_backend(file, URL, "${MODEL_KEY}").api_key == "${MODEL_KEY}"

"""Settings: what is read, and the one sentence that every mistake gets."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SettingsInvalid
from shared.settings import AgentSettings, BackendSettings, load, parse

CHATBOT = """
chatbot: {port: 8000, session_timeout: 3600}
backend:
  url: "https://backend.vmart.co.in:5000"
  api_key: "${BACKEND_API_KEY}"
  timeout: 30
  retry_attempts: 3
  cache_ttl: 300
google_oauth: {client_id: "${GOOGLE_ID:}", client_secret: "${GOOGLE_SECRET:none}"}
gemini: {api_key: "${GEMINI_API_KEY:}", model: gemini-3-flash-preview}
"""
BACKEND = """
server: {host: "0.0.0.0", port: 5000, ssl_cert: /etc/cert.pem, ssl_key: /etc/key.pem}
security:
  api_keys_file: "/secure/api_keys.enc"
  rate_limit: "100/hour"
  allowed_ips: ["192.168.1.0/24", "10.0.0.0/8"]
database: {max_connections: 20, connection_timeout: 30, query_timeout: 300}
logging: {level: INFO, file: /var/log/vmart/backend.log, max_size_mb: 100}
"""


def agent(text: str, **environ: str) -> AgentSettings:
    return parse(text, AgentSettings, source="chatbot_config.yaml", environ=environ)


def backend(text: str, **environ: str) -> BackendSettings:
    return parse(text, BackendSettings, source="backend_config.yaml", environ=environ)


def test_the_files_of_the_contract_are_read() -> None:
    settings = agent(CHATBOT, BACKEND_API_KEY="vmart_x")
    assert settings.backend.api_key == "vmart_x"
    assert settings.google_oauth.client_secret == "none"
    assert settings.gemini.api_key == ""
    assert backend(BACKEND).security.allowed_ips == ["192.168.1.0/24", "10.0.0.0/8"]


def test_an_empty_file_means_the_defaults() -> None:
    assert agent("") == AgentSettings()
    assert backend("# nothing yet\n") == BackendSettings()


def test_a_number_may_come_from_a_variable() -> None:
    assert agent("chatbot: {port: '${PORT:8123}'}").chatbot.port == 8123
    assert agent("chatbot: {port: '${PORT:8123}'}", PORT="9000").chatbot.port == 9000


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("vmart_x: ${NOT_ME}\nsecond line\r\n")
    found = agent(f"backend: {{api_key: 'the ${{file:{secret}}}'}}").backend.api_key
    assert found == "the vmart_x: ${NOT_ME}\nsecond line"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "not there"),
        (b"", "empty"),
        (b" \n", "empty"),
        (b"caf\xe9", "not UTF-8"),
        (b"x" * 65_537, "too large"),
    ],
)
def test_a_file_that_gives_no_value_is_told_without_its_text(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    secret = tmp_path / "key"
    if content is not None:
        secret.write_bytes(content)
    with pytest.raises(SettingsInvalid) as told:
        agent(f"backend: {{api_key: '${{file:{secret}}}'}}")
    for part in (says, "chatbot_config.yaml", "backend.api_key", str(secret)):
        assert part in str(told.value)
    assert "xxxx" not in str(told.value)


@pytest.mark.parametrize(("path", "says"), [("key", "whole path"), ("", "whole path"), ("/", "directory")])
def test_what_is_no_file_gives_no_value(path: str, says: str) -> None:
    with pytest.raises(SettingsInvalid, match=says):
        agent(f"backend: {{api_key: '${{file:{path}}}'}}")


def test_two_dollars_are_a_plain_one() -> None:
    assert agent("backend: {api_key: '$${NOT_ONE}'}").backend.api_key == "${NOT_ONE}"


def test_a_variable_can_not_add_settings() -> None:
    evil = 'x"\nchatbot: {port: 1}\n'
    settings = agent('backend: {api_key: "${KEY}"}', KEY=evil)
    assert settings.backend.api_key == evil
    assert settings.chatbot.port == 8000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("backend: {api_key: '${MISSING}'}", ["backend.api_key", "MISSING", "${MISSING:default}"]),
        ("backend: {ur: x}", ["backend", "'ur'", "spelling"]),
        ("bakend: {url: x}", ["top level", "'bakend'"]),
        ("chatbot: {port: many}", ["chatbot.port", "int"]),
        ("chatbot: {port: '${P:many}'}", ["chatbot.port"]),
        ("chatbot: 7", ["chatbot", "object"]),
        ("chatbot:\n", ["chatbot"]),
        ("- a\n- b\n", ["top level"]),
        ("just text", ["top level"]),
        ("chatbot: {port: 8000", ["line"]),
        ("chatbot: {}\nchatbot: {}", ["'chatbot'", "twice", "line 2"]),
        ("chatbot: !!python/object/apply:os.system ['true']", ["python"]),
        ("a: &a [*a]", ["chatbot_config.yaml"]),
        ("\x00", ["chatbot_config.yaml"]),
        ("{[1]: 2}", ["chatbot_config.yaml"]),
        ("1: 2", ["chatbot_config.yaml"]),
        ("chatbot: {port: .nan}", ["chatbot.port"]),
        ("[" * 2000, ["chatbot_config.yaml"]),
        ("a: 2026-99-99", ["quotes"]),
        ("a: !!timestamp x", ["quotes"]),
        ("a: !!bool x", ["quotes"]),
        ("a: &a [x]\nb: [*a, *a]", ["reference", "line 2"]),
        ("x: &x {<<: *x}", ["chatbot_config.yaml"]),
    ],
)
def test_a_mistake_gets_a_sentence_with_file_key_and_remedy(text: str, says: list[str]) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        agent(text)
    sentence = str(caught.value)
    assert sentence.startswith("chatbot_config.yaml:")
    assert "\n" not in sentence
    for word in says:
        assert word in sentence


def test_a_secret_of_the_wrong_shape_is_not_repeated() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        agent("chatbot: {port: '${KEY}'}", KEY="hunter2-secret")
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_missing_a_folder_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="no settings file"):
        load(tmp_path / "none.yaml", AgentSettings)
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load(tmp_path, AgentSettings)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsInvalid, match="UTF-8"):
        load(tmp_path / "binary.yaml", AgentSettings)


def test_a_file_from_windows_notepad_is_read(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(b"\xef\xbb\xbfchatbot: {port: 8001}\r\n")
    assert load(file, AgentSettings, {}).chatbot.port == 8001


NAMES = ["chatbot", "backend", "gemini", "port", "url", "timeout", "api_key", "logging", "x", ""]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(max_size=20)
    | st.binary(max_size=5)
    | st.sampled_from(["${A}", "${A:b}", "$${", "${", "${A:${B}}"])
)
KEYS = st.sampled_from(NAMES) | st.integers()
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


def settled(text: str) -> None:
    """It is read, or it is refused in a sentence. Nothing else may happen."""
    for read in (agent, backend):
        try:
            read(text, A="1")
        except SettingsInvalid as error:
            sentence = str(error)
        else:
            continue
        assert "_config.yaml:" in sentence


@given(VALUES)
def test_no_tree_leads_to_a_traceback(tree: Any) -> None:
    settled(yaml.safe_dump(tree))


@given(st.text(alphabet=st.sampled_from("abc:{}[]&*!|>-#'\"%@ \n\t$\x00\x85é?,<<=0.e"), max_size=40))
def test_no_text_leads_to_a_traceback(text: str) -> None:
    settled(text)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('server: {port: "\\uD83D\\uDE00"}', "server.port"),
        ('server: {host: "\\uD83D"}', "server.host"),
        ('"\\uD83D": 1', "the top level"),
        ('security: {client_users: {"\\uDE00": x}}', "security.client_users"),
    ],
    ids=["number", "text", "key", "name"],
)
def test_half_a_character_is_one_sentence(text: str, where: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"{where} has half a character"):
        parse(text, BackendSettings, source="f", environ={})

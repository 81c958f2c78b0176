"""Which model leads, by the settings."""

import pytest

from shared.errors import ModelError, SettingsInvalid
from shared.llm.base import TextDelta, UserMessage
from shared.llm.choose import choose
from shared.llm.scripted import Scripted
from shared.settings import AgentSettings, GeminiSection, OpenAiSection


def test_without_a_key_no_model_leads() -> None:
    assert choose(AgentSettings()) is None
    assert choose(AgentSettings(gemini=GeminiSection(api_key="  "))) is None


def test_a_gemini_key_leads_to_gemini() -> None:
    settings = AgentSettings(gemini=GeminiSection(api_key="k", model="gemini-x"))
    model = choose(settings)
    assert model is not None
    assert model.label == "Gemini · gemini-x"


def test_an_address_on_the_lan_leads_to_its_model() -> None:
    settings = AgentSettings(openai=OpenAiSection(base_url="http://llm:8000/v1", model="m"))
    model = choose(settings)
    assert model is not None
    assert model.label == "OpenAI-compatible · m"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (AgentSettings(gemini=GeminiSection(api_key="k", sdk="google-generativeai")), "gemini-legacy.lock"),
        (AgentSettings(gemini=GeminiSection(api_key="k", sdk="other")), "there is no 'other'"),
        (AgentSettings(openai=OpenAiSection(base_url="http://llm/v1")), "openai.model is empty"),
    ],
)
def test_a_choice_that_cannot_be_made_says_what_to_write(settings: AgentSettings, says: str) -> None:
    with pytest.raises(SettingsInvalid, match=says):
        choose(settings)


def test_a_scripted_model_says_its_lines_and_remembers_what_it_heard() -> None:
    model = Scripted([[TextDelta("one")], lambda heard: [TextDelta(heard.system)], [ModelError("No.")]])
    assert list(model.stream("s", [UserMessage("q")], [])) == [TextDelta("one")]
    assert list(model.stream("sys", [], [])) == [TextDelta("sys")]
    with pytest.raises(ModelError, match="No"):
        list(model.stream("", [], []))
    assert model.heard[0].messages == [UserMessage("q")]

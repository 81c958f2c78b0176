"""Which model leads, by the settings. None means that the built-in analyst answers alone."""

from shared.errors import SettingsInvalid
from shared.llm.base import Model
from shared.llm.gemini import Gemini
from shared.llm.openai_compatible import OpenAiCompatible
from shared.settings import AgentSettings


def choose(settings: AgentSettings) -> Model | None:
    """A Gemini key wins over an OpenAI-compatible address. Raises SettingsInvalid."""
    gemini, openai = settings.gemini, settings.openai
    if gemini.api_key.strip():
        _check_sdk(gemini.sdk)
        return Gemini(gemini.api_key.strip(), gemini.model, base_url=gemini.base_url, timeout=gemini.timeout)
    if openai.base_url.strip():
        if not openai.model:
            raise SettingsInvalid("openai.model is empty. Write the name of the model at openai.base_url.")
        return OpenAiCompatible(
            openai.base_url.strip(), openai.model, api_key=openai.api_key.strip(), timeout=openai.timeout
        )
    return None


def _check_sdk(name: str) -> None:
    if name == "google-generativeai":
        raise SettingsInvalid(
            "gemini.sdk: google-generativeai reached its end of life in 2025 and loses the signatures that "
            "newer models demand. Write google-genai, or leave the line out."
        )
    if name != "google-genai":
        raise SettingsInvalid(f"gemini.sdk: there is no {name!r}. Write google-genai, or leave the line out.")

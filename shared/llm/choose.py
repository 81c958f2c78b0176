"""Which model leads, by the settings. None means that the built-in analyst answers alone."""

from shared.errors import SettingsInvalid
from shared.llm.base import Model
from shared.llm.gemini import Gemini
from shared.llm.gemini_legacy import GeminiLegacy
from shared.llm.openai_compatible import OpenAiCompatible
from shared.settings import AgentSettings

_SDKS: dict[str, type[Gemini | GeminiLegacy]] = {"google-genai": Gemini, "google-generativeai": GeminiLegacy}


def choose(settings: AgentSettings) -> Model | None:
    """A Gemini key wins over an OpenAI-compatible address. Raises SettingsInvalid."""
    gemini, openai = settings.gemini, settings.openai
    if gemini.api_key.strip():
        provider = _SDKS.get(gemini.sdk)
        if provider is None:
            known = " or ".join(_SDKS)
            raise SettingsInvalid(f"gemini.sdk: there is no {gemini.sdk!r}. Write {known}.")
        return provider(
            gemini.api_key.strip(), gemini.model, base_url=gemini.base_url, timeout=gemini.timeout
        )
    if openai.base_url.strip():
        if not openai.model:
            raise SettingsInvalid("openai.model is empty. Write the name of the model at openai.base_url.")
        return OpenAiCompatible(
            openai.base_url.strip(), openai.model, api_key=openai.api_key.strip(), timeout=openai.timeout
        )
    return None

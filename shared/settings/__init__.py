"""The two settings files as structs. How a file is read stays in reading, what a setting does elsewhere."""

from shared.settings.agent import (
    AgentSettings,
    BackendSection,
    ChatbotSection,
    GeminiSection,
    GoogleOAuthSection,
    OpenAiSection,
)
from shared.settings.backend import (
    AiSection,
    BackendSettings,
    DatabaseSection,
    JobsSection,
    JoinsSection,
    SecuritySection,
    ServerSection,
    StoreSection,
)
from shared.settings.base import (
    LoggingSection,
)
from shared.settings.reading import (
    load,
    parse,
    tree_of,
)

__all__ = [
    "AgentSettings",
    "AiSection",
    "BackendSection",
    "BackendSettings",
    "ChatbotSection",
    "DatabaseSection",
    "GeminiSection",
    "GoogleOAuthSection",
    "JobsSection",
    "JoinsSection",
    "LoggingSection",
    "OpenAiSection",
    "SecuritySection",
    "ServerSection",
    "StoreSection",
    "load",
    "parse",
    "tree_of",
]

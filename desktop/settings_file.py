"""Which settings file the agent reads, and what holds without one."""

import os
from collections.abc import Mapping
from pathlib import Path

from shared import settings
from shared.settings import AgentSettings

NAME = "chatbot_config.yaml"
_WITHOUT_FILE = """
backend: {url: "${BACKEND_URL:}", api_key: "${BACKEND_API_KEY:}"}
gemini: {api_key: "${GEMINI_API_KEY:}"}
"""


def load(file: Path | None, home: Path, environ: Mapping[str, str] | None = None) -> AgentSettings:
    """``file``, else the one in ``home``, else what the environment says. Raises SettingsInvalid."""
    environ = os.environ if environ is None else environ
    found = file or (home / NAME if (home / NAME).exists() else None)
    if found is not None:
        return settings.load(found, AgentSettings, environ)
    return settings.parse(_WITHOUT_FILE, AgentSettings, source="the environment", environ=environ)

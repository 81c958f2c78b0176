"""Which settings file the agent reads, and what holds without one."""

import os
from collections.abc import Mapping
from pathlib import Path

from shared import settings
from shared.settings import AgentSettings

NAME = "chatbot_config.yaml"
WITHOUT_FILE = """
backend: {url: "${BACKEND_URL:}", api_key: "${BACKEND_API_KEY:}"}
gemini: {api_key: "${GEMINI_API_KEY:}"}
"""


def load(file: Path | None, home: Path, environ: Mapping[str, str] | None = None) -> AgentSettings:
    """``file``, else the one in ``home``, else what the environment says. Raises SettingsInvalid."""
    environ = os.environ if environ is None else environ
    found = place(file, home)
    if file is not None or found.exists():
        return settings.load(found, AgentSettings, environ)
    return settings.parse(WITHOUT_FILE, AgentSettings, source="the environment", environ=environ)


def place(file: Path | None, home: Path) -> Path:
    """Where the settings stand, or would stand."""
    return file or home / NAME

"""Which settings file the agent reads, and what holds without one."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from shared import settings
from shared.private_files import replace
from shared.settings import AgentSettings, BackendSection

NAME = "chatbot_config.yaml"
WITHOUT_FILE = """
backend: {url: "${BACKEND_URL:}", api_key: "${BACKEND_API_KEY:}"}
gemini: {api_key: "${GEMINI_API_KEY:}"}
"""
OWN_FILE = """# The backend of one person, and the key that it gave them. The program writes this file.
backend: {}
"""


def load(file: Path | None, home: Path, environ: Mapping[str, str] | None = None) -> AgentSettings:
    """``file``, else the one in ``home``, else what the environment says. Raises SettingsInvalid."""
    environ = os.environ if environ is None else environ
    found = place(file, home)
    if file is not None or found.exists():
        return settings.load(found, AgentSettings, environ)
    return settings.parse(WITHOUT_FILE, AgentSettings, source="the environment", environ=environ)


def own(folder: Path, *, needed: bool) -> Path | None:
    """A person's own file, in which nothing but their backend and its key counts; made when it is ``needed``.
    None when there is none."""
    file = folder / NAME
    if needed and not file.exists():
        replace(file, OWN_FILE.encode())
    return file if file.exists() else None


def with_own_backend(section: BackendSection, file: Path) -> BackendSection:
    """What the machine's settings say, with address and key of a person's own file when they are there.
    Raises SettingsInvalid."""
    theirs = settings.load(file, AgentSettings).backend
    if not theirs.url:
        return section
    return msgspec.structs.replace(section, url=theirs.url, api_key=theirs.api_key)


def place(file: Path | None, home: Path) -> Path:
    """Where the settings stand, or would stand."""
    return file or home / NAME

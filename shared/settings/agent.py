"""chatbot_config.yaml: the agent's settings."""

from typing import Annotated

from msgspec import Meta

from shared.settings.base import LoggingSection, Section


class ChatbotSection(Section, frozen=True):
    """``session_timeout``: seconds without a sign of the person, after which the window asks who is there.
    0 means never."""

    port: int = 8000
    session_timeout: Annotated[int, Meta(ge=0)] = 3600


class BackendSection(Section, frozen=True):
    """Where the agent finds its backend. Without ``url`` it offers the demo."""

    url: str = ""
    api_key: str = ""
    timeout: float = 30
    retry_attempts: int = 3
    cache_ttl: int = 300
    verify_tls: bool = True


class GoogleOAuthSection(Section, frozen=True):
    """Signing in with Google, when ``client_id`` is set; ``required``: nobody gets in without.

    ``hosted_domain`` lets in accounts of that Google Workspace only. The addresses are Google's own; others
    are for proxies and tests."""

    client_id: str = ""
    client_secret: str = ""
    hosted_domain: str = ""
    required: bool = False
    auth_uri: str = "https://accounts.google.com/o/oauth2/v2/auth"
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    certs_uri: str = "https://www.googleapis.com/oauth2/v1/certs"
    revoke_uri: str = "https://oauth2.googleapis.com/revoke"


class GeminiSection(Section, frozen=True):
    """``sdk`` chooses Google's package; ``base_url`` a proxy, or a test server."""

    api_key: str = ""
    model: str = "gemini-3-flash-preview"
    sdk: str = "google-genai"
    base_url: str = ""
    timeout: float = 60


class OpenAiSection(Section, frozen=True):
    """A model on the LAN that speaks the OpenAI protocol; used when ``base_url`` is set."""

    base_url: str = ""
    api_key: str = ""
    model: str = ""
    timeout: float = 60


class AgentSettings(Section, frozen=True):
    """chatbot_config.yaml"""

    chatbot: ChatbotSection = ChatbotSection()
    backend: BackendSection = BackendSection()
    google_oauth: GoogleOAuthSection = GoogleOAuthSection()
    gemini: GeminiSection = GeminiSection()
    openai: OpenAiSection = OpenAiSection()
    logging: LoggingSection = LoggingSection()

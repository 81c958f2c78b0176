"""What a caller hands in, checked before a byte leaves: address, time-out, path, key."""

from urllib.parse import urlsplit

from shared.errors import InvalidRequest, SettingsInvalid


def checked_url(base_url: str) -> str:
    try:
        parts = urlsplit(base_url)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        good = False
    if not good or parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsInvalid("The backend's address must look like https://backend.example.com:5000.")
    return base_url.rstrip("/")


def checked_timeout(timeout: float) -> float:
    if not 0 < timeout < float("inf"):
        raise SettingsInvalid("The time-out for the backend is a number of seconds above 0.")
    return timeout


def checked_path(path: str) -> str:
    """A path that can not lead to another host."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path:
        raise InvalidRequest("A path on the backend begins with one slash, such as /api/schema/retail.")
    return path


def checked_key(api_key: str) -> str:
    key = (api_key or "").strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsInvalid("The API key holds characters that no key has. Copy it again.")
    return key

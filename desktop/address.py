"""The address of a backend, from what a person typed. Nothing is asked of the network here."""

from urllib.parse import SplitResult, urlsplit

import msgspec

from shared.errors import SettingsInvalid

_PORT = 5000


class Address(msgspec.Struct, frozen=True):
    """An address as it is kept: scheme, host and port, and the path in front of the API, if any."""

    url: str
    host: str
    port: int
    encrypted: bool

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


def address_of(text: str) -> Address:
    """What a person typed, completed: without a scheme it is https, without a port 5000.

    Raises SettingsInvalid with a sentence."""
    typed = text.strip()
    if not typed:
        raise SettingsInvalid("Type the address that your administrator gave you.")
    if not typed.isprintable():
        raise SettingsInvalid("The address holds characters that none has. Copy it again.")
    if "://" not in typed:
        typed = f"https://{typed}"
    try:
        parts = urlsplit(typed)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise SettingsInvalid(
            "The address cannot be read. It looks like https://backend.example.com:5000."
        ) from error
    if parts.scheme not in ("http", "https"):
        raise SettingsInvalid("The address begins with https:// (or http://, without encryption).")
    _check(parts, host)
    has_path = parts.path.strip("/") != ""
    if port is None:
        port = (443 if parts.scheme == "https" else 80) if has_path else _PORT
    shown = f"[{host}]" if ":" in host else host
    url = f"{parts.scheme}://{shown}:{port}{parts.path.rstrip('/')}"
    return Address(url=url, host=host, port=port, encrypted=parts.scheme == "https")


def _check(parts: SplitResult, host: str) -> None:
    if parts.username is not None or parts.password is not None:
        raise SettingsInvalid(
            "The address must not hold a name or a password; the key has a field of its own."
        )
    if parts.query or parts.fragment:
        raise SettingsInvalid("The address must end after the port: leave out what follows ? or #.")
    fits = host and len(host) <= 253 and host.isprintable() and not any(c in host for c in " \"'<>\\{}|^`$")
    if not fits:
        raise SettingsInvalid(
            "The address has no name of a computer in it. It looks like https://backend.example.com:5000."
        )

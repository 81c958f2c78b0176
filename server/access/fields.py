"""The fields of users, roles and keys, checked as they come in. Who may set them is in granting."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from server.access.allowlist import parsed
from server.access.holdings import BUILT_IN
from server.access.limits import Rate
from server.store.roles import RoleRow
from shared.errors import InvalidRequest, SettingsInvalid
from shared.permissions import Permission
from shared.wire.access import Attributes

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
_ROLE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MOST_ATTRIBUTES, _MOST_VALUES, _LONGEST_VALUE = 50, 1_000, 200
_MOST_ROLES = 50
_MOST_ADDRESSES = 200
_LONGEST_TEXT = 1_000
_LONGEST_RATE = 50
_LONGEST_OVERLAP_SECONDS = 90 * 86_400


def username(text: str) -> str:
    if not _USERNAME.fullmatch(text):
        raise InvalidRequest(
            "A username has 1 to 100 small letters, digits and . _ @ + -, and begins with a letter or digit."
        )
    return text


def role_name(text: str) -> str:
    if not _ROLE.fullmatch(text):
        raise InvalidRequest(
            "The name of a role has at most 63 small letters, digits, _ and -, and a letter or digit first."
        )
    return text


def key_name(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= 100 or not text.isprintable():
        raise InvalidRequest("The name of a key has 1 to 100 characters on one line.")
    return text


def description(text: str) -> str:
    if len(text) > _LONGEST_TEXT or "\0" in text:
        raise InvalidRequest(f"A description has at most {_LONGEST_TEXT:,} characters.")
    return text


def email(text: str) -> str:
    text = text.strip()
    name, _, host = text.rpartition("@")
    if text and (len(text) > 254 or not name or not host or not text.isprintable() or " " in text):
        raise InvalidRequest("email is an address like asha@example.com, or empty.")
    return text


def permissions(names: Iterable[str]) -> list[str]:
    found = sorted(set(names))
    for name in found:
        if name not in set(Permission):
            known = ", ".join(Permission)
            raise InvalidRequest(
                f"There is no permission called {name[:63]!r}.", details=f"There are: {known}."
            )
    return found


def roles(names: Iterable[str], stored: dict[str, RoleRow]) -> list[str]:
    found = sorted(set(names))
    for name in found:
        if name not in BUILT_IN and name not in stored:
            known = ", ".join([*BUILT_IN, *stored][:_MOST_ROLES])
            raise InvalidRequest(f"There is no role called {name[:63]!r}.", details=f"There are: {known}.")
    if len(found) > _MOST_ROLES:
        raise InvalidRequest(f"Name at most {_MOST_ROLES} roles.")
    return found


def attributes(values: Attributes) -> Attributes:
    if len(values) > _MOST_ATTRIBUTES:
        raise InvalidRequest(f"A user has at most {_MOST_ATTRIBUTES} attributes.")
    for name, value in values.items():
        if not _ATTRIBUTE.fullmatch(name):
            raise InvalidRequest(
                f"The name of an attribute has small letters, digits and _, not {name[:63]!r}."
            )
        texts = [value] if isinstance(value, str) else value
        if len(texts) > _MOST_VALUES or any(
            len(text) > _LONGEST_VALUE or not text.isprintable() for text in texts
        ):
            raise InvalidRequest(
                f"The attribute {name!r} is a text of at most {_LONGEST_VALUE} characters on one line, or "
                f"a list of at most {_MOST_VALUES:,} of them."
            )
    return values


def moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest("expires_at is not a time; write it like 2027-03-31T23:59:59+05:30.") from error


def overlap_seconds(seconds: int) -> int:
    if not 0 <= seconds <= _LONGEST_OVERLAP_SECONDS:
        raise InvalidRequest(f"overlap_seconds is a number from 0 to {_LONGEST_OVERLAP_SECONDS} (90 days).")
    return seconds


def expiry(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InvalidRequest("expires_at needs its offset from UTC, like 2027-03-31T23:59:59+05:30.")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise InvalidRequest("expires_at lies beyond what a calendar knows.") from error
    if moment <= datetime.now(UTC):
        raise InvalidRequest("expires_at lies in the past.")
    return moment.isoformat(timespec="seconds")


def addresses(texts: Sequence[str]) -> list[str]:
    if len(texts) > _MOST_ADDRESSES:
        raise InvalidRequest(f"allowed_ips holds at most {_MOST_ADDRESSES} addresses and networks.")
    try:
        return [str(network) for network in parsed(texts, "allowed_ips")]
    except SettingsInvalid as error:
        raise InvalidRequest(error.message) from error


def address_of_backend(text: str) -> str:
    """Where others reach this backend, for a link; empty when nobody said."""
    text = text.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    odd = "@" in text or "?" in text or "#" in text or " " in text or not text.isprintable()
    if text and (not fits or odd or len(text) > 300):
        raise InvalidRequest("url is the address of this backend, like https://backend.example.com:5000.")
    return text


def rate(text: str) -> str:
    if len(text) > _LONGEST_RATE:
        raise InvalidRequest("rate_limit is written like 100/hour.")
    try:
        Rate.parse(text)
    except SettingsInvalid as error:
        raise InvalidRequest(error.message.replace("security.rate_limit", "rate_limit")) from error
    return text.strip()

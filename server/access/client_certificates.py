"""Whose a caller's certificate is. That it is a good one was checked when the connection began."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared.errors import NotAuthenticated, SettingsInvalid

_KINDS = {"commonName": "CN", "DNS": "DNS", "email": "email", "URI": "URI"}
_CASELESS = frozenset({"DNS", "email"})
_NAME = re.compile(r"(CN|DNS|email|URI):\S.*")


def check(users: Mapping[str, str]) -> None:
    """Raises SettingsInvalid for what cannot stand in ``security.client_users``."""
    for name, user in users.items():
        if not _NAME.fullmatch(name) or not user:
            raise SettingsInvalid(
                f"security.client_users: {name!r} is not a name in a certificate with the user whose it is. "
                'Write it like {"CN:till-7": till7, "email:asha@vmart.co.in": asha}; also DNS: and URI:.'
            )


def user_of(certificate: Mapping[str, Any], users: Mapping[str, str]) -> str:
    """The user that names of the certificate stand for, by ``security.client_users``; empty when none does.
    Raises NotAuthenticated when they stand for several."""
    known = {_folded(name): user for name, user in users.items()}
    found = {known[name] for name in _names(certificate) if name in known}
    if len(found) > 1:
        raise NotAuthenticated("This certificate is that of several users.")
    return found.pop() if found else ""


def _names(certificate: Mapping[str, Any]) -> Iterator[str]:
    """As :mod:`ssl` gives a certificate that was verified."""
    subject = [pair for part in certificate.get("subject", ()) for pair in part]
    for kind, name in [*subject, *certificate.get("subjectAltName", ())]:
        if kind in _KINDS:
            yield _folded(f"{_KINDS[kind]}:{name}")


def _folded(name: str) -> str:
    kind, _, rest = name.partition(":")
    return f"{kind}:{rest.lower() if kind in _CASELESS else rest}"

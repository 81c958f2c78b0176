"""Who reads Google Drive: a service account, or a person who consented. Gets access tokens, by google-auth.

Only ``drive.readonly`` is asked for, whatever the account may do. The token's address is not the caller's to
choose: a key file that names another one is refused.
"""

import json
from typing import Any

from server.outgoing import Outgoing, origin
from shared.errors import SourceUnavailable

SCOPE = "https://www.googleapis.com/auth/drive.readonly"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_READING = {"drive.readonly", "drive.metadata.readonly", "drive.meet.readonly", "drive.photos.readonly"}


class Account:
    """``token_url`` is Google's, but on loopback."""

    def __init__(self, credentials: Any, outgoing: Outgoing, *, name: str) -> None:
        from google.auth.transport.requests import Request

        self.name = name
        self._credentials = credentials
        self._request = Request(outgoing.session)

    def token(self) -> str:
        """A valid access token. Raises SourceUnavailable when there is none to be had."""
        if not self._credentials.valid:
            self._renew()
        return str(self._credentials.token)

    def forget_token(self) -> None:
        """It was refused."""
        self._credentials.token = None

    def warnings(self) -> list[str]:
        """What was consented to beyond reading."""
        granted = getattr(self._credentials, "granted_scopes", None) or []
        beyond = sorted(
            scope.rpartition("/")[2]
            for scope in granted
            if "/auth/drive" in scope and scope.rpartition("/")[2] not in _READING
        )
        if not beyond:
            return []
        return [
            f"The person's consent covers {', '.join(beyond)}: it can change files. "
            "Ask for a refresh token with the scope drive.readonly only."
        ]

    def _renew(self) -> None:
        from google.auth.exceptions import GoogleAuthError, RefreshError

        try:
            self._credentials.refresh(self._request)
        except RefreshError as error:
            raise _refused(error) from None  # its text may quote the answer
        except (GoogleAuthError, ValueError, TypeError, KeyError, AttributeError):
            raise SourceUnavailable("Google's sign-in could not be understood.", retry_after=30) from None
        if not self._credentials.token:
            raise SourceUnavailable("Google's sign-in gave no token.", retry_after=30)


def service_account(key: str, outgoing: Outgoing, token_url: str) -> Account:
    """From the key file that Google Cloud hands out."""
    from google.oauth2.service_account import Credentials

    try:
        info = json.loads(key)
        if not isinstance(info, dict) or info.get("type") != "service_account":
            raise ValueError
        named = info.get("token_uri", token_url)
        if origin(str(named)) != origin(token_url):
            raise SourceUnavailable("The key of the service account names a sign-in that is not Google's.")
        made: Any = Credentials
        credentials = made.from_service_account_info({**info, "token_uri": token_url}, scopes=[SCOPE])
    except (ValueError, TypeError, AttributeError, KeyError):
        raise SourceUnavailable(
            "The service account's key can not be used.",
            details="Paste the whole JSON file that the Google Cloud console made.",
        ) from None
    return Account(credentials, outgoing, name=str(info.get("client_email", "the service account")))


def person(refresh_token: str, client: tuple[str, str], outgoing: Outgoing, token_url: str) -> Account:
    """From what a person's consent gave; ``client`` is the id and secret of the OAuth client."""
    from google.oauth2.credentials import Credentials

    client_id, secret = client
    made: Any = Credentials
    credentials = made(
        None,
        refresh_token=refresh_token,
        token_uri=token_url,
        client_id=client_id,
        client_secret=secret,
        scopes=[SCOPE],
    )
    return Account(credentials, outgoing, name="this person")


def _refused(error: Exception) -> SourceUnavailable:
    said = " ".join(str(part) for part in error.args)
    if "invalid_grant" in said:
        return SourceUnavailable(
            "Google does not accept this account's key any more.",
            details="It was revoked or has expired, or the clock of this machine is wrong.",
        )
    if "invalid_client" in said or "unauthorized_client" in said:
        return SourceUnavailable("Google does not know this OAuth client, or its secret is wrong.")
    if "invalid_scope" in said:
        return SourceUnavailable("The consent does not cover reading Drive (the scope drive.readonly).")
    return SourceUnavailable("Google's sign-in refuses this account.", retry_after=60)

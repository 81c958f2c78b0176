"""Google Drive's REST interface, version 3, as far as it reads. What its answers mean stays with the callers.

https://developers.google.com/drive/api/reference/rest/v3. Only the scope ``drive.readonly`` is asked for. An
access token that is refused is renewed once; rate limits and failures of the server are waited out within
the deadline of ``Outgoing``.
"""

import contextlib
import random
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec
import requests

from server.connectors.google_drive.account import Account
from server.outgoing import Outgoing
from shared.errors import NotFound, NotPermitted, SourceBusy, SourceUnavailable, TooLarge

_SLOW_DOWN = {"rateLimitExceeded", "userRateLimitExceeded", "sharingRateLimitExceeded", "backendError"}
_MOST_WAITS = 8
_LONGEST_WAIT_SECONDS = 32.0
_MOST_PAGES = 10_000
_EVERY_DRIVE = {"supportsAllDrives": "true", "includeItemsFromAllDrives": "true"}


class DriveApi:
    """One account's view. Every method raises NotFound, NotPermitted, SourceBusy or SourceUnavailable, and
    what the deadline of ``outgoing`` asks for."""

    def __init__(self, url: str, outgoing: Outgoing, account: Account) -> None:
        self._url = f"{url.rstrip('/')}/drive/v3"
        self._outgoing = outgoing
        self._account = account

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """One answer in JSON."""
        response = self._called(path, params)
        data = b"".join(self._outgoing.body(response))
        try:
            answer = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _strange() from error
        if not isinstance(answer, dict):
            raise _strange()
        return answer

    def pages(self, path: str, **params: str) -> Iterator[dict[str, Any]]:
        """Every page of a list."""
        token = None
        for _ in range(_MOST_PAGES):
            page = self.get(path, **params, **({"pageToken": token} if token else {}))
            yield page
            following = page.get("nextPageToken")
            if not following:
                return
            if not isinstance(following, str) or following == token:
                break
            token = following
        raise SourceUnavailable("Google Drive lists its files without an end.")

    def files(self, query: str, fields: str, **more: str) -> Iterator[dict[str, Any]]:
        """What fits a search expression (see "Search query terms and operators")."""
        params = {"q": query, "fields": f"nextPageToken,incompleteSearch,files({fields})", "pageSize": "1000"}
        for page in self.pages("files", **params, **_EVERY_DRIVE, **more):
            found = page.get("files")
            if isinstance(found, list):
                yield from (one for one in found if isinstance(one, dict))

    def file(self, file_id: str, fields: str) -> dict[str, Any]:
        return self.get(f"files/{quote(file_id, safe='')}", fields=fields, supportsAllDrives="true")

    def content(self, file_id: str, most_bytes: int) -> Iterator[bytes]:
        """The bytes of a file."""
        path = f"files/{quote(file_id, safe='')}"
        response = self._called(path, {"alt": "media", "supportsAllDrives": "true"})
        return self._outgoing.body(response, most_bytes)

    def exported(self, file_id: str, media_type: str, most_bytes: int) -> Iterator[bytes]:
        """A Google document in another format; Google exports at most 10 MB."""
        path = f"files/{quote(file_id, safe='')}/export"
        return self._outgoing.body(self._called(path, {"mimeType": media_type}), most_bytes)

    def _called(self, path: str, params: Mapping[str, str]) -> requests.Response:
        renewed, waits = False, 0
        while True:
            response = self._asked(path, params)
            if response.status_code == 200:
                return response
            reason = self._reason(response)
            if response.status_code == 401 and not renewed:
                renewed = True
                self._account.forget_token()
            elif _is_for_now(response.status_code, reason) and waits < _MOST_WAITS:
                self._wait(response, waits)
                waits += 1
            else:
                raise _failure(response.status_code, reason)

    def _asked(self, path: str, params: Mapping[str, str]) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._account.token()}"}
        return self._outgoing.session.get(f"{self._url}/{path}", params=params, headers=headers, stream=True)

    def _wait(self, response: requests.Response, waits: int) -> None:
        """As "Resolve errors" has it: longer each time, and not in step with others."""
        seconds = min(2.0**waits, _LONGEST_WAIT_SECONDS) * random.uniform(0.25, 0.5)  # noqa: S311 - no secret
        with contextlib.suppress(ValueError):
            seconds = max(seconds, float(response.headers.get("retry-after", "")))
        if seconds >= self._outgoing.seconds_left:
            raise SourceBusy("Google Drive is asked too often at the moment.", retry_after=int(seconds) + 1)
        self._outgoing.pause(seconds)

    def _reason(self, response: requests.Response) -> str:
        data = b"".join(self._outgoing.body(response, 1_000_000))
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
            return msgspec.json.decode(data, type=_Refusal).error.reason
        return ""


class _Cause(msgspec.Struct):
    reason: str = ""


class _Error(msgspec.Struct):
    errors: list[_Cause] = []

    @property
    def reason(self) -> str:
        return self.errors[0].reason if self.errors else ""


class _Refusal(msgspec.Struct):
    error: _Error


def quoted(text: str) -> str:
    """A text inside a search expression."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _is_for_now(status: int, reason: str) -> bool:
    return status == 429 or status in {500, 502, 503, 504} or (status == 403 and reason in _SLOW_DOWN)


def _failure(status: int, reason: str) -> Exception:  # noqa: PLR0911 - one answer after the other
    match status, reason:
        case 401, _:
            return SourceUnavailable("Google Drive does not let this account in any more.", details=_AGAIN)
        case 403, "dailyLimitExceeded" | "quotaExceeded" | "downloadQuotaExceeded":
            return SourceBusy("Google Drive's quota for this account is used up for now.", retry_after=3600)
        case 403, "exportSizeLimitExceeded":
            return TooLarge(
                "Google exports at most 10 MB of a document.",
                details="Save it as an Excel or CSV file in Drive.",
            )
        case 403, "accessNotConfigured" | "SERVICE_DISABLED":
            return SourceUnavailable(
                "The Google Drive API is switched off for the project of this account.",
                details="Enable it in the Google Cloud console, under APIs & Services.",
            )
        case 403, _:
            return NotPermitted("This account may not read that file in Google Drive.")
        case 404, _:
            return NotFound("Google Drive has no such file, or does not show it to this account.")
        case (429, _) | (403, _):
            return SourceBusy("Google Drive is asked too often at the moment.", retry_after=60)
        case _ if status >= 500:
            return SourceUnavailable("Google Drive has a failure of its own at the moment.", retry_after=60)
    return SourceUnavailable(f"Google Drive refuses what it was asked (HTTP {status}).")


_AGAIN = "Give the connection a new key or refresh token."


def _strange() -> SourceUnavailable:
    return SourceUnavailable(
        "What answers is not Google Drive.", details="Look at the address of the connection."
    )

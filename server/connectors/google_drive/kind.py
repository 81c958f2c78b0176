"""Google Drive as a connection: its tables by SQL, its files by path. What is in it: mirror.

The engine reads the local copies (see server/engine/folder). The three locks: the guard and the engine; the
scope ``drive.readonly``; and a folder that is shared with the account for viewing only.
"""

import hashlib
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from server.connectors.base import Document, Entry, Field, Kind, Limits, ParamValue, memory_field
from server.connectors.google_drive import account
from server.connectors.google_drive.api import DriveApi, quoted
from server.connectors.google_drive.mirror import Mirror
from server.connectors.google_drive.tree import EXPORTS, Item, TableFile, read_as
from server.engine.folder import DIALECT, FolderEngine
from server.outgoing import Outgoing
from shared import guard, paths
from shared.errors import InvalidRequest, NotFound, QueryCancelled, SourceUnavailable
from shared.guard import ReadOnlySql
from shared.http_adapter import is_loopback
from shared.results import Result
from shared.wire import Schema

URL = "https://www.googleapis.com"
_FILES_SECONDS = 55.0
"""For a schema, a list, a file: within the patience of whoever asks."""


class GoogleDriveConnector:
    """SqlConnector and FileConnector; see server/connectors/base."""

    dialect = DIALECT

    def __init__(
        self,
        outgoing: Outgoing,
        who: account.Account,
        api: DriveApi,
        mirror: Mirror,
        engine: FolderEngine,
    ) -> None:
        self._outgoing, self._account, self._api = outgoing, who, api
        self._mirror, self._engine = mirror, engine
        self._shown: dict[str, str] = {}
        self._stopped = False

    def ping(self) -> None:
        with self._outgoing.within(10):
            self._api.get("about", fields="user(emailAddress)")

    def schema(self) -> Schema:
        with self._outgoing.within(_FILES_SECONDS):
            self._mirror.tree()
            self._copy(self._mirror.usable())
        return self._engine.schema()

    def warnings(self) -> list[str]:
        with self._outgoing.within(10):
            self._mirror.tree()
            said = [*self._account.warnings(), *self._mirror.warnings()]
            if self._mirror.root:
                found = self._api.file(self._mirror.root, "capabilities(canEdit)")
                if (found.get("capabilities") or {}).get("canEdit") is True:
                    said.append(f"{self._account.name} may change this folder; share it as a viewer only.")
        return [*said, *self._engine.broken()]

    def query(self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits) -> Result:
        started, self._stopped = time.monotonic(), False
        names = guard.tables(sql, DIALECT)
        with self._outgoing.within(limits.timeout_seconds, query=True, request_id=limits.label):
            if names:
                self._mirror.tree()
                usable = self._mirror.usable()
                wanted = [file for file in usable if any(file.may_be(name) for name in names)]
                self._copy(wanted)
        if self._stopped:
            raise QueryCancelled("The query was cancelled.")
        left = max(limits.timeout_seconds - (time.monotonic() - started), 0.01)
        return self._engine.query(sql, params, limits.max_rows, left)

    def _copy(self, wanted: Sequence[TableFile]) -> None:
        """Has the files at hand, and the engine see them, whoever copied them."""
        self._mirror.copy(wanted)
        copied = self._mirror.copied()
        if copied != self._shown:
            self._engine.look_again()
            self._shown = copied

    def cancel(self) -> None:
        self._stopped = True
        self._outgoing.stop()
        self._engine.cancel()

    def abort(self) -> None:
        self._outgoing.abort()
        self._engine.abort()

    def reset(self) -> bool:
        return self._engine.fit()

    def close(self) -> None:
        self._engine.close()
        self._outgoing.close()

    def list(self, path: str, limit: int) -> Sequence[Entry]:
        with self._outgoing.within(_FILES_SECONDS):
            found = self._mirror.tree().children(_clean(path))
        if found is None:
            raise NotFound(f"There is no folder {path[:200]!r}.")
        return [_entry(place, one) for place, one in found[:limit]]

    def search(self, text: str, limit: int) -> Sequence[Entry]:
        """By name, and by what Google has indexed of the content."""
        with self._outgoing.within(_FILES_SECONDS):
            tree = self._mirror.tree()
            query = f"fullText contains {quoted(text)} and trashed = false"
            indexed = {str(found.get("id")) for found in _first(self._api.files(query, "id"), 1000)}
        wanted = text.casefold()
        hits = [
            _entry(place, one)
            for place, one in tree.by_path.items()
            if wanted in PurePosixPath(place).name.casefold() or one.content_id in indexed
        ]
        return sorted(hits, key=lambda entry: entry.path.casefold())[:limit]

    def read(self, path: str, max_bytes: int) -> Document:
        """Google's own documents as text, Excel or PNG."""
        with self._outgoing.within(_FILES_SECONDS):
            one = self._mirror.tree().by_path.get(_clean(path))
            if one is None or one.folder:
                raise NotFound(f"There is no file {path[:200]!r}.")
            media_type, ending = read_as(one)
            if one.media_type in EXPORTS:
                data = b"".join(self._api.exported(one.content_id, media_type, max_bytes))
            elif one.size is None:
                raise InvalidRequest("Google Drive has no content to give for this kind of file.")
            else:
                data = b"".join(self._api.content(one.content_id, max_bytes))
                whole = len(data) == one.size
                if not whole or (one.md5 and hashlib.md5(data, usedforsecurity=False).hexdigest() != one.md5):
                    raise SourceUnavailable("The file has just changed in Google Drive.", retry_after=10)
        return Document(PurePosixPath(path).name + ending, media_type, data)


def _clean(path: str) -> str:
    return "/".join(filter(None, path.split("/")))


def _entry(path: str, one: Item) -> Entry:
    return Entry(path, one.folder, "" if one.folder else read_as(one)[0], one.size, one.modified_at)


def _first(found: Iterable[dict[str, Any]], most: int) -> Iterable[dict[str, Any]]:
    return (one for _, one in zip(range(most), found, strict=False))


def open_(params: Mapping[str, Any], timeout_seconds: float) -> GoogleDriveConnector:
    url = str(params.get("url") or URL).rstrip("/")
    if not url.startswith("https://") and not is_loopback(url):
        raise SourceUnavailable("The address of Google Drive must begin with https://.")
    token_url = f"{url}/token" if is_loopback(url) else account.TOKEN_URL
    outgoing = Outgoing("Google Drive", [url, token_url])
    try:
        outgoing.check_host(url)
        with outgoing.within(timeout_seconds):
            who = _account(params, outgoing, token_url)
            api = DriveApi(url, outgoing, who)
            about = api.get("about", fields="user(permissionId)")
        # one copy for an account and a place: what another account may see is never shown
        identity = [url, about.get("user"), params.get("folder"), params.get("shared_drive")]
        name = hashlib.sha256(repr(identity).encode()).hexdigest()[:24]
        folder = paths.private_folder(paths.home() / "cache" / "google_drive" / name)
        place = (str(params.get("folder") or ""), str(params.get("shared_drive") or ""))
        mirror = Mirror(api, outgoing, folder, place, max_mb=int(params.get("copy_mb") or 2048))
        engine = FolderEngine(
            mirror.files,
            paths.private_folder(folder / "engine"),
            memory_mb=int(params.get("memory_mb") or 1024),
            threads=min(4, os.cpu_count() or 1),
        )
        engine.ready()
    except BaseException:
        outgoing.close()
        raise
    return GoogleDriveConnector(outgoing, who, api, mirror, engine)


def _account(params: Mapping[str, Any], outgoing: Outgoing, token_url: str) -> account.Account:
    key = str(params.get("service_account") or "")
    refresh_token = str(params.get("refresh_token") or "")
    client = str(params.get("client_id") or ""), str(params.get("client_secret") or "")
    if key:
        return account.service_account(key, outgoing, token_url)
    if refresh_token and all(client):
        return account.person(refresh_token, client, outgoing, token_url)
    raise SourceUnavailable(
        "Google Drive needs a service account's key, or a refresh token with client_id and client_secret."
    )


KIND = Kind(
    type="google_drive",
    label="Google Drive",
    dialect=DIALECT,
    fields=(
        Field(
            "service_account",
            "Service account (JSON)",
            secret=True,
            required=False,
            help="The key file, whole.",
        ),
        Field(
            "refresh_token", "Refresh token", secret=True, required=False, help="Of a person who consented."
        ),
        Field("client_id", "OAuth client id", required=False),
        Field("client_secret", "OAuth client secret", secret=True, required=False),
        Field("folder", "Folder", required=False, help="Link, id or path; empty: all that the account sees."),
        Field("shared_drive", "Shared drive", required=False, help="Name or id."),
        Field("copy_mb", "Local copy (MB)", type=int, between=(1, 100_000_000), required=False, default=2048),
        memory_field("For one query."),
        Field(
            "url",
            "Address",
            required=False,
            default=URL,
            help="For private access to Google's API.",
            guards_secret=True,
        ),
    ),
    open=open_,
    hosts=lambda params: [urlsplit(str(params.get("url") or URL)).hostname or ""],
)

"""A Google Drive: answers of REST v3 and of Google's sign-in, as their references say, over files in memory.

Tokens expire and are checked; lists come in pages; ``faults`` answer the next calls with an error, or break
off a download. What is not asked for by the product is not here.
"""

import base64
import contextlib
import functools
import hashlib
import json
import re
import time
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.peers.web import Fault, WebHandler, WebPeer

SCOPE = "https://www.googleapis.com/auth/drive.readonly"
FOLDER = "application/vnd.google-apps.folder"
SHEET = "application/vnd.google-apps.spreadsheet"
SHORTCUT = "application/vnd.google-apps.shortcut"
DOCUMENT = "application/vnd.google-apps.document"
EMAIL = "reader@shop.iam.gserviceaccount.com"


class _Handler(WebHandler):
    @property
    def drive(self) -> "DriveServer":
        server: DriveServer = self.peer
        return server

    def answer_post(self) -> None:
        form = parse_qs(self.posted().decode())
        fault = self.drive.called("token")
        if fault is not None:
            self._json(fault.status, {"error": fault.reason})
            return
        with contextlib.suppress(ConnectionError):
            self._json(*self.drive.grant(form))

    def answer_get(self) -> None:
        drive, parts = self.drive, urlsplit(self.path)
        path = parts.path.removeprefix("/drive/v3/")
        params = {name: values[0] for name, values in parse_qs(parts.query).items()}
        fault = drive.called(path)
        if fault is not None and fault.location:
            self.send(302, b"", "text/html", Location=fault.location)
            return
        if fault is not None and fault.body is not None:
            self.send(200, fault.body, "application/json")
            return
        if fault is not None and fault.status:
            self._refuse(fault.status, fault.reason)
            return
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        if drive.tokens.get(token, 0) < time.time():
            self._refuse(401, "authError")
            return
        with contextlib.suppress(ConnectionError):
            self._answer(path, params, fault)

    def _answer(self, path: str, params: dict[str, str], fault: Fault | None) -> None:
        drive = self.drive
        if path == "about":
            self._json(200, {"user": {"emailAddress": EMAIL, "permissionId": "17"}})
        elif path == "drives":
            self._json(200, {"drives": drive.drives})
        elif path == "files":
            assert params["supportsAllDrives"] == params["includeItemsFromAllDrives"] == "true"
            self._page("files", drive.matching(params["q"], params.get("driveId", "")), params)
        elif path == "changes/startPageToken":
            self._json(200, {"startPageToken": f"c{len(drive.changes)}"})
        elif path == "changes":
            self._changes(params)
        elif path.endswith("/export"):
            self._export(path, params, fault)
        else:
            self._file(unquote(path.removeprefix("files/")), params, fault)

    def _changes(self, params: dict[str, str]) -> None:
        changes, start = self.drive.changes, int(params["pageToken"].removeprefix("c"))
        end = min(start + self.drive.page_size, len(changes))
        following = {"nextPageToken": f"c{end}"} if end < len(changes) else {"newStartPageToken": f"c{end}"}
        self._json(200, {"changes": changes[start:end], **following})

    def _page(self, key: str, found: list[dict[str, Any]], params: dict[str, str]) -> None:
        start = int(params.get("pageToken", "0"))
        end = start + min(self.drive.page_size, int(params["pageSize"]))
        following = {"nextPageToken": str(end)} if end < len(found) else {}
        self._json(200, {key: found[start:end], **following})

    def _file(self, file_id: str, params: dict[str, str], fault: Fault | None) -> None:
        found = self.drive.files.get(file_id)
        if found is None or (found.get("driveId") and params.get("supportsAllDrives") != "true"):
            self._refuse(404, "notFound")
        elif params.get("alt") == "media":
            self.send_content(self.drive.contents[file_id], "application/octet-stream", fault)
        else:
            self._json(200, {**found, "capabilities": {"canEdit": self.drive.can_edit}})

    def _export(self, path: str, params: dict[str, str], fault: Fault | None) -> None:
        file_id = unquote(path.removeprefix("files/").removesuffix("/export"))
        if not self.drive.files[file_id]["mimeType"].startswith("application/vnd.google-apps"):
            self._refuse(403, "fileNotExportable")
            return
        self.send_content(self.drive.contents[file_id], params["mimeType"], fault)

    def _refuse(self, status: int, reason: str) -> None:
        error = {"code": status, "message": "No.", "errors": [{"domain": "global", "reason": reason}]}
        self._json(status, {"error": error})

    def _json(self, status: int, body: object) -> None:
        self.send(status, json.dumps(body).encode(), "application/json; charset=UTF-8")


class DriveServer(WebPeer):
    """Of one account, whose root is ``my-drive-root``."""

    handler = _Handler

    def __init__(self, page_size: int = 2) -> None:
        super().__init__()
        self.files: dict[str, dict[str, Any]] = {
            "my-drive-root": {"id": "my-drive-root", "mimeType": FOLDER, "name": "My Drive"}
        }
        self.contents: dict[str, bytes] = {}
        self.drives: list[dict[str, str]] = []
        self.changes: list[dict[str, Any]] = []
        self.page_size = page_size
        self.token_seconds = 3600
        self.refresh_tokens = {"1//good": SCOPE}
        self.can_edit = False
        self.tokens: dict[str, float] = {}
        self.told: list[str] = []
        self._key = _key()

    def params(self, *, url: str = "", **more: Any) -> dict[str, Any]:
        """Of a connection by service account; ``url`` when something stands in front."""
        url = url or self.url
        return {"service_account": self.key_file(token_uri=f"{url}/token"), "url": url, **more}

    def key_file(self, **more: str) -> str:
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        info = {
            "type": "service_account",
            "project_id": "shop",
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": EMAIL,
            "client_id": "1",
            "token_uri": f"{self.url}/token",
        }
        return json.dumps({**info, **more})

    def put(
        self,
        name: str,
        content: bytes | None = None,
        *,
        parent: str = "my-drive-root",
        kind: str = "application/octet-stream",
        file_id: str = "",
        **more: Any,
    ) -> str:
        """A new file, or a new version of it. Gives its id."""
        file_id = file_id or f"id-{len(self.files):04d}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        found: dict[str, Any] = {
            "id": file_id,
            "name": name,
            "mimeType": kind,
            "parents": [parent],
            "trashed": False,
            "modifiedTime": f"2026-11-28T09:00:{len(self.changes) % 60:02d}.000Z",
            **more,
        }
        if content is not None:
            self.contents[file_id] = content
            if not kind.startswith("application/vnd.google-apps"):
                found |= {
                    "size": str(len(content)),
                    "md5Checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
                }
        self.files[file_id] = found
        self.changes.append({"fileId": file_id, "removed": False, "file": found})
        return file_id

    def folder(self, name: str, *, parent: str = "my-drive-root", **more: Any) -> str:
        return self.put(name, parent=parent, kind=FOLDER, **more)

    def shortcut(self, name: str, target: str, *, parent: str, **more: Any) -> str:
        return self.put(name, parent=parent, kind=SHORTCUT, shortcutDetails={"targetId": target}, **more)

    def remove(self, file_id: str) -> None:
        del self.files[file_id]
        self.changes.append({"fileId": file_id, "removed": True})

    def issue(self, scope: str) -> dict[str, Any]:
        token = f"ya29.{len(self.tokens)}"
        self.tokens[token] = time.time() + self.token_seconds
        return {"access_token": token, "expires_in": 3600, "token_type": "Bearer", "scope": scope}

    def grant(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """https://developers.google.com/identity/protocols/oauth2, both ways in."""
        if form["grant_type"] == ["refresh_token"]:
            scope = self.refresh_tokens.get(form["refresh_token"][0])
            if scope is None:
                return 400, {
                    "error": "invalid_grant",
                    "error_description": "Token has been expired or revoked.",
                }
            if form.get("client_secret") != ["hush"]:
                return 401, {
                    "error": "invalid_client",
                    "error_description": "The OAuth client was not found.",
                }
            return 200, self.issue(scope)
        head, claims, signature = form["assertion"][0].split(".")
        said = json.loads(_decoded(claims))
        self._key.public_key().verify(
            _decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        if said["iss"] != EMAIL or said["aud"] != "https://oauth2.googleapis.com/token":
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT"}
        assert said["scope"] == SCOPE, "nothing but reading is asked for"
        return 200, self.issue(SCOPE)

    def matching(self, query: str, drive: str) -> list[dict[str, Any]]:
        found = []
        for one in self.files.values():
            if drive and one.get("driveId") != drive:
                continue
            if one["id"] != "my-drive-root" and _fits(query, one, self.contents.get(one["id"], b"")):
                found.append(one)
        return found


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    """Of the service account; making one takes a while."""
    return rsa.generate_private_key(65537, 2048)


def _fits(query: str, one: dict[str, Any], content: bytes) -> bool:
    """The part of the search language that is used: ``and`` over terms, one of which may be ``(… or …)``."""
    clause = re.search(r"\(([^()]*)\)", query)
    rest = query.replace(clause[0], "trashed = false") if clause else query
    any_of = clause[1].split(" or ") if clause else ["trashed = false"]
    all_of = re.split(r"\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)", rest)
    if not all(_term(term, one, content) for term in all_of):
        return False
    return any(_term(term, one, content) for term in any_of)


def _term(term: str, one: dict[str, Any], content: bytes) -> bool:
    parents = [{"my-drive-root": "root"}.get(parent, parent) for parent in one.get("parents", [])]
    term = term.strip()
    if term == "trashed = false":
        return not one.get("trashed")
    if term == "sharedWithMe = true":
        return bool(one.get("sharedWithMe"))
    found = re.fullmatch(r"'((?:[^'\\]|\\.)*)' in parents", term)
    if found:
        return _plain(found[1]) in parents + one.get("parents", [])
    found = re.fullmatch(r"(name|fullText) (=|contains) '((?:[^'\\]|\\.)*)'", term)
    assert found, term
    if found[1] == "name":
        return bool(one["name"] == _plain(found[3]))
    return _plain(found[3]).lower().encode() in content.lower()


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

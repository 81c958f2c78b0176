"""Which folder of Google Drive a connection means: by id, link or path, in a shared drive or not."""

import contextlib

from server.connectors.google_drive.api import DriveApi, quoted
from server.connectors.google_drive.tree import FIELDS, item
from shared.errors import InvalidRequest, NotFound


def found_root(api: DriveApi, folder: str, shared_drive: str) -> tuple[str, str]:
    """The ids of the shared drive and of the folder, as far as they are given."""
    drive = _drive(api, shared_drive) if shared_drive else ""
    if not folder:
        return drive, drive
    file_id = folder.rstrip("/").rpartition("/folders/")[2].partition("?")[0]
    if "/" not in file_id and len(file_id) >= 10:
        with contextlib.suppress(NotFound):
            found = item(api.file(file_id, FIELDS))
            if found is not None and found.folder:
                return drive, found.id
    at = drive or "root"
    for part in filter(None, folder.split("/")):
        query = f"name = {quoted(part)} and {quoted(at)} in parents and trashed = false"
        found_here = [one for one in map(item, api.files(query, FIELDS)) if one is not None and one.folder]
        if len(found_here) != 1:
            what = "no folder" if not found_here else "several folders"
            raise InvalidRequest(
                f"Google Drive has {what} called {part[:80]!r} there.",
                details="Give the folder's link instead, and share it with this account.",
            )
        at = found_here[0].id
    return drive, at


def _drive(api: DriveApi, wanted: str) -> str:
    found: list[str] = []
    for page in api.pages("drives", fields="nextPageToken,drives(id,name)", pageSize="100"):
        listed = page.get("drives")
        drives = listed if isinstance(listed, list) else []
        found += [str(one["id"]) for one in drives if wanted in {one.get("id"), one.get("name")}]
    if len(found) != 1:
        what = "no shared drive" if not found else "several shared drives"
        raise InvalidRequest(f"This account sees {what} called {wanted[:80]!r}.")
    return found[0]

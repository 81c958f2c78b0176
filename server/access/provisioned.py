"""Keys that stand in the sealed file ``security.api_keys_file``, and in no state.

The file is YAML: under ``keys`` a list, each with ``name``, either ``key`` or its ``sha256``, and what a key
that is made otherwise has too. Whoever can seal it is the administrator of the machine, who may grant all.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec

from server.access import fields
from server.access.key_text import hashed, looks_like_a_key
from server.store.keys import KeyRow
from server.vault import open_vault
from shared.errors import AppError, SettingsInvalid
from shared.settings import BackendSettings
from shared.settings.reading import tree_of

_Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class _Entry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: str
    key: str = ""
    sha256: _Sha256 | None = None
    permissions: list[str] = []
    roles: list[str] = []
    user: str = ""
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    allowed_ips: list[str] = []
    rate_limit: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    keys: list[_Entry]


def provisioned_by(
    settings: BackendSettings, home: Path, environ: Mapping[str, str] = os.environ
) -> tuple[KeyRow, ...]:
    """Those that the settings name. Raises VaultClosed and SettingsInvalid, and repeats no key."""
    name = settings.security.api_keys_file
    if not name:
        return ()
    file = Path(name)
    plain = open_vault(home / ".key", create=False, environ=environ).open_sealed(file)
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return parsed(plain, name, created_at=written)


def parsed(plain: bytes, source: str, *, created_at: str) -> tuple[KeyRow, ...]:
    """Raises SettingsInvalid, which names the file and the key by its place and name."""
    try:
        text = plain.decode()
    except UnicodeDecodeError as error:
        raise SettingsInvalid(f"{source} is not UTF-8 text. Correct it and seal it again.") from error
    tree = tree_of(text, source=source)
    try:
        found = msgspec.convert(tree, _File, strict=False)
    except msgspec.ValidationError as error:
        what = str(error).replace("`", "'").replace("$.", "")
        raise SettingsInvalid(f"{source}: {what}. Correct it and seal it again.") from error
    rows: dict[str, KeyRow] = {}
    for number, entry in enumerate(found.keys, start=1):
        where = f"{source}: key {number} ({entry.name[:63]!r})"
        try:
            row = _row(entry, created_at)
        except AppError as error:
            raise SettingsInvalid(f"{where}: {error.message} Correct it and seal it again.") from error
        if row.sha256 in rows:
            raise SettingsInvalid(f"{where}: the same key stands there twice. Take one of them out.")
        rows[row.sha256] = row
    return tuple(rows.values())


def _row(entry: _Entry, created_at: str) -> KeyRow:
    if bool(entry.key) == bool(entry.sha256):
        raise SettingsInvalid("Give either its key or the sha256 of it.")
    if entry.key and not looks_like_a_key(entry.key):
        raise SettingsInvalid("What stands there as its key is none. Make one with generate-key.")
    if not entry.user and not entry.permissions and not entry.roles:
        raise SettingsInvalid("A key needs at least one permission or role, or a user.")
    if entry.user and entry.roles:
        raise SettingsInvalid("A key of a user has the roles of that user; leave out roles.")
    sha256 = entry.sha256 or hashed(entry.key)
    return KeyRow(
        id=f"file-{sha256[:12]}",
        name=fields.key_name(entry.name),
        sha256=sha256,
        permissions=fields.permissions(entry.permissions),
        roles=sorted(set(entry.roles)),
        created_at=created_at,
        expires_at=None if entry.expires_at is None else _utc(entry.expires_at),
        username=entry.user,
        allowed_ips=fields.addresses(entry.allowed_ips),
        rate_limit=fields.rate(entry.rate_limit),
        created_by="security.api_keys_file",
    )


def _utc(moment: datetime) -> str:
    try:
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    except OverflowError as error:
        raise SettingsInvalid("expires_at lies beyond what a calendar knows.") from error

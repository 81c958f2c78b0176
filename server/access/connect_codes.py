"""Keys that are handed over by a connect code: the code is told, and whoever brings it gets the key, once.

The key's row is there from the beginning, with the hash of a text that nobody has: so what may be granted,
changed and revoked is decided as for every key. The code is stored hashed.
"""

import hmac
from datetime import datetime, timedelta

import msgspec

from server.access.allowlist import parsed, within
from server.access.holdings import Holdings, utc_now
from server.access.key_text import fresh_key, hashed
from server.access.keyring import By, Draft, Keyring
from server.access.keys import Keys, NewKey
from server.store.keys import KeyRow
from shared.connect_code import find_code, fresh_code
from shared.errors import InvalidRequest, NotAuthenticated

_LONGEST_MINUTES = 60
_FORGOTTEN_AFTER = timedelta(days=1)


class ConnectCodes:
    """All of it blocks and takes effect at once."""

    def __init__(self, keyring: Keyring, keys: Keys) -> None:
        self._keyring = keyring
        self._keys = keys

    def create(self, wanted: NewKey, *, valid_minutes: int, by: By | None = None) -> tuple[str, KeyRow]:
        """A code, which nobody can read again, and the row of the key that it stands for. Raises what
        :meth:`Keys.create` does."""
        if not 1 <= valid_minutes <= _LONGEST_MINUTES:
            raise InvalidRequest(f"valid_minutes is a number from 1 to {_LONGEST_MINUTES}.")
        code = fresh_code()
        until = utc_now() + timedelta(minutes=valid_minutes)
        return code, self._keys.create_waiting(wanted, hashed(code), until, by)

    def redeem(self, code: str, origin: str) -> tuple[str, KeyRow]:
        """The key, which nobody can read again, and its row; the code is void from then on. Whatever is wrong
        with a code, it takes as long and sounds the same: raises NotAuthenticated."""
        digest = hashed(find_code(code) or code)
        if _find(self._keyring.holdings(), digest, origin) is None:
            raise _not_valid()
        key = fresh_key()
        with self._keyring.changing(None) as draft:
            found = _find(draft.before, digest, origin)
            if found is None:  # somebody else was quicker
                raise _not_valid()
            row = msgspec.structs.replace(found, sha256=hashed(key), code_sha256=None, code_expires_at=None)
            draft.keys[row.id] = row
            _forget_old(draft)
        return key, row


def _not_valid() -> NotAuthenticated:
    return NotAuthenticated(
        "This connect code is not valid.",
        details="It is mistyped, has been used, or has ended. Ask your administrator for a new one.",
    )


def _find(holdings: Holdings, digest: str, origin: str) -> KeyRow | None:
    """Looks at every code, whether it fits or not."""
    at = utc_now()
    fitting = [
        row for row in holdings.rows.keys.values() if hmac.compare_digest(row.code_sha256 or "", digest)
    ]
    for row in fitting:
        ends = row.code_expires_at
        in_time = ends is not None and at < datetime.fromisoformat(ends)
        if in_time and not holdings.trouble(row, at) and _from_there(row, origin):
            return row
    return None


def _from_there(row: KeyRow, origin: str) -> bool:
    return not row.allowed_ips or within(origin, parsed(row.allowed_ips, "allowed_ips"))


def _forget_old(draft: Draft) -> None:
    """Keys whose code ended long ago were never anybody's."""
    before = draft.at - _FORGOTTEN_AFTER
    for row in list(draft.keys.values()):
        if row.code_expires_at is not None and datetime.fromisoformat(row.code_expires_at) < before:
            del draft.keys[row.id]

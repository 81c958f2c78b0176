"""May who began something go on with it? A query, a job or a long answer outlives the check at its beginning.

Whether a call is let in at all stays in server/api/dispatch.
"""

import msgspec

from server.access.identity import Identity
from server.access.keyring import Keyring
from shared.errors import AppError, NotAuthenticated, NotPermitted
from shared.permissions import Permission

READING = frozenset({Permission.DB_READ})
EXPORTING = READING | {Permission.DATA_EXPORT}


class Rights(msgspec.Struct, frozen=True):
    """With what somebody began. ``scope`` is that of the data policy by which it runs."""

    key_id: str
    needs: frozenset[Permission]
    scope: str = ""
    digest: bytes = b""
    """Of the key's text, which may be replaced while the key stays; empty for what goes on all the same."""

    @classmethod
    def of(cls, identity: Identity, needs: frozenset[Permission]) -> "Rights":
        return cls(identity.key_id, needs, identity.data.scope, identity.digest)

    def whatever_text(self) -> "Rights":
        """Those of the key itself, whichever text it has."""
        return msgspec.structs.replace(self, digest=b"")


def objection(keyring: Keyring, rights: Rights) -> AppError | None:
    """Why it must stop; None when nothing that it needs was taken away."""
    now = keyring.find_again(rights.key_id, rights.digest)
    if now is None:
        return NotAuthenticated(
            "The key that asked for this does not pass any more.",
            details="It was revoked or replaced, has expired, or its user may not come in.",
        )
    if lost := sorted(rights.needs - now.permissions):
        return NotPermitted(f"The key that asked for this has lost the permission {lost[0].value}.")
    if now.scope not in ("", rights.scope):
        return NotPermitted(
            "What this key may see was changed meanwhile.", details="Ask again, to get what it may see now."
        )
    return None

"""Who is calling, and with what rights. How a key becomes an identity stays in keyring."""

import msgspec

from server.access.allowlist import Network
from server.access.data_policy import UNRESTRICTED, DataPolicy
from server.access.limits import Rate
from shared.errors import NotAuthenticated
from shared.permissions import Permission

NEVER = float("inf")


class Identity(msgspec.Struct, frozen=True):
    """A caller that showed a good key, or is known otherwise."""

    key_id: str
    name: str
    permissions: frozenset[Permission]
    expires: float = NEVER
    """Seconds since the epoch."""
    user: str = ""
    """Whose key it is; empty for a key that belongs to no user."""
    allowed_ips: tuple[Network, ...] = ()
    """Empty: any address."""
    rate: Rate | None = None
    """Its own, in place of that of the settings."""
    data: DataPolicy = UNRESTRICTED
    digest: bytes = b""
    """Of the key's text; empty for who is known by other means."""

    @property
    def scope(self) -> str:
        """Equal for those who see the same of the data: what one was answered may be shown to another.
        Empty for those who see all of it."""
        return self.data.scope


NOBODY = Identity("", "", frozenset())


def bearer(header: str | None) -> str:
    """The key in an Authorization header; raises NotAuthenticated when there is none."""
    scheme, _, key = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise NotAuthenticated("Send your API key in the header Authorization: Bearer <key>.")
    return key.strip()

"""The messages about users, roles and keys. What a handler does with them stays in server/api.

In a request that changes something, a field that is left out stays as it is.
"""

import msgspec

from shared.policies import ConnectionPolicy
from shared.wire.base import Reply, Request

Attributes = dict[str, str | list[str]]
"""What row filters of a user's roles are filled with: ``{user.zone}`` is the attribute ``zone``."""

# -- Users --------------------------------------------------------------------------------


class UserCreate(Request, frozen=True):
    username: str
    email: str = ""
    roles: list[str] = []
    active: bool = True
    attributes: Attributes = {}


class UserUpdate(Request, frozen=True):
    email: str | msgspec.UnsetType = msgspec.UNSET
    roles: list[str] | msgspec.UnsetType = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET
    attributes: Attributes | msgspec.UnsetType = msgspec.UNSET


class UserInfo(Reply, frozen=True):
    """``keys`` counts those of its keys that work."""

    username: str
    email: str
    roles: list[str]
    active: bool
    attributes: Attributes
    created_at: str
    updated_at: str
    keys: int


class UserList(Reply, frozen=True):
    """``next`` is what ``?after=`` takes to go on; None on the last page."""

    users: list[UserInfo]
    next: str | None = None


# -- Roles --------------------------------------------------------------------------------


class RoleCreate(Request, frozen=True):
    """Without ``policies`` a role shows no data; all is
    ``[{"connection": "*", "tables": [{"table": "*"}]}]``."""

    name: str
    description: str = ""
    permissions: list[str] = []
    policies: list[ConnectionPolicy] = []


class RoleUpdate(Request, frozen=True):
    description: str | msgspec.UnsetType = msgspec.UNSET
    permissions: list[str] | msgspec.UnsetType = msgspec.UNSET
    policies: list[ConnectionPolicy] | msgspec.UnsetType = msgspec.UNSET


class RoleInfo(Reply, frozen=True):
    """``holders`` counts the users and keys that name it. The times of a ``built_in`` role are empty."""

    name: str
    description: str
    permissions: list[str]
    policies: list[ConnectionPolicy]
    built_in: bool
    holders: int
    created_at: str
    updated_at: str


class RoleList(Reply, frozen=True):
    roles: list[RoleInfo]
    next: str | None = None


# -- Keys ---------------------------------------------------------------------------------


class KeyCreate(Request, frozen=True):
    """``permissions`` and ``roles`` add up; ``expires_at`` is ISO 8601. A key of a ``user`` has the user's
    roles, and ``permissions`` narrow them. ``rate_limit`` is like ``100/hour``, in place of that of the
    settings; ``allowed_ips`` are addresses and networks, empty for all."""

    name: str
    permissions: list[str] = []
    roles: list[str] = []
    expires_at: str | None = None
    user: str = ""
    allowed_ips: list[str] = []
    rate_limit: str = ""


class KeyUpdate(Request, frozen=True):
    """``expires_at`` null: it never expires."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    permissions: list[str] | msgspec.UnsetType = msgspec.UNSET
    roles: list[str] | msgspec.UnsetType = msgspec.UNSET
    expires_at: str | msgspec.UnsetType | None = msgspec.UNSET
    allowed_ips: list[str] | msgspec.UnsetType = msgspec.UNSET
    rate_limit: str | msgspec.UnsetType = msgspec.UNSET


class KeyRotate(Request, frozen=True):
    """For so long the old text of the key works beside the new one; 0 ends it at once."""

    overlap_seconds: int = 86_400


class KeyInfo(Reply, frozen=True):
    """``works``, or ``trouble`` says why not. ``last_used_at`` is right to half a minute or so.
    ``previous_expires_at``: until then the text from before ``rotated_at`` works too. ``provisioned`` keys
    stand in ``security.api_keys_file`` and are changed there. One that ``waits`` is nobody's yet: its connect
    code was not used so far."""

    id: str
    name: str
    permissions: list[str]
    roles: list[str]
    created_at: str
    expires_at: str | None
    revoked: bool
    user: str = ""
    allowed_ips: list[str] = []
    rate_limit: str = ""
    created_by: str = ""
    last_used_at: str | None = None
    rotated_at: str | None = None
    previous_expires_at: str | None = None
    works: bool = True
    trouble: str = ""
    provisioned: bool = False
    waits: bool = False


class KeyCreated(Reply, frozen=True):
    """Holds a key, as no other message does but :class:`KeyFetched`."""

    key: str
    info: KeyInfo


class ConnectCodeCreate(KeyCreate, frozen=True):
    """A key that waits for its connect code. ``url`` is where agents reach the backend; with it there is a
    link. The code ends after ``valid_minutes``, 60 at most."""

    url: str = ""
    valid_minutes: int = 10


class ConnectCodeCreated(Reply, frozen=True):
    """The only message that ever holds the code. ``link`` is empty when nobody said the address."""

    code: str
    link: str
    code_expires_at: str
    info: KeyInfo


class ConnectRequest(Request, frozen=True):
    """A connect code, in place of a key."""

    code: str


class KeyFetched(Reply, frozen=True):
    """The key that a connect code stood for. ``name`` is what the administrator called it."""

    key: str
    name: str
    expires_at: str | None


class KeyList(Reply, frozen=True):
    keys: list[KeyInfo]
    next: str | None = None


# -- Why they may -------------------------------------------------------------------------


class GrantSource(Reply, frozen=True):
    """``kind`` is ``role`` or ``key``; ``name`` that of the role, or the key's id."""

    kind: str
    name: str


class Granted(Reply, frozen=True):
    """One permission that somebody holds, and all that gives it."""

    permission: str
    meaning: str
    sources: list[GrantSource]


class ShownData(Reply, frozen=True):
    """What one role shows of the data."""

    role: str
    policies: list[ConnectionPolicy]


class Effective(Reply, frozen=True):
    """What a user or a key may do, and why. ``works`` false: nothing of it now, for the reason in
    ``trouble``. ``everything``: all data are seen, else what ``data`` says, row filters filled with
    ``attributes``."""

    name: str
    works: bool
    trouble: str
    permissions: list[Granted]
    everything: bool
    data: list[ShownData]
    attributes: Attributes

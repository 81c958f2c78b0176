"""What a handler is given and what it may give back. What happens around it stays in dispatch."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from server.access.allowlist import Allowlist, Network
from server.access.connect_codes import ConnectCodes
from server.access.identity import Identity
from server.access.keyring import By, Keyring
from server.access.keys import Keys
from server.access.limits import Limiter
from server.access.roles import Roles
from server.access.standing import Rights, objection
from server.access.users import Users
from server.account_probe import AccountProbe
from server.connections import Connections
from server.governance.governance import Governance
from server.jobs import Jobs
from server.monitoring.collecting import Monitoring
from server.queries import Queries
from server.schemas import Schemas
from server.sharing import Sharing
from server.siblings import Siblings
from server.store.audit import AuditTrail
from server.store.audit.searching import AuditSearch
from server.vault import Vault
from shared.errors import AppError, InvalidRequest
from shared.permissions import Permission
from shared.settings import BackendSettings
from shared.wire import Reply, Request

if TYPE_CHECKING:
    from server.tracing import Tracer
    from shared.llm.base import Model


@dataclass
class Backend:
    """Everything that the handlers work with; app.py builds it. When settings and allowlist are read again,
    serving.py replaces them: use them from here, and keep no copy."""

    settings: BackendSettings
    keyring: Keyring
    users: Users
    roles: Roles
    keys: Keys
    connect_codes: ConnectCodes
    allowlist: Allowlist
    limiter: Limiter
    addresses: Limiter
    failures: Limiter
    scrapers: tuple[Network, ...]
    audit: AuditTrail
    audit_search: AuditSearch
    monitoring: Monitoring
    connections: Connections
    accounts: AccountProbe
    queries: Queries
    sharing: Sharing
    jobs: Jobs
    schemas: Schemas
    governance: Governance
    version: str
    vault: Vault
    siblings: Siblings = field(default_factory=Siblings)
    started: float = field(default_factory=time.monotonic)
    tracer: "Tracer | None" = None
    teller: "Model | None" = None
    """The model that tells insights."""
    calls: int = 0
    """How many are being answered, or have no line in the audit trail yet."""
    is_stopping: bool = False
    """What is still on its way is cut off."""


@dataclass(slots=True)
class Note:
    """What the audit line says beyond the call itself. Never a secret, never a cell value."""

    connection: str = ""
    query_id: str = ""
    sql_text: str = ""
    tables: str = ""
    row_count: int | None = None
    asked_at: float = 0.0
    """When its source was asked, by ``time.perf_counter``; 0 when none was."""
    target: str = ""
    """What a call changes: the name of a user, the id of a key."""
    detail: str = ""
    """What about it is changed: names of fields; or which part of it was sent."""
    failure: AppError | None = None
    """What went wrong after the answer had begun."""


class Wishes(msgspec.Struct, frozen=True):
    """What the headers say of the answer that is wanted, and of the body."""

    accept: str | None
    accept_encoding: str | None
    cache_control: str | None
    if_none_match: str | None
    range: str | None
    sends_json: bool


@dataclass(slots=True)
class Call:
    """One call by somebody who may make it."""

    backend: Backend
    request_id: str
    arrived: float
    """``time.perf_counter``."""
    caller: Identity
    origin: str
    """The address that the call comes from."""
    wishes: Wishes
    memo: dict[Hashable, Any]
    """What was found out about calls by this caller with the very same head; a handler may add to it."""
    extra: bool
    """The caller also holds the route's ``extra`` permission."""
    may_export: bool
    """And this for its ``export``."""
    path: Mapping[str, str]
    query: Mapping[str, str]
    note: Note = field(default_factory=Note)

    def about(self, target: str, body: msgspec.Struct | None = None) -> str:
        """Has the audit line tell whom a change is about, and which fields ``body`` changes."""
        self.note.target = target[:100]
        if body is not None:
            names = body.__struct_fields__
            self.note.detail = " ".join(name for name in names if getattr(body, name) is not msgspec.UNSET)
        return target

    def refuse_when_barred(self, *needs: Permission) -> None:
        """For what takes long: raises when the caller may not go on with it."""
        error = objection(self.backend.keyring, Rights.of(self.caller, frozenset(needs)))
        if error is not None:
            raise error

    @property
    def by(self) -> By:
        """Who changes something by this call."""
        return By(self.caller, self.origin)

    def limit(self, usual: int, most: int) -> int:
        """``?limit=``. Raises InvalidRequest."""
        text = self.query.get("limit")
        if text is None:
            return usual
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
            raise InvalidRequest(f"limit is a number from 1 to {most}.")
        return int(text)


class Stream(msgspec.Struct, frozen=True):
    """An answer in pieces. A piece that is None means: cut it off, so that the reader sees that it
    is not whole. ``close`` is called in any case. ``status`` 0 is the route's."""

    content_type: str
    headers: dict[str, str]
    pieces: AsyncIterator[bytes | None]
    close: Callable[[], None]
    status: int = 0


class Whole(msgspec.Struct, frozen=True):
    """Bytes that are ready to send."""

    content_type: str
    headers: dict[str, str]
    body: bytes
    status: int | None = None
    """None: the route's own."""


Handled = Reply | Stream | Whole | None

Handler = Callable[[Call, Any], Awaitable[Handled]]
"""The second argument is the decoded body, or None on a route without one."""


class Route(msgspec.Struct, frozen=True):
    """A line of the routes page. ``permission`` None lets everybody in, unaudited and unlimited; ``with_key``
    everybody who has a good key, whatever it may do, limited and on the record as all others.

    ``also`` are permissions that it takes beside ``permission``.

    ``<name>`` in ``path`` is handed over as ``call.path["name"]``. ``extra`` is a permission that
    lets the caller do more than the rest; the handler finds it as ``call.extra``. ``export`` is one that
    it takes for whole results, or for words of the backend's model, on a route that has an ``extra`` already:
    ``call.may_export``.
    """

    method: str
    path: str
    handler: Handler
    permission: Permission | None
    body: type[Request] | None = None
    status: int = 200
    extra: Permission | None = None
    export: Permission | None = None
    also: tuple[Permission, ...] = ()
    with_key: bool = False
    scraped: bool = False
    """Callers from metrics.allowed_ips need no key, and leave no line."""
    on_record: bool = False
    """Of one that is open: it has a line in the audit trail all the same."""
    from_anywhere: bool = False
    """Of one that is open: also from addresses that ``security.allowed_ips`` keeps out, for probes."""
    at_once: bool = False
    """Its handler may begin without a task of its own, where the request is received: until it has waited for
    anything but a Soon, nothing in it may need one, as ``asyncio.timeout`` does."""

    @property
    def open(self) -> bool:
        return self.permission is None and not self.with_key

    @property
    def action(self) -> str:
        """Its name in the audit trail: ``query.run``."""
        module = self.handler.__module__.rpartition(".")[2]
        return f"{module}.{self.handler.__name__}"

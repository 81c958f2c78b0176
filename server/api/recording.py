"""From a call and its outcome to a line of the audit trail: what was changed, in names of fields."""

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from server import fresh_ids
from server.access.identity import Identity
from server.api.call import Note, Route
from server.store.audit import AuditLine
from server.store.state import now
from shared.permissions import Permission

if TYPE_CHECKING:
    from server.tracing import Trace, Tracer

_CHANGING = frozenset(
    {
        Permission.CONNECTIONS_WRITE,
        Permission.CONNECTIONS_DELETE,
        Permission.USERS_WRITE,
        Permission.USERS_DELETE,
        Permission.ROLES_WRITE,
        Permission.ROLES_DELETE,
        Permission.KEYS_WRITE,
        Permission.SYSTEM_ADMIN,
    }
)
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MOST_FIELDS, _LONGEST_TARGET = 40, 200


def is_changing(route: Route) -> bool:
    """Whether its lines say what was changed."""
    return route.permission in _CHANGING and route.method != "GET"


def note_change(note: Note, path: dict[str, str], body: Any) -> None:
    """Which thing, and which of its fields: names only, for values may be secrets."""
    named = "/".join(path.values()) or getattr(body, "name", "") or getattr(body, "username", "")
    note.target = named[:_LONGEST_TARGET]
    if isinstance(body, msgspec.Struct):
        names = [name for field in msgspec.structs.fields(body) for name in _given(field, body)]
        note.detail = " ".join(name for name in names[:_MOST_FIELDS])


def _given(field: "msgspec.structs.FieldInfo", body: msgspec.Struct) -> list[str]:
    value = getattr(body, field.name)
    if value is msgspec.UNSET or (not field.required and value == _default(field)):
        return []
    if isinstance(value, dict) and value:
        return [f"{field.encode_name}.{name}" for name in value if _FIELD.fullmatch(str(name))]
    return [field.encode_name]


def _default(field: "msgspec.structs.FieldInfo") -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return None if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def request_id(given: str | None) -> str:
    """The caller's own when it is a plain word, so that its logs and ours tell of the same request."""
    return given if given is not None and _REQUEST_ID.fullmatch(given) else fresh_ids.request_id()


class Outcome:
    """What a line will say; filled as the call goes on."""

    __slots__ = ("audited", "caller", "code", "headers", "mark", "note", "origin", "status", "trace")

    def __init__(self, caller: Identity, *, audited: bool) -> None:
        self.audited = audited
        """Its line is written, or there will be none."""
        self.caller = caller
        self.origin = ""
        self.status = 500
        self.code = ""
        self.headers: dict[str, str] = {}
        self.mark: Path | None = None
        """In the audit trail, that it was begun."""
        self.note = Note()
        self.trace: Trace | None = None

    @property
    def failure_code(self) -> str:
        """What went wrong, before the answer or in the middle of it; empty when nothing did."""
        return self.code or ("" if self.note.failure is None else self.note.failure.code)


def line_of(outcome: Outcome, action: str, request_id: str, arrived: float) -> AuditLine:
    note, caller = outcome.note, outcome.caller
    return AuditLine(
        at=now(),
        request_id=request_id,
        key_id=caller.key_id,
        key_name=caller.name,
        address=outcome.origin,
        action=action,
        connection=note.connection,
        query_id=note.query_id,
        sql_text=note.sql_text,
        tables=note.tables,
        row_count=note.row_count,
        status=outcome.status if note.failure is None else note.failure.status,
        code=outcome.code if note.failure is None else note.failure.code,
        elapsed_ms=round((time.perf_counter() - arrived) * 1000, 2),
        user_name=caller.user,
        scope=caller.scope,
        target=note.target,
        detail=note.detail,
    )


def line_if_killed(outcome: Outcome, action: str, request_id: str, arrived: float) -> AuditLine:
    """Of a call that is under way: how much of its answer will have left, and when, is not known."""
    line = line_of(outcome, action, request_id, arrived)
    return msgspec.structs.replace(line, status=503, code="interrupted", row_count=None)


def trace(tracer: "Tracer", route: Route, outcome: Outcome, request_id: str, arrived: float) -> None:
    """Spans for a request and its query: what they were, not what was asked or answered."""
    place, note = outcome.trace, outcome.note
    if place is None:
        return
    ended = time.perf_counter()
    code = outcome.failure_code
    failed = {"error.type": code} if code else {}
    if note.asked_at:
        told: dict[str, Any] = {"vmart.connection": note.connection, "vmart.query_id": note.query_id}
        if note.row_count is not None:
            told["db.response.returned_rows"] = note.row_count
        tracer.query(place, ended - note.asked_at, told | failed, is_failed=bool(code))
    attributes: dict[str, Any] = {
        "http.request.method": route.method,
        "http.route": route.path,
        "http.response.status_code": outcome.status,
        "vmart.request_id": request_id,
        "vmart.key_id": outcome.caller.key_id,
    }
    tracer.request(place, f"{route.method} {route.path}", ended - arrived, attributes | failed)

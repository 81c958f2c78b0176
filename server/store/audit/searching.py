"""Finds lines of the audit trail, the newest first, and reads them out in their order."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from server.store.audit.line import FIELDS, AuditLine
from server.store.pages import Page, conditions
from server.store.state import State

_FIRST_WINDOW, _LARGEST_WINDOW = 2_000, 64_000
_BUDGET_SECONDS = 3.0
"""How long one search may look; what it has not seen by then is for the next one."""
_QUICK_SECONDS = 0.2
_BATCH = 1_000

_SEARCHED = " || '\n' || ".join(
    (
        "request_id",
        "key_id",
        "key_name",
        "user_name",
        "address",
        "action",
        "connection",
        "query_id",
        "tables",
        "code",
        "target",
        "detail",
        "sql_text",
    )
)
"""As one text, which is looked through at once: a search has no line breaks."""

OUTCOMES = {
    "ok": "status < 400",
    "refused": "status IN (401, 403, 429)",
    "failed": "status >= 400 AND status NOT IN (401, 403, 429)",
}
"""What ``outcome`` may be, beside a code such as ``query_refused``."""


def moment_of(text: str) -> datetime:
    """A time with its offset from UTC, like 2026-11-28T00:00:00+05:30. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("The time is without its zone.")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("The time is beyond what can be said in UTC.") from error


class Filters(msgspec.Struct, frozen=True):
    """What a line must have; None means anything. ``key`` is its id or its name, ``since`` counts in and
    ``until`` does not."""

    since: datetime | None = None
    until: datetime | None = None
    user: str | None = None
    key: str | None = None
    connection: str | None = None
    action: str | None = None
    request_id: str | None = None
    outcome: str | None = None
    search: str = ""


class Found(msgspec.Struct, frozen=True):
    """A line where it stands, with its seal; empty when it is older than the chain."""

    id: int
    line: AuditLine
    seal: str


class Part(msgspec.Struct, frozen=True):
    """``next`` is where to go on, also when not all was looked at yet; None at the end."""

    lines: list[Found]
    next: int | None


class AuditSearch:
    """Reads what is in the state; lines of the last moment may still be on their way."""

    def __init__(self, state: State) -> None:
        self._state = state

    def is_there(self) -> bool:
        """Whether the state can be read. Blocking."""
        try:
            with self._state.begin() as connection:
                connection.execute(sa.text("SELECT name FROM audit_chain WHERE name = 'lock'")).one()
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def newest(self, filters: Filters, *, limit: int, before: int | None = None) -> Part:
        """Lines below number ``before``, the newest first. Blocking, for some seconds at most."""
        wanted, values = _conditions(filters)
        with self._state.begin() as connection:
            first, last = connection.execute(sa.text("SELECT min(id), max(id) FROM audit")).one()
            first, last = self._narrowed(connection, filters, first, last)
        if first is None or last is None:
            return Part([], None)
        top = int(last) + 1 if before is None else min(before, int(last) + 1)
        found: list[Found] = []
        end = time.monotonic() + _BUDGET_SECONDS
        window = _FIRST_WINDOW
        while top > first:
            began = time.monotonic()
            bottom = max(top - window, int(first))
            statement = _select(["id >= :bottom", "id < :top", *wanted], "id DESC", limit - len(found) + 1)
            with self._state.begin() as connection:
                rows = connection.execute(statement, {**values, "bottom": bottom, "top": top}).all()
            found += [_found(row) for row in rows]
            if len(found) > limit:
                return Part(found[:limit], found[limit - 1].id)
            top = bottom
            if time.monotonic() - began < _QUICK_SECONDS:
                window = min(2 * window, _LARGEST_WINDOW)
            if time.monotonic() > end:
                return Part(found, top if top > first else None)
        return Part(found, None)

    def find(self, number: int) -> Found | None:
        """Blocking."""
        statement = _select(["id = :number"], "id", 1)
        with self._state.begin() as connection:
            row = connection.execute(statement, {"number": number}).first()
        return None if row is None else _found(row)

    def everything(self, filters: Filters) -> Iterator[list[Found]]:
        """All of them in their order, in batches. Blocking at each."""
        wanted, values = _conditions(filters)
        after = -(2**63)
        while True:
            statement = _select(["id > :after", *wanted], "id", _BATCH)
            with self._state.begin() as connection:
                rows = connection.execute(statement, {**values, "after": after}).all()
            if rows:
                after = int(rows[-1][0])
                yield [_found(row) for row in rows]
            if len(rows) < _BATCH:
                return

    def _narrowed(
        self, connection: sa.Connection, filters: Filters, first: int | None, last: int | None
    ) -> tuple[int | None, int | None]:
        """The numbers between which a span of time lies: the index on it knows."""
        if first is None or (filters.since is None and filters.until is None):
            return first, last
        wanted, values = _conditions(Filters(since=filters.since, until=filters.until))
        return connection.execute(
            sa.text(f"SELECT min(id), max(id) FROM audit WHERE {' AND '.join(wanted)}"),  # noqa: S608 - ours
            values,
        ).one()


def as_json(found: Found) -> bytes:
    """One line of JSON, as it is exported: the fields of a line, with its number and its seal."""
    return _encode({"id": found.id, **msgspec.structs.asdict(found.line), "seal": found.seal}) + b"\n"


_encode = msgspec.json.Encoder().encode


def _select(wanted: list[str], order: str, limit: int) -> sa.TextClause:
    names = ", ".join(("id", *FIELDS, "mac"))
    where = " AND ".join(wanted)
    return sa.text(f"SELECT {names} FROM audit WHERE {where} ORDER BY {order} LIMIT {limit:d}")  # noqa: S608


def _conditions(filters: Filters) -> tuple[list[str], dict[str, Any]]:
    wanted, values = conditions(Page(1, search=filters.search), ["id"], [_SEARCHED])
    for name, sign in (("since", ">="), ("until", "<")):
        moment: datetime | None = getattr(filters, name)
        if moment is not None:
            wanted.append(f"at {sign} :{name}")
            values[name] = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    for name, condition in (
        ("user", "user_name = :user"),
        ("key", "(key_id = :key OR key_name = :key)"),
        ("connection", "connection = :connection"),
        ("action", "action = :action"),
        ("request_id", "request_id = :request_id"),
    ):
        value: str | None = getattr(filters, name)
        if value is not None:
            wanted.append(condition)
            values[name] = value
    if filters.outcome is not None:
        wanted.append(OUTCOMES.get(filters.outcome, "code = :outcome"))
        if filters.outcome not in OUTCOMES:
            values["outcome"] = filters.outcome
    return wanted, values


def _found(row: Any) -> Found:
    return Found(int(row[0]), AuditLine(*row[1:-1]), str(row[-1]))

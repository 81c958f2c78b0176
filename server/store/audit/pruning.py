"""Clears away the oldest lines of the audit trail, from its beginning, with a sealed mark of where it begins.

Only what is as it was written goes: whoever changed a line must not have it cleared away by giving it an
old date.
"""

import logging
from datetime import UTC, datetime, timedelta

import msgspec
import sqlalchemy as sa

from server.store.audit.chain import Mark, Sealer, find_mark, lock, set_mark
from server.store.audit.line import FIELDS
from server.store.state import State

_log = logging.getLogger(__name__)

_AT_ONCE = 5_000
_AT = 1 + FIELDS.index("at")


class Pruned(msgspec.Struct, frozen=True):
    """How many lines went, the last of them ``upto``."""

    lines: int
    upto: int


def prune(state: State, sealer: Sealer, keep_days: int, now: datetime | None = None) -> Pruned:
    """Lines older than ``keep_days``, the oldest first, a few thousand at a time, in one short transaction
    that leaves a chain which can be verified. None when there are no more. Blocking."""
    oldest = (now or datetime.now(UTC)) - timedelta(days=keep_days)
    with state.begin() as connection:
        lock(connection)
        return _some(connection, sealer, oldest.isoformat(timespec="milliseconds"))


def _some(connection: sa.Connection, sealer: Sealer, oldest: str) -> Pruned:
    head, start = find_mark(connection, "head"), find_mark(connection, "start")
    if head is None or start is None or start.seal != sealer.mark("start", start.mark):
        return Pruned(0, 0)
    names = ", ".join(("id", *FIELDS, "mac"))
    rows = connection.execute(
        sa.text(f"SELECT {names} FROM audit WHERE id <= :head ORDER BY id LIMIT {_AT_ONCE}"),  # noqa: S608
        {"head": head.mark.sequence},
    ).all()
    at = start.mark
    lines = upto = 0
    for row in rows:
        number, seal = int(row[0]), str(row[-1])
        if str(row[_AT]) >= oldest:
            break
        if number > at.sequence:
            if number != at.sequence + 1 or sealer.line(at.seal, number, tuple(row[1:-1])) != seal:
                _log.error(
                    "Line %d of the audit trail is not as it was written: nothing is cleared away", number
                )
                break
            at = Mark(number, seal)
        lines, upto = lines + 1, number
    if lines:
        connection.execute(sa.text("DELETE FROM audit WHERE id <= :upto"), {"upto": upto})
        set_mark(connection, sealer, "start", at)
    return Pruned(lines, upto)

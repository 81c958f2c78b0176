"""Questions that wait for the backend, in the order in which they were asked. Asking again is not here.

A turn waits as long as it has a row here. While it is asked again, its new events stand behind the old
ones; only when the new answer is whole do the old ones go, in one transaction. So whenever the program
dies, one whole answer is there: the old one or the new one.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, and_, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from desktop.events import Event, TurnFinished
from desktop.store.database import Database
from desktop.store.moment import now
from desktop.store.tables import conversations, events, results, turns, waiting
from desktop.store.turns import QUEUED, TurnEnd, insert_events, write_end


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """``backend`` is the one that it was asked of. ``kept_at`` is the age of the answer that stands there
    meanwhile, None when there is none. ``tries`` counts how often it was asked again already."""

    turn_id: str
    conversation_id: str = ""
    question: str = ""
    backend: str
    connection: str | None = None
    sql: str | None = None
    as_of: str | None = None
    kept_at: str | None = None
    tries: int = 0


class WaitingTurns:
    """The queue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: Waiting) -> None:
        """At the end; a turn that waits already keeps its place."""
        with self._database.write() as connection:
            _insert(connection, entry)

    def finish(self, entry: Waiting, end: TurnEnd, position: int, last: Sequence[Event]) -> None:
        """The end of a turn that waits from now on: both or neither."""
        with self._database.write() as connection:
            insert_events(connection, entry.turn_id, position, last)
            write_end(connection, entry.turn_id, end)
            _insert(connection, entry)

    def list(self) -> list[Waiting]:
        """Without those of conversations that were deleted: they wait until one is brought back."""
        with self._database.read() as connection:
            return [_entry(row) for row in connection.execute(_shown()).mappings()]

    def find(self, turn_id: str) -> Waiting | None:
        with self._database.read() as connection:
            row = connection.execute(_shown().where(waiting.c.turn_id == turn_id)).mappings().first()
        return None if row is None else _entry(row)

    def begin(self, turn_id: str) -> int:
        """It is asked again now: the position of its first new event."""
        with self._database.write() as connection:
            last = connection.execute(
                select(func.max(events.c.position)).where(events.c.turn_id == turn_id)
            ).scalar()
            position = 0 if last is None else int(last) + 1
            connection.execute(
                update(waiting)
                .where(waiting.c.turn_id == turn_id)
                .values(begun_at=position, tries=waiting.c.tries + 1)
            )
        return position

    def replace(self, turn_id: str, end: TurnEnd, position: int, last: Sequence[Event]) -> None:
        """The new answer takes the place of the old one, and the turn waits no longer."""
        with self._database.write() as connection:
            begun = select(waiting.c.begun_at).where(waiting.c.turn_id == turn_id).scalar_subquery()
            connection.execute(delete(events).where(events.c.turn_id == turn_id, events.c.position < begun))
            insert_events(connection, turn_id, position, last)
            write_end(connection, turn_id, end)
            connection.execute(delete(waiting).where(waiting.c.turn_id == turn_id))
            _drop_hidden_results(connection, turn_id)

    def put_back(self, turn_id: str) -> None:
        """The new answer came to nothing: the turn waits as before."""
        with self._database.write() as connection:
            _undo(connection, turn_id)

    def leave(self, turn_id: str, *more: Event) -> None:
        """It waits no longer. What stands there stays, with ``more`` before its end; a question without an
        answer counts as stopped."""
        with self._database.write() as connection:
            _undo(connection, turn_id)
            if connection.execute(delete(waiting).where(waiting.c.turn_id == turn_id)).rowcount == 0:
                return
            status = connection.execute(select(turns.c.status).where(turns.c.id == turn_id)).scalar_one()
            if status == QUEUED:
                status = "stopped"
                connection.execute(update(turns).where(turns.c.id == turn_id).values(status=status))
            kind = func.json_extract(events.c.data, "$.event")
            connection.execute(
                delete(events).where(events.c.turn_id == turn_id, kind.in_(("queued", "turn_finished")))
            )
            last = connection.execute(
                select(func.max(events.c.position)).where(events.c.turn_id == turn_id)
            ).scalar()
            finished = TurnFinished(turn_id=turn_id, status=status, elapsed_ms=0)
            insert_events(connection, turn_id, (last or 0) + 1, [*more, finished])

    def recover(self) -> None:
        """What was being asked again when the program ended is asked again from the beginning. For the one
        process that asks again: another one that only opens the state must not disturb it."""
        with self._database.write() as connection:
            begun = select(waiting.c.turn_id).where(waiting.c.begun_at.is_not(None))
            for turn_id in list(connection.execute(begun).scalars()):
                _undo(connection, turn_id)


def _insert(connection: Connection, entry: Waiting) -> None:
    values = {
        name: getattr(entry, name)
        for name in ("turn_id", "backend", "connection", "sql", "as_of", "kept_at", "tries")
    }
    connection.execute(upsert(waiting).values(**values).on_conflict_do_nothing(index_elements=["turn_id"]))


def _shown() -> Select[Any]:
    return (
        select(waiting, turns.c.question, turns.c.conversation_id)
        .join(turns, turns.c.id == waiting.c.turn_id)
        .join(
            conversations,
            and_(conversations.c.id == turns.c.conversation_id, conversations.c.deleted_at.is_(None)),
        )
        .where(turns.c.dropped_at.is_(None))
        .order_by(waiting.c.position)
    )


def _undo(connection: Connection, turn_id: str) -> None:
    begun = select(waiting.c.begun_at).where(waiting.c.turn_id == turn_id).scalar_subquery()
    connection.execute(delete(events).where(events.c.turn_id == turn_id, events.c.position >= begun))
    connection.execute(update(waiting).where(waiting.c.turn_id == turn_id).values(begun_at=None))
    _drop_hidden_results(connection, turn_id)


def _drop_hidden_results(connection: Connection, turn_id: str) -> None:
    """Those that no event of the turn shows any more. They are kept, for whoever has one open."""
    data = events.c.data
    shown = select(func.json_extract(data, "$.result_id")).where(
        events.c.turn_id == turn_id, func.json_extract(data, "$.event") == "result"
    )
    connection.execute(
        update(results)
        .where(results.c.turn_id == turn_id, results.c.id.not_in(shown), results.c.superseded_at.is_(None))
        .values(superseded_at=now())
    )


def _entry(row: Any) -> Waiting:
    return Waiting(**{name: row[name] for name in Waiting.__struct_fields__})

"""What has left this machine, body by body, with its text: for the person alone, and within a bound."""

import zlib
from typing import Any

import msgspec
from sqlalchemy import RowMapping, func, insert, select, update

from desktop.events import Counted
from desktop.meter import Destination, Parcel
from desktop.store.database import Database
from desktop.store.moment import now
from desktop.store.tables import conversations, sent, turns
from shared.errors import NotFound

LONGEST_TEXT = 4_000_000  # bytes of one body that are kept
MOST_KEPT = 64_000_000  # bytes of all texts together, compressed; the oldest go first
_LOOK_EVERY = 20


class SentBody(msgspec.Struct, frozen=True):
    """One body, without its text. ``kept`` is false when the text is no longer here."""

    id: int
    turn_id: str | None
    sent_at: str
    destination: Destination
    what: str
    columns: int
    rows: int
    bytes: int
    kept: bool


class SentTurn(msgspec.Struct, frozen=True):
    """The bodies of one question; ``turn_id`` None: those that no question asked for."""

    turn_id: str | None
    conversation_id: str | None
    title: str
    question: str
    asked_at: str
    total: Counted
    bodies: list[SentBody]


class SentText(msgspec.Struct, frozen=True):
    """The text as it was sent. ``left_out`` bytes at its end are not kept."""

    text: str
    left_out: int


class SentStore:
    """Adds bodies and sums them up; deleting a conversation does not undo that they were sent."""

    def __init__(self, database: Database, *, most_kept: int = MOST_KEPT) -> None:
        self._database = database
        self._most_kept = most_kept

    def add(self, parcel: Parcel) -> None:
        text = zlib.compress(parcel.body[:LONGEST_TEXT], 1) if parcel.body else b""
        with self._database.write() as connection:
            added = connection.execute(
                insert(sent).values(
                    turn_id=parcel.turn_id,
                    sent_at=now(),
                    destination=parcel.destination,
                    what=parcel.what,
                    columns=parcel.columns,
                    rows=parcel.rows,
                    bytes=len(parcel.body),
                    kept=len(text),
                    text=text,
                )
            )
            number = int(added.inserted_primary_key[0]) if added.inserted_primary_key else 0
            if number % _LOOK_EVERY == 0:
                self._make_room(connection)

    def of_conversation(self, conversation_id: str) -> Counted:
        """Turns that were replaced count: they were sent too."""
        mine = select(turns.c.id).where(turns.c.conversation_id == conversation_id)
        return self._sum(sent.c.turn_id.in_(mine))

    def everywhere(self) -> Counted:
        return self._sum(None)

    def turns(
        self, conversation_id: str | None = None, *, limit: int = 50, offset: int = 0
    ) -> list[SentTurn]:
        """Newest first, of one conversation or of all; beside all, what no question asked for comes last."""
        newest = func.max(sent.c.id)
        query = (
            select(sent.c.turn_id)
            .where(sent.c.turn_id.is_not(None))
            .group_by(sent.c.turn_id)
            .order_by(newest.desc())
            .limit(limit)
            .offset(offset)
        )
        if conversation_id is not None:
            mine = select(turns.c.id).where(turns.c.conversation_id == conversation_id)
            query = query.where(sent.c.turn_id.in_(mine))
        with self._database.read() as connection:
            found = [self._turn(connection, key) for key in connection.execute(query).scalars()]
            if conversation_id is None and len(found) < limit:
                beside = self._turn(connection, None)
                found += [beside] if beside.bodies else []
        return found

    def text(self, body_id: int) -> SentText:
        """Raises NotFound when there is no such body, or its text had to make room for newer ones."""
        query = select(sent.c.bytes, sent.c.text).where(sent.c.id == body_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None or row.text is None:
            raise NotFound("This text is no longer kept. Its size still counts.")
        data = zlib.decompress(row.text) if row.text else b""
        return SentText(text=data.decode("utf-8", "replace"), left_out=max(0, row.bytes - len(data)))

    def forget_texts(self) -> None:
        """What was sent stays counted; the texts go."""
        with self._database.write() as connection:
            connection.execute(update(sent).values(text=None, kept=0))

    def _sum(self, condition: Any) -> Counted:
        def of(column: Any, destination: str) -> Any:
            return func.coalesce(func.sum(column).filter(sent.c.destination == destination), 0)

        query = select(
            of(sent.c.columns, "model"),
            of(sent.c.rows, "model"),
            of(sent.c.bytes, "model"),
            of(sent.c.bytes, "backend"),
        )
        if condition is not None:
            query = query.where(condition)
        with self._database.read() as connection:
            columns, rows, size, backend = connection.execute(query).one()
        return Counted(columns=columns, rows=rows, bytes=size, backend_bytes=backend)

    def _turn(self, connection: Any, turn_id: str | None) -> SentTurn:
        query = select(
            sent.c.id,
            sent.c.turn_id,
            sent.c.sent_at,
            sent.c.destination,
            sent.c.what,
            sent.c.columns,
            sent.c.rows,
            sent.c.bytes,
            sent.c.text.is_not(None).label("kept"),
        ).order_by(sent.c.id.desc())
        condition = sent.c.turn_id.is_(None) if turn_id is None else sent.c.turn_id == turn_id
        rows = connection.execute(query.where(condition).limit(200)).mappings()
        bodies = [_body(row) for row in rows]
        about = connection.execute(
            select(turns.c.conversation_id, turns.c.question, turns.c.asked_at, conversations.c.title)
            .join(conversations, conversations.c.id == turns.c.conversation_id)
            .where(turns.c.id == turn_id)
        ).first()
        return SentTurn(
            turn_id=turn_id,
            conversation_id=about.conversation_id if about else None,
            title=about.title if about else "",
            question=about.question if about else "",
            asked_at=about.asked_at if about else (bodies[0].sent_at if bodies else ""),
            total=self._sum(condition),
            bodies=bodies[::-1],
        )

    def _make_room(self, connection: Any) -> None:
        running = func.sum(sent.c.kept).over(order_by=sent.c.id.desc())
        ranked = select(sent.c.id, running.label("running")).where(sent.c.kept > 0).subquery()
        too_old = select(ranked.c.id).where(ranked.c.running > self._most_kept)
        connection.execute(update(sent).where(sent.c.id.in_(too_old)).values(text=None, kept=0))


def _body(row: RowMapping) -> SentBody:
    values: dict[str, Any] = {name: row[name] for name in SentBody.__struct_fields__}
    return SentBody(**{**values, "kept": bool(values["kept"])})

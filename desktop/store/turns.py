"""Turns: a question, what happened while it was answered, and what the next turn needs of it."""

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update

from desktop.events import Event
from desktop.store.database import Database
from desktop.store.moment import now
from desktop.store.tables import events, turns
from shared.errors import NotFound

RUNNING, QUEUED = "running", "queued"

_encoder = msgspec.json.Encoder(decimal_format="number")


class Turn(msgspec.Struct, frozen=True):
    """``memory`` is the built-in analyst's, ``transcript`` the model's messages, both as JSON text.
    ``cells_inside``: answer and transcript may hold values out of cells."""

    id: str
    conversation_id: str
    question: str
    asked_at: str
    status: str
    rating: str | None
    answer: str
    memory: str | None
    transcript: str | None
    cells_inside: bool


class TurnEnd(msgspec.Struct, frozen=True, kw_only=True):
    """What is written when a turn is over. ``answer`` is plain text, for search and export."""

    status: str
    answer: str = ""
    memory: str | None = None
    transcript: str | None = None
    cells_inside: bool = True


class Turns:
    """All turns of all conversations; those dropped by "edit and resend" are kept, but not shown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, conversation_id: str, question: str) -> Turn:
        turn = Turn(
            id=secrets.token_hex(8),
            conversation_id=conversation_id,
            question=question,
            asked_at=now(),
            status=RUNNING,
            rating=None,
            answer="",
            memory=None,
            transcript=None,
            cells_inside=True,
        )
        with self._database.write() as connection:
            connection.execute(
                insert(turns).values(
                    id=turn.id,
                    conversation_id=conversation_id,
                    question=question,
                    asked_at=turn.asked_at,
                    status=RUNNING,
                )
            )
        return turn

    def add_event(self, turn_id: str, position: int, event: Event) -> None:
        with self._database.write() as connection:
            insert_events(connection, turn_id, position, [event])

    def finish(self, turn_id: str, end: TurnEnd, position: int = 0, last: Sequence[Event] = ()) -> None:
        """The end and its ``last`` events, the first of them at ``position``: all of it or nothing."""
        with self._database.write() as connection:
            insert_events(connection, turn_id, position, last)
            write_end(connection, turn_id, end)

    def get(self, turn_id: str) -> Turn:
        with self._database.read() as connection:
            row = connection.execute(select(turns).where(turns.c.id == turn_id)).mappings().first()
        if row is None:
            raise NotFound("There is no such turn.")
        return _turn(row)

    def of(self, conversation_id: str) -> list[Turn]:
        """The conversation's turns, oldest first."""
        query = (
            select(turns)
            .where(turns.c.conversation_id == conversation_id, turns.c.dropped_at.is_(None))
            .order_by(turns.c.position)
        )
        with self._database.read() as connection:
            return [_turn(row) for row in connection.execute(query).mappings()]

    def events_of(self, turn_id: str) -> list[msgspec.Raw]:
        """The turn's events as they were sent, still encoded."""
        query = select(events.c.data).where(events.c.turn_id == turn_id).order_by(events.c.position)
        with self._database.read() as connection:
            return [msgspec.Raw(data.encode()) for data in connection.execute(query).scalars()]

    def rate(self, turn_id: str, rating: str | None) -> None:
        with self._database.write() as connection:
            done = connection.execute(update(turns).where(turns.c.id == turn_id).values(rating=rating))
            if done.rowcount == 0:
                raise NotFound("There is no such turn.")

    def drop_from(self, turn_id: str) -> None:
        """This turn and the later ones of its conversation are no longer shown or remembered."""
        with self._database.write() as connection:
            row = connection.execute(select(turns).where(turns.c.id == turn_id)).mappings().first()
            if row is None:
                raise NotFound("There is no such turn.")
            connection.execute(
                update(turns)
                .where(
                    turns.c.conversation_id == row["conversation_id"],
                    turns.c.position >= row["position"],
                    turns.c.dropped_at.is_(None),
                )
                .values(dropped_at=now())
            )


def insert_events(connection: Connection, turn_id: str, position: int, added: Sequence[Event]) -> None:
    for number, event in enumerate(added, start=position):
        data = _encoder.encode(event).decode()
        connection.execute(insert(events).values(turn_id=turn_id, position=number, data=data))


def write_end(connection: Connection, turn_id: str, end: TurnEnd) -> None:
    connection.execute(
        update(turns)
        .where(turns.c.id == turn_id)
        .values(
            status=end.status,
            answer=end.answer,
            memory=end.memory,
            transcript=end.transcript,
            cells_inside=int(end.cells_inside),
        )
    )


def _turn(row: RowMapping) -> Turn:
    values: dict[str, Any] = {name: row[name] for name in Turn.__struct_fields__}
    return Turn(**{**values, "cells_inside": bool(values["cells_inside"])})

"""Conversations: made, found, renamed, pinned, deleted and brought back. Their turns are in turns."""

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, exists, insert, or_, select, update

from desktop.store.database import Database
from desktop.store.moment import now
from desktop.store.tables import conversations, turns
from shared.errors import NotFound

TITLE_LENGTH = 60
_OF_TASK = "task:"
_SNIPPET_BEFORE, _SNIPPET_AFTER = 30, 60
_MOST_FOUND, _MOST_WORDS = 100, 10


class Conversation(msgspec.Struct, frozen=True):
    """``name`` is what ``ask --conversation`` called it, and None otherwise."""

    id: str
    title: str
    pinned: bool
    connection: str | None
    draft: str
    updated_at: str
    name: str | None = None


class ConversationLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the list; ``snippet`` shows where a search found its words."""

    id: str
    title: str
    pinned: bool
    updated_at: str
    snippet: str = ""


def title_of(question: str) -> str:
    """The first question, short enough for the list."""
    words = " ".join(question.split())
    if len(words) <= TITLE_LENGTH:
        return words
    return words[:TITLE_LENGTH].rsplit(" ", 1)[0].rstrip(",;:") + "…"


class Conversations:
    """All conversations of this machine's person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        *,
        title: str = "",
        connection: str | None = None,
        name: str | None = None,
        of_task: bool = False,
    ) -> Conversation:
        """``of_task``: its turns are the runs of a task; it opens like any other and is in no list."""
        moment, new_id = now(), secrets.token_hex(8)
        name = f"{_OF_TASK}{new_id}" if of_task else name
        conversation = Conversation(
            id=new_id,
            title=title,
            pinned=False,
            connection=connection,
            draft="",
            updated_at=moment,
            name=name,
        )
        with self._database.write() as connection_:
            connection_.execute(
                insert(conversations).values(
                    id=conversation.id,
                    name=name,
                    title=title,
                    connection=connection,
                    created_at=moment,
                    updated_at=moment,
                )
            )
        return conversation

    def get(self, conversation_id: str) -> Conversation:
        return self._one(conversations.c.id == conversation_id) or _missing()

    def find_named(self, name: str) -> Conversation | None:
        return self._one(conversations.c.name == name)

    def list(self, search: str = "", *, limit: int = 500) -> list[ConversationLine]:
        """Pinned ones first, then the newest; with ``search``, those whose title holds all its words, or one
        of whose turns does, and not so many of them."""
        query = (
            select(conversations)
            .where(conversations.c.deleted_at.is_(None), ~_is_of_task())
            .order_by(conversations.c.pinned.desc(), conversations.c.updated_at.desc())
            .limit(limit)
        )
        words = search.split()[:_MOST_WORDS]
        if words:
            in_title = and_(*(conversations.c.title.icontains(word, autoescape=True) for word in words))
            query = query.where(or_(in_title, exists(_turns_with(words)))).limit(min(limit, _MOST_FOUND))
        with self._database.read() as connection:
            lines = []
            for row in connection.execute(query).mappings():
                snippet = ""
                if words:
                    found = connection.execute(
                        _turns_with(words, of=row["id"]).order_by(turns.c.position).limit(1)
                    ).first()
                    snippet = _snippet(words, found) if found else ""
                lines.append(
                    ConversationLine(
                        id=row["id"],
                        title=row["title"],
                        pinned=bool(row["pinned"]),
                        updated_at=row["updated_at"],
                        snippet=snippet,
                    )
                )
        return lines

    def rename(self, conversation_id: str, title: str) -> None:
        self._change(conversation_id, title=title.strip()[:200])

    def pin(self, conversation_id: str, *, pinned: bool) -> None:
        self._change(conversation_id, pinned=int(pinned))

    def keep_draft(self, conversation_id: str, draft: str) -> None:
        self._change(conversation_id, draft=draft)

    def use_connection(self, conversation_id: str, connection: str) -> None:
        self._change(conversation_id, connection=connection)

    def touch(self, conversation_id: str) -> None:
        self._change(conversation_id, updated_at=now())

    def delete(self, conversation_id: str) -> None:
        """It leaves the list; ``restore`` brings it back."""
        self._change(conversation_id, deleted_at=now())

    def restore(self, conversation_id: str) -> None:
        self._change(conversation_id, deleted_at=None)

    def _change(self, conversation_id: str, **values: Any) -> None:
        with self._database.write() as connection:
            done = connection.execute(
                update(conversations).where(conversations.c.id == conversation_id).values(**values)
            )
            if done.rowcount == 0:
                _missing()

    def _one(self, condition: Any) -> Conversation | None:
        query = select(conversations).where(and_(condition, conversations.c.deleted_at.is_(None)))
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        return Conversation(
            id=row["id"],
            title=row["title"],
            pinned=bool(row["pinned"]),
            connection=row["connection"],
            draft=row["draft"],
            updated_at=row["updated_at"],
            name=row["name"],
        )


def _is_of_task() -> ColumnElement[bool]:
    return and_(conversations.c.name.is_not(None), conversations.c.name.startswith(_OF_TASK))


def _missing() -> Any:
    raise NotFound("There is no such conversation.")


def _turns_with(words: Sequence[str], of: str | None = None) -> Select[Any]:
    return select(turns.c.question, turns.c.answer).where(
        turns.c.conversation_id == (conversations.c.id if of is None else of),
        turns.c.dropped_at.is_(None),
        *(
            or_(
                turns.c.question.icontains(word, autoescape=True),
                turns.c.answer.icontains(word, autoescape=True),
            )
            for word in words
        ),
    )


def _snippet(words: Sequence[str], texts: Any) -> str:
    """Around the words where they stand together, or else around the first of them."""
    for wanted in (" ".join(words), *words):
        for text in texts:
            at = text.lower().find(wanted.lower())
            if at >= 0:
                start = max(0, at - _SNIPPET_BEFORE)
                end = at + len(wanted) + _SNIPPET_AFTER
                cut = " ".join(text[start:end].split())
                return ("…" if start else "") + cut + ("…" if end < len(text) else "")
    return ""

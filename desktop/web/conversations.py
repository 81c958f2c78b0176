"""Conversations over HTTP."""

from typing import Any

import bottle
import msgspec

from desktop.agent.approvals import left_open
from desktop.agent.failures import interrupted
from desktop.events import ApprovalAnswered, TurnFinished
from desktop.exports import CONVERSATION_FORMATS, conversation_json, conversation_markdown
from desktop.store.turns import RUNNING, Turn
from desktop.web.parts import Parts
from desktop.web.replies import Body, body, download, encoded, json, nothing, query_text
from shared.errors import InvalidRequest


class ConversationPatch(Body, frozen=True):
    title: str | msgspec.UnsetType = msgspec.UNSET
    pinned: bool | msgspec.UnsetType = msgspec.UNSET


class DraftBody(Body, frozen=True):
    conversation_id: str | None
    text: str


class ConversationPages:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def list(self) -> bottle.HTTPResponse:
        return json({"conversations": self._parts.conversations.list(query_text("q"))})

    def create(self) -> bottle.HTTPResponse:
        made = self._parts.conversations.create()
        self._changed()
        return json({"id": made.id, "title": made.title}, status=201)

    def show(self, conversation_id: str) -> bottle.HTTPResponse:
        conversation = self._parts.conversations.get(conversation_id)
        return json(
            {
                "id": conversation.id,
                "title": conversation.title,
                "pinned": conversation.pinned,
                "connection": conversation.connection,
                "draft": conversation.draft,
                "turns": [self._turn(turn) for turn in self._parts.turns.of(conversation_id)],
            }
        )

    def change(self, conversation_id: str) -> bottle.HTTPResponse:
        wanted = body(ConversationPatch)
        self._parts.conversations.get(conversation_id)  # raises, also when nothing is to be changed
        if isinstance(wanted.title, str) and wanted.title.strip():
            self._parts.conversations.rename(conversation_id, wanted.title)
        if isinstance(wanted.pinned, bool):
            self._parts.conversations.pin(conversation_id, pinned=wanted.pinned)
        self._changed()
        return nothing()

    def delete(self, conversation_id: str) -> bottle.HTTPResponse:
        self._parts.conversations.delete(conversation_id)
        self._changed()
        return nothing()

    def restore(self, conversation_id: str) -> bottle.HTTPResponse:
        self._parts.conversations.restore(conversation_id)
        self._changed()
        return nothing()

    def export(self, conversation_id: str) -> bottle.HTTPResponse:
        name, kind, data = conversation_file(self._parts, conversation_id, query_text("format", "md"))
        return download(data, name, kind)

    def keep_draft(self) -> bottle.HTTPResponse:
        draft = body(DraftBody)
        if draft.conversation_id is None:
            self._parts.preferences.keep_draft(draft.text)
        else:
            self._parts.conversations.keep_draft(draft.conversation_id, draft.text)
        return nothing()

    def _turn(self, turn: Turn) -> dict[str, Any]:
        events: list[msgspec.Raw] = self._parts.turns.events_of(turn.id)
        status = turn.status
        if status != RUNNING and self._parts.runner.find(turn.id) is not None:
            status = RUNNING  # it waited, and is being asked again
        if status == RUNNING and self._parts.runner.find(turn.id) is None:
            status = "failed"  # the program ended in the middle of it
            finished = TurnFinished(turn_id=turn.id, status=status, elapsed_ms=0)
            lapsed = [ApprovalAnswered(approval_id=asked, answer="lapsed") for asked in left_open(events)]
            events += [msgspec.Raw(encoded(event)) for event in (*lapsed, interrupted(), finished)]
        return {
            "turn_id": turn.id,
            "question": turn.question,
            "asked_at": turn.asked_at,
            "status": status,
            "events": events,
            "rating": turn.rating,
        }

    def _changed(self) -> None:
        self._parts.announcements.announce("conversations")


def conversation_file(parts: Parts, conversation_id: str, file_format: str) -> tuple[str, str, bytes]:
    """Name, media type and content."""
    if file_format not in CONVERSATION_FORMATS:
        raise InvalidRequest(f"A conversation can be saved as {', '.join(CONVERSATION_FORMATS)}.")
    title, turns = parts.conversations.get(conversation_id).title, parts.turns.of(conversation_id)
    if file_format == "json":
        data = conversation_json(title, turns, parts.results.of_turn, parts.results.rows)
    else:
        data = conversation_markdown(title, turns, parts.results.of_turn).encode()
    return f"{title or 'conversation'}.{file_format}", CONVERSATION_FORMATS[file_format], data

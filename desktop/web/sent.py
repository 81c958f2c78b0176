"""What has left this machine, over HTTP: sums, the bodies of each question, the very text of one."""

import bottle

from desktop.web.parts import Parts
from desktop.web.replies import Empty, body, json, nothing, query_number, query_text
from shared.errors import NotFound

_PAGE, _MOST_PAGE = 30, 100


class SentPages:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def meter(self) -> bottle.HTTPResponse:
        """Of one conversation, or of all that ever left."""
        return json(self._total(query_text("conversation_id")))

    def list(self) -> bottle.HTTPResponse:
        conversation_id = query_text("conversation_id")
        limit = query_number("limit", _PAGE, most=_MOST_PAGE)
        offset = query_number("offset", 0, most=10**9)
        turns = self._parts.sent.turns(conversation_id or None, limit=limit, offset=offset)
        asked = sum(1 for turn in turns if turn.turn_id is not None)
        return json({"total": self._total(conversation_id), "turns": turns, "more": asked >= limit})

    def text(self, body_id: str) -> bottle.HTTPResponse:
        if not body_id.isascii() or not body_id.isdigit() or len(body_id) > 15:
            raise NotFound("There is no such text.")
        return json(self._parts.sent.text(int(body_id)))

    def forget_texts(self) -> bottle.HTTPResponse:
        body(Empty)
        self._parts.sent.forget_texts()
        return nothing()

    def _total(self, conversation_id: str) -> object:
        sent = self._parts.sent
        return sent.of_conversation(conversation_id) if conversation_id else sent.everywhere()

"""Questions over HTTP: asked, watched, stopped, rated; and the yes or no to what would have an effect."""

from typing import Literal

import bottle

from desktop.agent.runner import Ask
from desktop.web.parts import Parts
from desktop.web.replies import QUIET_SECONDS, Body, Empty, body, events, nothing
from shared.errors import NotFound


class AskBody(Body, frozen=True):
    question: str
    conversation_id: str | None = None
    connection: str | None = None
    replaces_turn_id: str | None = None


class ApprovalBody(Body, frozen=True):
    answer: Literal["yes", "no"]


class RatingBody(Body, frozen=True):
    rating: Literal["good", "bad"] | None


class Asking:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def ask(self) -> bottle.HTTPResponse:
        asked = body(AskBody)
        running = self._parts.runner.ask(
            Ask(
                question=asked.question,
                conversation_id=asked.conversation_id,
                connection=asked.connection,
                replaces_turn_id=asked.replaces_turn_id,
                attended=True,
            )
        )
        return events(running.watch_closely(QUIET_SECONDS))

    def watch(self, turn_id: str) -> bottle.HTTPResponse:
        """For a window that was opened again while the answer was being made."""
        running = self._parts.runner.find(turn_id)
        if running is None:
            raise NotFound("This answer is not being made any more.")
        return events(running.watch_closely(QUIET_SECONDS))

    def stop(self, turn_id: str) -> bottle.HTTPResponse:
        self._parts.runner.stop(turn_id)
        return nothing(202)

    def approve(self, approval_id: str) -> bottle.HTTPResponse:
        """The person's answer to an effect that waits for it."""
        self._parts.runner.approvals.answer(approval_id, body(ApprovalBody).answer)
        return nothing()

    def again(self, turn_id: str) -> bottle.HTTPResponse:
        """For an answer that was kept on this machine: asked again as soon as the backend is there. It stays
        until the new one has come, which says what has changed."""
        body(Empty)
        turn = self._parts.turns.get(turn_id)
        if self._parts.runner.find(turn_id) is None:
            self._parts.queue.add(turn)
        return nothing(202)

    def rate(self, turn_id: str) -> bottle.HTTPResponse:
        self._parts.turns.rate(turn_id, body(RatingBody).rating)
        return nothing()

"""Answers to what fails before a route was found. What fails within one is told in dispatch."""

import asyncio
import logging

from sanic import HTTPResponse, Request
from sanic.exceptions import SanicException
from sanic.handlers import ErrorHandler

from server.api import recording, replies
from server.figures import Figures

_log = logging.getLogger(__name__)


class OutsideRoutes(ErrorHandler):
    """Sanic's own failures, before a route was found: no such path, a broken request line."""

    def __init__(self, figures: Figures) -> None:
        super().__init__()
        self._figures = figures
        self._requests = figures.of("none")

    def default(self, request: Request, exception: Exception) -> HTTPResponse:
        request_id = getattr(request.ctx, "request_id", "") or recording.request_id(
            request.headers.getone("x-request-id", None)
        )
        if isinstance(exception, SanicException):
            headers = getattr(exception, "headers", None) or {}
            known = replies.in_our_words(exception)
            self._requests.count(known.status, 0.0)
            self._figures.failed(known.code)
            return replies.failure(known, request_id, headers).for_sanic()
        if not isinstance(exception, asyncio.CancelledError):
            _log.error(
                "Request %s failed unexpectedly",
                request_id,
                exc_info=exception,
                extra={"request_id": request_id},
            )
        return replies.unexpected(request_id).for_sanic()

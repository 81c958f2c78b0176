"""The backend chosen over HTTP: demo data, or an address and a key. A key goes in and never comes out."""

from collections.abc import Iterator

import bottle

from desktop.step import Step
from desktop.web.parts import Parts
from desktop.web.replies import Body, Empty, body, encoded, json, nothing, sse, stream_of


class ConnectBody(Body, frozen=True):
    """``plain_allowed``: the person has been told that nothing is encrypted, and wants it so."""

    url: str
    api_key: str = ""
    plain_allowed: bool = False


class AutostartBody(Body, frozen=True):
    on: bool


class SetupPages:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def use_demo(self) -> bottle.HTTPResponse:
        body(Empty)
        self._parts.setup.use_demo()
        return nothing(202)

    def connect(self) -> bottle.HTTPResponse:
        """A stream of steps; the last one is ``saved``, or has failed."""
        wanted = body(ConnectBody)

        def lines() -> Iterator[bytes]:
            for step in self._steps(wanted):
                yield sse("step", encoded(step))

        return stream_of(lines())

    def drop_offer(self) -> bottle.HTTPResponse:
        """The window has shown the link; what the person does with it is theirs."""
        self._parts.offers.drop()
        return nothing()

    def set_autostart(self) -> bottle.HTTPResponse:
        self._parts.autostart.set(body(AutostartBody).on)
        return json(autostart_news(self._parts))

    def _steps(self, wanted: ConnectBody) -> Iterator[Step]:
        yield from self._parts.setup.connect(wanted.url, wanted.api_key, plain_allowed=wanted.plain_allowed)


def autostart_news(parts: Parts) -> dict[str, bool]:
    return {"possible": parts.autostart.possible, "on": parts.autostart.on}

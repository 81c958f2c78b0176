"""The state of the whole window over HTTP: backend, model, connections, settings, schema, starters."""

from collections.abc import Iterator
from typing import Literal

import bottle
import msgspec

from desktop.web.parts import Parts
from desktop.web.replies import Body, body, encoded, json, nothing, query_text, sse, stream_of
from desktop.web.setup import autostart_news
from shared.errors import AppError
from shared.wire import ConnectionInfo


class SettingsPatch(Body, frozen=True):
    theme: Literal["system", "light", "dark"] | msgspec.UnsetType = msgspec.UNSET
    numbers: Literal["indian", "international"] | msgspec.UnsetType = msgspec.UNSET
    never_send_cells: bool | msgspec.UnsetType = msgspec.UNSET
    notifications: bool | msgspec.UnsetType = msgspec.UNSET
    notification_details: bool | msgspec.UnsetType = msgspec.UNSET


class StatePages:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def show(self) -> bottle.HTTPResponse:
        """Never waits for the backend."""
        parts, connections = self._parts, self._connections()
        return json(
            {
                "version": parts.version,
                "model": {"label": parts.runner.label, "kind": parts.model_kind},
                "backend": parts.backend.state,
                "connection": connections[0].name if connections else None,
                "connections": [
                    {"name": found.name, "type": found.type, "description": found.description}
                    for found in connections
                ],
                "settings": parts.preferences.get(),
                "setup": {"url": parts.setup.configured_url, "file": str(parts.setup.file)},
                "offer": parts.offers.newest,
                "autostart": autostart_news(parts),
                "queue": parts.queue.news,
                "native": parts.dialogs.choose is not None,
                "draft": parts.preferences.draft(),
                "notice": parts.preferences.notice(),
            }
        )

    def events(self) -> bottle.HTTPResponse:
        def lines() -> Iterator[bytes]:
            listening = self._parts.announcements.listen()
            next(listening)
            # what changed between reading the state and listening would never be heard of
            yield sse("backend", encoded(self._parts.backend.state))
            for news in listening:
                yield b": still here\n\n" if news is None else sse(news.name, news.data)

        return stream_of(lines())

    def change_settings(self) -> bottle.HTTPResponse:
        wanted = body(SettingsPatch)
        changes = {
            name: value
            for name in SettingsPatch.__struct_fields__
            if (value := getattr(wanted, name)) is not msgspec.UNSET
        }
        chosen = msgspec.structs.replace(self._parts.preferences.get(), **changes)
        self._parts.preferences.keep(chosen)
        return json(chosen)

    def forget_notice(self) -> bottle.HTTPResponse:
        """The person has read what happened to the state."""
        self._parts.preferences.forget_notice()
        return nothing()

    def look_again(self) -> bottle.HTTPResponse:
        """Looks for the backend at once; starts the demo anew when that is what has gone."""
        body(Body)
        self._parts.backend.start_again()
        return nothing(202)

    def schema(self) -> bottle.HTTPResponse:
        connection = self._parts.sources.choose(query_text("connection") or None)
        return json(self._parts.sources.schema(connection))

    def starters(self) -> bottle.HTTPResponse:
        connection = self._parts.sources.choose(query_text("connection") or None)
        return json({"questions": self._parts.sources.analyst(connection).starters()[:6]})

    def _connections(self) -> list[ConnectionInfo]:
        backend = self._parts.backend
        if not backend.settled or backend.state.state == "connecting":
            return []  # they come with the news of what became of it
        try:
            return self._parts.sources.connections()
        except AppError:
            return []

"""The settings file over HTTP. A secret goes in and never comes out."""

import bottle

from desktop.web.parts import Parts
from desktop.web.replies import Body, body, json
from shared.errors import InvalidRequest, SettingsInvalid


class ChangeBody(Body, frozen=True):
    """``value`` null takes the setting out of the file. ``replace_variable``: the person has been told that
    a variable gives it now."""

    name: str
    value: str | int | float | bool | None
    replace_variable: bool = False


class ConfigurationPages:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def show(self) -> bottle.HTTPResponse:
        """A file that cannot be used is told, and is no failure of the page."""
        try:
            return json({"settings": self._parts.configuration.settings(), "trouble": ""})
        except SettingsInvalid as error:
            return json({"settings": [], "trouble": error.message})

    def change(self) -> bottle.HTTPResponse:
        wanted = body(ChangeBody)
        change = self._parts.configuration.change
        try:
            return json(change(wanted.name, wanted.value, replace_variable=wanted.replace_variable))
        except SettingsInvalid as error:
            raise InvalidRequest(error.message) from error

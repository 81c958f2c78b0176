"""What the person chose: theme, numbers, language; and the draft of a conversation not yet begun."""

from typing import Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from desktop.store.database import Database
from desktop.store.tables import preferences

_SETTINGS, _DRAFT = "settings", "draft"
NOTICE = "notice"


class Preferences(msgspec.Struct, frozen=True):
    theme: Literal["system", "light", "dark"] = "system"
    numbers: Literal["indian", "international"] = "indian"
    language: Literal["en"] = "en"
    never_send_cells: bool = False
    notifications: bool = True
    notification_details: bool = True


class PreferenceStore:
    """Small named values."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self) -> Preferences:
        """What cannot be read, because it was damaged, is replaced by what sends the least."""
        text = self.value(_SETTINGS)
        try:
            return msgspec.json.decode(text, type=Preferences) if text else Preferences()
        except msgspec.DecodeError:
            return Preferences(never_send_cells=True)

    def keep(self, chosen: Preferences) -> None:
        self.keep_value(_SETTINGS, msgspec.json.encode(chosen).decode())

    def draft(self) -> str:
        return self.value(_DRAFT)

    def keep_draft(self, text: str) -> None:
        self.keep_value(_DRAFT, text)

    def notice(self) -> str:
        """What happened to the state, for the person to read; empty when they have."""
        return self.value(NOTICE)

    def forget_notice(self) -> None:
        self.keep_value(NOTICE, "")

    def value(self, name: str) -> str:
        with self._database.read() as connection:
            found = connection.execute(select(preferences.c.value).where(preferences.c.name == name)).scalar()
        return str(found or "")

    def keep_value(self, name: str, value: str) -> None:
        statement = insert(preferences).values(name=name, value=value)
        with self._database.write() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["name"], set_={"value": value})
            )

"""Everything in our state that the master key seals, whatever it is. What is in it stays unknown here."""

import msgspec
import sqlalchemy as sa

from server.store.state import State, changed

_SEALED = "gAAAA%"
"""How what Fernet seals begins."""

_PLACES = {
    "facts": ("name", "value"),  # first: with it a backup proves that its key fits
    "connections": ("name", "sealed"),
    "jobs": ("id", "secret"),
}


class SealedText(msgspec.Struct, frozen=True):
    """One of them: the table it lies in, the key of its row there, and the text as it is sealed."""

    place: str
    name: str
    sealed: str


def everything(state: State) -> list[SealedText]:
    found: list[SealedText] = []
    with state.begin() as connection:
        for place, (key, column) in _PLACES.items():
            rows = connection.execute(
                sa.text(f"SELECT {key}, {column} FROM {place} WHERE {column} LIKE :sealed"),  # noqa: S608
                {"sealed": _SEALED},
            )
            found += [SealedText(place, str(name), str(sealed)) for name, sealed in rows]
    return found


def swap(state: State, text: SealedText, fresh: str) -> None:
    """The same, sealed anew; nothing happens when it was changed or deleted in the meantime."""
    key, column = _PLACES[text.place]
    with state.begin() as connection:
        connection.execute(
            sa.text(f"UPDATE {text.place} SET {column} = :fresh WHERE {key} = :name AND {column} = :sealed"),  # noqa: S608
            {"fresh": fresh, "name": text.name, "sealed": text.sealed},
        )
        if text.place == "connections":
            changed(connection, "connections")

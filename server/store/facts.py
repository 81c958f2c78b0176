"""Single facts about the state, by name: text in, text out."""

import sqlalchemy as sa

from server.store.state import State


def find_fact(state: State, name: str) -> str | None:
    with state.begin() as connection:
        found = connection.execute(sa.text("SELECT value FROM facts WHERE name = :name"), {"name": name})
        return found.scalar()


def set_fact(state: State, name: str, value: str) -> None:
    """Writes a fact; the one who comes second wins."""
    with state.begin() as connection:
        connection.execute(sa.text("DELETE FROM facts WHERE name = :name"), {"name": name})
        connection.execute(
            sa.text("INSERT INTO facts (name, value) VALUES (:name, :value)"), {"name": name, "value": value}
        )


def add_fact(state: State, name: str, value: str) -> str:
    """Writes a fact that nobody has written yet, and returns the one that is there then."""
    with state.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO facts (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING"),
            {"name": name, "value": value},
        )
        found = connection.execute(sa.text("SELECT value FROM facts WHERE name = :name"), {"name": name})
        return str(found.scalar_one())

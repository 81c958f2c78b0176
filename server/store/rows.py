"""Rows of our own state that are structs: their columns, and how a change to many of them is written."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

R = TypeVar("R", bound=msgspec.Struct)


class Rows:
    """One table whose columns are the fields of ``kind``; ``key`` is the one that names a row.

    ``packed`` turns the values that are no plain text or number into text, by their fields.
    """

    def __init__(
        self, table: str, kind: type[msgspec.Struct], key: str, packed: Mapping[str, Callable[[Any], Any]]
    ) -> None:
        fields = kind.__struct_fields__
        self._packed = packed
        self._key = key
        marks = ", ".join(f":{name}" for name in fields)
        changes = ", ".join(f"{name} = :{name}" for name in fields if name != key)
        # S608: from the structs beside this, nothing of it comes from a caller.
        self._insert = sa.text(f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({marks})")  # noqa: S608
        self._update = sa.text(f"UPDATE {table} SET {changes} WHERE {key} = :{key}")  # noqa: S608
        self._delete = sa.text(f"DELETE FROM {table} WHERE {key} = :{key}")  # noqa: S608

    def write(self, connection: sa.Connection, before: Mapping[str, R], after: Mapping[str, R]) -> None:
        """Only what differs. The caller holds whatever keeps others from changing it meanwhile."""
        gone = [{self._key: name} for name in before if name not in after]
        fresh = [self._values(row) for name, row in after.items() if name not in before]
        changed = [
            self._values(row)
            for name, row in after.items()
            if (known := before.get(name, row)) is not row and known != row
        ]
        for statement, rows in ((self._delete, gone), (self._insert, fresh), (self._update, changed)):
            if rows:
                connection.execute(statement, rows)

    def _values(self, row: msgspec.Struct) -> dict[str, Any]:
        values = {name: getattr(row, name) for name in row.__struct_fields__}
        return values | {name: pack(values[name]) for name, pack in self._packed.items()}


def words(values: list[str]) -> str:
    return " ".join(values)


def as_json(value: object) -> str:
    return msgspec.json.encode(value).decode()

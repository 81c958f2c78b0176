"""What was understood of the person's spreadsheets, and what they corrected. The tables themselves are
files."""

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from desktop.store.database import Database
from desktop.store.moment import now
from desktop.store.tables import sheets


class SheetRecord(msgspec.Struct, frozen=True):
    """``path`` as files are named; ``mark`` changes with the content and the corrections, ``folder`` is where
    the tables lie below the person's own. ``understood`` and ``wishes`` are JSON of desktop/sheets."""

    path: str
    grant_id: str
    mark: str = ""
    folder: str = ""
    understood: bytes = b""
    wishes: bytes = b"{}"
    opened_at: str = ""


class SheetStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, record: SheetRecord) -> None:
        """The moment when a file was first opened stays, and with it the names of its tables."""
        values = msgspec.structs.asdict(record) | {"opened_at": record.opened_at or now()}
        statement = insert(sheets).values(**values)
        changed = {name: values[name] for name in values if name not in ("path", "opened_at")}
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["path"], set_=changed))

    def find(self, path: str) -> SheetRecord | None:
        return next((record for record in self.list() if record.path == path), None)

    def list(self) -> list[SheetRecord]:
        """In the order in which they were first opened."""
        with self._database.read() as connection:
            rows = connection.execute(select(sheets).order_by(sheets.c.opened_at, sheets.c.path)).mappings()
            return [SheetRecord(**row) for row in rows]

    def forget(self, path: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(sheets).where(sheets.c.path == path))

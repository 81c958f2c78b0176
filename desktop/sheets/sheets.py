"""The person's spreadsheets as tables, as the rest of the agent sees them: understood when first wanted,
again when they change, corrected, described, asked with SQL. The work is done in a process that can be
ended.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import msgspec

from desktop.files.grants import GrantedPath, Grants
from desktop.files.worker import Bounds, Worker
from desktop.sheets.asking import Answer, Ask, Governed, Keys, LocalTable, Understand
from desktop.sheets.known import (
    ENDINGS,
    THIS_PC,
    Known,
    NamedTable,
    Wishes,
    hash_of,
    info,
    is_sheet,
    refuse_size,
    understood_of,
    wishes_of,
)
from desktop.sheets.shelf import Shelf, mark_of
from desktop.sheets.understood import Correction, Understood, Wanted
from desktop.store.sheets import SheetRecord, SheetStore
from shared.backend_client import QueryResult
from shared.engine.quoting import name as quoted
from shared.errors import FileUnreadable, QueryFailed
from shared.results import JsonRows
from shared.rows import decode_batch
from shared.wire import Schema

DIALECT = "duckdb"
QUERY_SECONDS = 120.0
_UNDERSTAND_SECONDS = 120.0
_SECONDS_A_GIGABYTE = 900.0
_MEMORY_MB = 3_072

_encoder = msgspec.msgpack.Encoder()
_json = msgspec.json.Encoder()
Check = Callable[[], None]


class Sheets:
    """One person's. Close it at the end. Thread-safe."""

    name = THIS_PC

    def __init__(self, grants: Grants, store: SheetStore, shelf: Shelf) -> None:
        self.grants = grants
        self._store = store
        self._shelf = shelf
        self._lock = threading.Lock()
        self._reader = Worker("sheets", Bounds(memory_mb=_MEMORY_MB, may_write=True))
        self._asker = Worker("sheets", Bounds(memory_mb=_MEMORY_MB, may_write=True))

    def close(self) -> None:
        self._reader.close()
        self._asker.close()

    # -- understanding ---------------------------------------------------------------------

    def open(
        self,
        text: str,
        *,
        cancelled: Check = lambda: None,
        heard: Callable[[str], None] = lambda _: None,
    ) -> Known:
        """What is understood of the file at ``text``, now. Raises PathRefused, FileNotFound,
        FileUnreadable."""
        path = self.grants.resolve(text)
        if not is_sheet(path.name):
            raise FileUnreadable(f"{path.name} is no spreadsheet: {', '.join(ENDINGS)} are.")
        with self.grants.open(path) as file:
            record = self._store.find(path.text)
            wishes = wishes_of(record)
            mark = f"{mark_of(file)}-{hash_of(wishes)}"
            if record is not None and record.mark == mark and self._shelf.has(record.folder):
                self._shelf.used(record.folder)
                return Known(path.text, record, understood_of(record), wishes)
            file.seek(0, 2)
            size = file.tell()
            file.seek(0)
            refuse_size(path.name, size)
            fresh = self._shelf.fresh()
            try:
                wanted = Wanted(path.name, str(fresh), wishes.corrections, wishes.hidden_sheets)
                answer = self._reader.ask(
                    _encoder.encode(Understand(wanted)),
                    [file],
                    deadline_seconds=_UNDERSTAND_SECONDS + size / 1e9 * _SECONDS_A_GIGABYTE,
                    cancelled=cancelled,
                    heard=lambda data: heard(data.decode()),
                )
                understood = msgspec.msgpack.decode(answer, type=Understood)
                return self._keep(path, mark, fresh, understood, wishes, record)
            finally:
                self._shelf.remove(fresh.name)

    def correct(self, text: str, correction: Correction) -> None:
        """Kept, and used from now on."""
        wishes = self._wishes_of(text)
        others = [c for c in wishes.corrections if (c.sheet, c.table) != (correction.sheet, correction.table)]
        self._wish(text, msgspec.structs.replace(wishes, corrections=[*others, correction]))

    def take_hidden(self, text: str, sheet: str, *, taken: bool) -> None:
        wishes = self._wishes_of(text)
        others = [name for name in wishes.hidden_sheets if name != sheet]
        self._wish(text, msgspec.structs.replace(wishes, hidden_sheets=[*others, sheet] if taken else others))

    def forget_corrections(self, text: str) -> None:
        self._wish(text, Wishes())

    def corrections(self, text: str) -> Wishes:
        return self._wishes_of(text)

    # -- what there is ---------------------------------------------------------------------

    def known(self) -> list[Known]:
        """The files that were opened before and may still be; whether they changed is seen when they are
        asked."""
        alive = {grant.id for grant in self.grants.list()}
        found = []
        for record in self._store.list():
            if record.grant_id not in alive:
                self._forget(record)
            elif record.understood and self._shelf.has(record.folder):
                found.append(Known(record.path, record, understood_of(record), wishes_of(record)))
        return found

    def tables(self, paths: Sequence[str] | None = None) -> list[NamedTable]:
        """Of all known files; names do not depend on ``paths``, which says which of them are wanted."""
        found: list[NamedTable] = []
        taken: set[str] = set()
        for known in self.known():
            for table in known.understood.tables():
                name, number = table.name, 2
                while name.lower() in taken:
                    name, number = f"{table.name}_{number}", number + 1
                taken.add(name.lower())
                if paths is None or known.path in paths:
                    file = self._shelf.place(known.record.folder) / table.file
                    found.append(NamedTable(name, known.path, table, str(file)))
        return found

    def schema(self, paths: Sequence[str] | None = None) -> Schema:
        """Names, types, counts; no value."""
        return Schema(tables=[info(table) for table in self.tables(paths)], dialect=DIALECT)

    def find(self, name: str, cancelled: Check = lambda: None) -> list[str]:
        """The granted files called so, with or without its ending; a whole path names itself."""
        wanted = name.casefold()
        stem = not is_sheet(name)
        found = []
        for path in self._files(cancelled):
            own = path.name.casefold()
            if own == wanted or (stem and own.rpartition(".")[0] == wanted) or path.text.casefold() == wanted:
                found.append(path.text)
        return found

    def files(self, most: int, cancelled: Check = lambda: None) -> list[str]:
        """Granted spreadsheets, the first ``most`` that are met."""
        found: list[str] = []
        for path in self._files(cancelled):
            found.append(path.text)
            if len(found) >= most:
                break
        return found

    # -- asking ----------------------------------------------------------------------------

    def query(self, sql: str, *, max_rows: int, cancelled: Check = lambda: None) -> QueryResult:
        """Raises QueryRefused, QueryFailed, and what opening a file raises."""
        return self.ask(sql, max_rows=max_rows, cancelled=cancelled)[0]

    def first_rows(self, table: str, count: int, cancelled: Check = lambda: None) -> list[list[object]]:
        """For the person to see what a table looks like."""
        return self.query(f"SELECT * FROM {quoted(table)}", max_rows=count, cancelled=cancelled).rows

    def ask(
        self,
        sql: str,
        *,
        max_rows: int,
        governed: Governed | None = None,
        keys: Keys | None = None,
        cancelled: Check = lambda: None,
    ) -> tuple[QueryResult, Answer]:
        from shared import guard  # loads the parser of SQL, which the start of the window does not wait for

        began = time.monotonic()
        checked = guard.check(sql, DIALECT)
        ours = {"joined", governed.name.lower()} if governed is not None else set()
        named = {name.lower().removeprefix("main.") for name in guard.tables(checked, DIALECT)} - ours
        if keys is not None:
            named.add(keys.table.lower())
        tables = self._fresh(named, cancelled)
        order = Ask(checked, tables, max_rows, str(self._shelf.spill()), governed, keys)
        try:
            data = self._asker.ask(
                _encoder.encode(order), deadline_seconds=QUERY_SECONDS, cancelled=cancelled
            )
        except FileUnreadable as error:  # the worker speaks of files
            raise QueryFailed("The query took too long or too much memory, and was ended.") from error
        answer = msgspec.msgpack.decode(data, type=Answer)
        rows = (
            decode_batch(JsonRows(answer.rows, answer.row_count), answer.columns) if answer.row_count else []
        )
        result = QueryResult(
            columns=tuple(answer.columns),
            rows=rows,
            row_count=answer.row_count,
            truncated=answer.truncated,
            elapsed_ms=round((time.monotonic() - began) * 1000, 1),
            query_id=str(uuid4()),
        )
        return result, answer

    def _fresh(self, names: set[str], cancelled: Check) -> list[LocalTable]:
        """The tables called so, of files as they are now."""
        for path in {table.path for table in self.tables() if table.name.lower() in names}:
            self.open(path, cancelled=cancelled)
        known = {table.name.lower(): table for table in self.tables()}
        missing = sorted(names - known.keys())
        if {"governed", "joined"} & set(missing):
            raise QueryFailed("This came of a join with a governed result. Ask again to join anew.")
        if missing:
            there = f" There are: {', '.join(sorted(known))}." if known else " No spreadsheet was opened yet."
            raise QueryFailed(f"There is no table called {', '.join(missing)} on this PC.{there}")
        return [LocalTable(known[name].name, known[name].file) for name in sorted(names)]

    def beside(self, ending: str) -> Path:
        """A private file that is not there yet, for what is to lie beside the tables for a while."""
        return self._shelf.spill() / f"{uuid4().hex}{ending}"

    # -- keeping ---------------------------------------------------------------------------

    def forget_revoked(self) -> None:
        """Nothing stays of what is not granted any more."""
        self.known()

    def _keep(
        self,
        path: GrantedPath,
        mark: str,
        fresh: Path,
        understood: Understood,
        wishes: Wishes,
        before: SheetRecord | None,
    ) -> Known:
        with self._lock:
            folder = self._shelf.keep(fresh, [record.folder for record in self._store.list()])
            record = SheetRecord(
                path=path.text,
                grant_id=path.grant.id,
                mark=mark,
                folder=folder,
                understood=_json.encode(understood),
                wishes=_json.encode(wishes),
            )
            self._store.keep(record)
            if before is not None:
                self._shelf.remove(before.folder)
        return Known(path.text, record, understood, wishes)

    def _wishes_of(self, text: str) -> Wishes:
        return wishes_of(self._store.find(self.grants.resolve(text).text))

    def _wish(self, text: str, wishes: Wishes) -> None:
        path = self.grants.resolve(text)
        record = self._store.find(path.text) or SheetRecord(path.text, path.grant.id)
        self._store.keep(msgspec.structs.replace(record, wishes=_json.encode(wishes)))

    def _forget(self, record: SheetRecord) -> None:
        self._shelf.remove(record.folder)
        self._store.forget(record.path)

    def _files(self, cancelled: Check) -> Iterator[GrantedPath]:
        from desktop.sheets.finding import spreadsheets

        return spreadsheets(self.grants, cancelled)

"""The engine of one folder: looks at it, keeps its tables at hand, answers queries over them.

Tables are opened (see views) when a query first names them, so a folder of thousands of files is ready at
once. What must be converted before is asked for (messages.Missing); the converting is not done here.
"""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import duckdb

from server.engine import messages, profile, tables
from server.engine.catalog import Catalog
from server.engine.pins import ChangedError, Pins
from server.engine.shelf import Shelf
from server.engine.tables import File
from server.engine.views import Views
from shared.engine.database import Database, Prepared, plain, settings
from shared.engine.typed import UNEXPECTED

LOOK_AGAIN_SECONDS = 1.0
"""How old a look at the folder may be."""
_MOST_PREPARED = 500
_FEW_ROWS = 10_000


class NotReadyError(Exception):
    """These files are to be converted first."""

    def __init__(self, files: list[File]) -> None:
        super().__init__()
        self.files = files


class Engine:
    """Used by one thread. Raises OSError from everything that looks at the folder."""

    def __init__(self, order: messages.Open) -> None:
        self.root, self._cache = Path(order.root), Path(order.cache)
        self._rules = order.rules
        self._direct_bytes = order.direct_bytes
        self._config = settings(order.memory_mb, order.threads, self._cache)
        self._shelf = Shelf(self._cache, self.root)
        self._pins = Pins(self._cache)
        self._found = tables.Found([], [])
        self._looked_at = -LOOK_AGAIN_SECONDS
        self._asked_for: set[File] = set()
        self.look(again=True)  # builds, also when the folder is empty

    def look(self, *, again: bool = False, at_once: bool = False) -> None:
        """Finds out what is in the folder, unless that was a moment ago."""
        now = time.monotonic()
        if not again and not at_once and now - self._looked_at < LOOK_AGAIN_SECONDS:
            return
        found = tables.scan(self.root, self._rules)
        self._looked_at = time.monotonic()
        if found != self._found or again:
            self._found = found
            self._build()

    def _build(self) -> None:
        """A database over the tables as they are now; what was prepared for the one before is forgotten."""
        self._pins.release()
        self._catalog = Catalog(self.root, self._found.files, self._shelf, self._pins)
        self.database = Database(self._config, self._catalog.allowed())
        self._views = Views(self.root, self._catalog, self._shelf, self.database, self._direct_bytes)
        self._prepared: dict[str, Prepared] = {}

    # -- Answering ---------------------------------------------------------------------------

    def query(self, order: messages.Query, out: BinaryIO) -> None:
        try:
            query = self._ready_after_asking(order.sql)
        except NotReadyError as error:
            self._asked_for.update(error.files)
            messages.send(out, messages.Missing(error.files, first=True))
            return
        except duckdb.Error as error:
            unsure = [] if isinstance(error, duckdb.InterruptException) else self._unsure(order.sql)
            if not unsure:
                raise
            messages.send(out, messages.Missing(unsure, first=True))
            return
        if hints := self._views.direct(query.tables):
            waits = order.max_rows > _FEW_ROWS and any(file.size < self._direct_bytes for file in hints)
            messages.send(out, messages.Missing(hints, first=waits))
            if not waits:
                self._direct_query(query, order.max_rows, hints, out)
            return
        messages.send(out, messages.Head(query.columns))
        self._send(query, self.database.stream(query, order.max_rows), out)

    def _direct_query(self, query: Prepared, max_rows: int, hints: list[File], out: BinaryIO) -> None:
        """Over files that only their first rows are known of. When something else comes up before a row has
        left, the query waits for the whole reading after all."""
        batches = self.database.stream(query, max_rows)
        try:
            first = list(batches) if max_rows <= _FEW_ROWS else list(itertools.islice(batches, 1))
        except duckdb.Error as error:
            if isinstance(error, duckdb.InterruptException):
                raise
            self.database.settle()
            messages.send(out, messages.Missing(hints, first=True))
            return
        messages.send(out, messages.Head(query.columns))
        try:
            self._send(query, itertools.chain(first, batches), out)
        except duckdb.Error as error:
            if UNEXPECTED not in str(error):
                raise
            raise ValueError("A file holds something that its first rows did not show; ask again.") from error

    def _send(self, query: Prepared, batches: Iterator[tuple[int, bytes]], out: BinaryIO) -> None:
        truncated = False
        for count, data in batches:
            if count:
                messages.send_rows(out, count, data)
            truncated = not count
        self._check_unchanged(query)
        messages.send(out, messages.End(truncated))

    def _ready_after_asking(self, sql: str) -> Prepared:
        """As :meth:`_ready`. What was asked for and is not there has changed while it was converted."""
        try:
            return self._ready(sql)
        except NotReadyError as error:
            if not self._asked_for.issuperset(error.files):
                raise
        self.look(again=True)
        return self._ready(sql)

    def _ready(self, sql: str) -> Prepared:
        """Raises NotReadyError, RefusedError, ChangedError, ValueError, OSError or duckdb.Error."""
        known = self._prepared.get(sql)
        if known is not None and self._current(known):
            return known
        for attempt in range(3):
            try:
                return self._prepare(sql)
            except ChangedError as error:
                if attempt == 2:
                    raise ValueError(f"{error} is being written to; ask again in a moment.") from error
                self.database.settle()
                self.look(again=True)
        raise AssertionError

    def _current(self, known: Prepared) -> bool:
        """Whether the files are still those that were opened, and no copy has become ready."""
        if any(not pin.holds() for pin in self._views.pins(known.tables)):
            self.look(again=True)
            return False
        if self._views.converted(known.tables):
            self._build()
            return False
        return True

    def _unsure(self, sql: str) -> list[File]:
        """Files of a query that can not run, when that may be because only their first rows are known."""
        files = self._views.direct(self.database.tables_in(sql))
        return [file for file in files if file.size < self._direct_bytes]

    def _prepare(self, sql: str) -> Prepared:
        names = self.database.tables_in(sql)
        self._open(names)
        query = self.database.prepared(sql, names)
        if len(self._prepared) >= _MOST_PREPARED:
            self._prepared.clear()
        self._prepared[sql] = query
        return query

    def _check_unchanged(self, query: Prepared) -> None:
        """Rows of two versions of a file are no answer."""
        for pin in self._views.pins(query.tables):
            if not pin.holds():
                raise ValueError(f"{pin.file.path} was changed while it was read; ask again.")

    def _open(self, names: list[tuple[str, str]]) -> None:
        """Makes views of the tables among ``names``."""
        waiting = self._views.not_ready(names)
        if self._views.converted(names) or any(self._shelf.find(file) is not None for file in waiting):
            self._build()  # something was converted since the catalog was made
            waiting = self._views.not_ready(names)
        if waiting:
            raise NotReadyError(waiting)
        for table in self._views.tables(names):
            self._views.open(table)

    # -- Telling about the folder ------------------------------------------------------------

    def missing(self) -> list[File]:
        """Everything that is not converted, but for what can be read as it is."""
        files = list(self._catalog.unread)
        for table in self._catalog.tables.values():
            if not self._views.can_be_direct(table):
                files += table.missing()
        return files

    def refresh(self) -> None:
        """Takes in what was converted."""
        if any(self._shelf.find(file) is not None for file in self.missing()):
            self._build()

    def broken(self) -> list[str]:
        """The files that are no tables, as far as is known; opens all of them."""
        found = [f"{why}." for why in self._catalog.broken] + list(self._found.left_out)
        for table in self._catalog.tables.values():
            if not table.missing() and not table.broken():
                try:
                    self._views.open_again(table)
                except (ValueError, OSError, ChangedError) as error:
                    found.append(self.plain(error))
        return found

    def schema(self, *, whole: bool, out: BinaryIO) -> None:
        self.refresh()
        missing = self.missing()
        if whole and missing:
            messages.send(out, messages.Missing(missing, first=True))
            return
        shown = [
            table
            for table in self._catalog.tables.values()
            if not table.broken() and (not table.missing() or self._views.can_be_direct(table))
        ]
        direct = {table.name for table in shown if table.missing()}
        found, hurried = profile.Profile(self.database.connection, self._cache, self._views.open).tables(
            shown, direct
        )
        messages.send(out, messages.Tables(found, waiting=len(missing), hurried=hurried))

    def plain(self, error: BaseException) -> str:
        """An error without the machine's paths."""
        return plain(
            error, [str(self.root.resolve()), str(self.root), str(self._cache), str(self._pins.home)]
        )

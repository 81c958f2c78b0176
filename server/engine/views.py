"""The tables of one look at a folder, as views of one DuckDB: each is made when it is first needed.

Which files are behind a table is catalog's part, what becomes of a query engine's.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from server.engine import catalog
from server.engine.catalog import Catalog, Table
from server.engine.pins import ChangedError, Pin, opened, reason
from server.engine.shelf import Shelf
from server.engine.tables import File
from shared.engine import text, text_tables
from shared.engine.database import Database, plain_of_file
from shared.engine.quoting import name

_MIDDLING = 8
"""A file of this part of ``direct_bytes`` is converted in seconds: only a query for few rows, which can be
held back until nothing can go wrong any more, is answered from the file itself."""

Names = Iterable[tuple[str, str]]
"""Schema and table, as a query says them."""


class Views:
    """Used by one thread, with the engine that it belongs to."""

    def __init__(
        self, root: Path, known: Catalog, shelf: Shelf, database: Database, direct_bytes: int
    ) -> None:
        self._root, self._catalog, self._shelf, self._database = root, known, shelf, database
        self._direct_bytes = direct_bytes
        self._made: dict[str, list[Pin]] = {}
        self._direct: set[str] = set()
        self._forms: dict[str, text.Form | None] = {}

    def tables(self, names: Names) -> Iterator[Table]:
        for schema, table in names:
            if found := self._catalog.find(schema, table):
                yield found

    def pins(self, names: Names) -> Iterator[Pin]:
        """The files of the folder itself that were opened for these."""
        for table in self.tables(names):
            yield from self._made.get(table.name, ())

    def direct(self, names: Names) -> list[File]:
        """Those that are read as they are, so that only their first rows are known."""
        return [t.parts[0].file for t in self.tables(names) if t.name in self._direct]

    def converted(self, names: Names) -> bool:
        """Whether the copy of a file has become ready that is read as it is until then."""
        return any(self._shelf.find(file) for file in self.direct(names))

    def not_ready(self, names: Names) -> list[File]:
        """What must be converted before these can be opened."""
        files: dict[str, File] = {}
        for schema, table in names:
            known = self._catalog.find(schema, table)
            if known is None:
                files |= {file.path: file for file in self._catalog.sheets_of(schema, table)}
            elif not self._can_be_direct(known, self._direct_bytes // _MIDDLING):
                files |= {file.path: file for file in known.missing()}
        return list(files.values())

    def can_be_direct(self, table: Table) -> bool:
        """Whether it is a text file so large, and so plain, that it is read as it is."""
        return self._can_be_direct(table, self._direct_bytes)

    def open(self, table: Table) -> None:
        """Makes the view, unless it is there. Raises ValueError, ChangedError or duckdb.Error."""
        if table.name not in self._made:
            self.open_again(table)

    def open_again(self, table: Table) -> None:
        """The same with a view that is there already."""
        if why := table.broken():
            raise ValueError(f"{why}.")
        form = self._form(table) if table.missing() else None
        try:
            pinned = self._catalog.pinned(table)
        except OSError as error:
            raise ValueError(f"{table.parts[0].file.path} can not be read: {reason(error)}.") from error
        if form is None:
            select = catalog.select(table)
            for part in table.parts:
                self._shelf.used(part.file)
        else:
            select = catalog.select_direct(self._database.connection, table, form)
            self._direct.add(table.name)
        if table.schema:
            self._database.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name(table.schema)}")
        view = ".".join(name(part) for part in (table.schema, table.table) if part)
        try:
            self._database.connection.execute(f"CREATE OR REPLACE VIEW {view} AS {select}")
        except duckdb.Error as error:
            why = plain_of_file(error, [str(part.path) for part in table.parts])
            raise ValueError(f"{table.parts[0].file.path} can not be read: {why}.") from error
        self._made[table.name] = pinned

    def _can_be_direct(self, table: Table, least_bytes: int) -> bool:
        return catalog.can_be_direct(table, least_bytes) and self._form(table) is not None

    def _form(self, table: Table) -> text.Form | None:
        """How a large text file is to be read as it is; None when it must be converted first."""
        if table.name not in self._forms:
            self._forms[table.name] = None
            with contextlib.suppress(ValueError, ChangedError, OSError):
                with os.fdopen(opened(self._root, table.parts[0].file.path), "rb") as raw:
                    form = text.form(raw)
                    direct = form.plain and not text_tables.has_long_line(raw)
                if direct:
                    self._forms[table.name] = form
        return self._forms[table.name]

"""Tableau's views and published data sources by SQL, views as files. Its calls stay in site.

What a query reads is fetched for it, into a folder that goes with the connection, and read by the engine of
files. The three locks: the guard and the engine; nothing here calls what changes anything; and an account
with the site role Viewer.
"""

import contextlib
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from server.connectors.base import Document, Entry, Limits, ParamValue
from server.connectors.tableau import tables as of_tableau
from server.connectors.tableau.folder import RowsFolder
from server.connectors.tableau.site import Site
from server.connectors.tableau.tables import FieldOf, Table
from server.engine.folder import DIALECT, FolderEngine
from server.outgoing import Outgoing
from shared import guard, paths
from shared.errors import NotFound, QueryCancelled, QueryFailed, SourceUnavailable, TooLarge
from shared.guard import ReadOnlySql
from shared.results import Result
from shared.wire import ColumnInfo, Schema, TableInfo

LOOK_AGAIN_SECONDS = 60.0
"""How old the list of views and data sources may be."""
_SCHEMA_SECONDS = 50.0
_HEAD_BYTES = 64 * 1024
"""Of each view, for its columns."""
_MOST_HEADS = 300
_FORMS = {".csv": ("data", "text/csv"), ".png": ("image", "image/png"), ".pdf": ("pdf", "application/pdf")}


class TableauConnector:
    """SqlConnector and FileConnector; see server/connectors/base."""

    dialect = DIALECT

    def __init__(
        self, outgoing: Outgoing, site: Site, folder: RowsFolder, *, memory_mb: int, copy_mb: int
    ) -> None:
        self._outgoing, self._site, self._kept = outgoing, site, folder
        self._folder = folder.path
        self._most_bytes = copy_mb * 1_000_000
        self._memory_mb = memory_mb
        self._engine = self._engine_over("rows")
        self._engine.ready()
        self._heads: FolderEngine | None = None
        """While the schema is read."""
        self._tables: dict[str, Table] = {}
        self._listed_at = 0.0
        self._fields: dict[str, Sequence[FieldOf]] = {}
        self._stopped = self._aborted = False
        self._warned: list[str] = []

    def ping(self) -> None:
        with self._outgoing.within(10):
            self._site.ping()

    def schema(self) -> Schema:
        """Types of a view's columns are those of its first rows."""
        self._warned = []
        found: list[TableInfo] = []
        heads = self._folder / "heads"
        with self._outgoing.within(_SCHEMA_SECONDS):
            self._list()
            views = [table for table in self._tables.values() if table.is_view]
            for table in views[:_MOST_HEADS]:
                with contextlib.suppress(NotFound):
                    self._head(table, heads)
            for table in self._tables.values():
                if not table.is_view and (fields := self._fields_of(table)):
                    columns = [ColumnInfo(one.name, one.type) for one in fields]
                    found.append(TableInfo(table.name, columns, comment=_comment(table)))
        if len(views) > _MOST_HEADS:
            self._warned.append(f"Only the first {_MOST_HEADS} of {len(views)} views are shown.")
        engine = self._heads = self._engine_over("heads")
        if self._aborted:  # before there was an engine to end
            engine.abort()
        try:
            for one in engine.schema().tables:
                if one.name in self._tables:
                    comment = _comment(self._tables[one.name])
                    plain = [
                        msgspec.structs.replace(column, nullable=True, samples_complete=False)
                        for column in one.columns
                    ]
                    found.append(TableInfo(one.name, plain, comment=comment))
        finally:
            self._heads = None
            engine.close()
        return Schema(tables=sorted(found, key=lambda one: one.name), dialect=DIALECT)

    def warnings(self) -> list[str]:
        return list(self._warned)

    def query(self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits) -> Result:
        guard.check_params(sql, DIALECT, params)
        started, self._stopped = time.monotonic(), False
        names = {name.replace('"', "").lower() for name in guard.tables(sql, DIALECT)}
        with self._outgoing.within(limits.timeout_seconds, query=True, request_id=limits.label):
            if names:
                self._list()
            for name in names & self._tables.keys():
                self._fetch(self._tables[name], sql, params)
        if names:
            self._engine.look_again()
        if self._stopped:
            raise QueryCancelled("The query was cancelled.")
        left = max(limits.timeout_seconds - (time.monotonic() - started), 0.01)
        return self._engine.query(sql, params, limits.max_rows, left)

    def cancel(self) -> None:
        self._stopped = True
        self._outgoing.stop()
        self._engine.cancel()

    def abort(self) -> None:
        self._aborted = True
        self._outgoing.abort()
        for engine in filter(None, (self._engine, self._heads)):
            engine.abort()

    def reset(self) -> bool:
        return self._engine.fit()

    def close(self) -> None:
        self._engine.close()
        self._site.close()
        self._kept.close()

    def list(self, path: str, limit: int) -> Sequence[Entry]:
        """Workbooks are folders; each view in them is a CSV, a PNG and a PDF."""
        files = self._files()
        wanted = path.strip("/")
        if not wanted:
            return [Entry(one, folder=True) for one in sorted({file.partition("/")[0] for file in files})][
                :limit
            ]
        found = [_entry(file, table) for file, table in files.items() if file.partition("/")[0] == wanted]
        if not found:
            raise NotFound(f"There is no workbook {path[:200]!r}.")
        return found[:limit]

    def search(self, text: str, limit: int) -> Sequence[Entry]:
        wanted = text.casefold()
        return [_entry(file, one) for file, one in self._files().items() if wanted in file.casefold()][:limit]

    def read(self, path: str, max_bytes: int) -> Document:
        table = self._files().get(path.strip("/"))
        if table is None:
            raise NotFound(f"There is no view {path[:200]!r}.")
        name = path.rpartition("/")[2]
        form, media_type = _FORMS[Path(name).suffix]
        with self._outgoing.within(_SCHEMA_SECONDS):
            data = b"".join(self._site.content(table.thing.id, form, max_bytes))
        return Document(name, media_type, data)

    def _files(self) -> dict[str, Table]:
        with self._outgoing.within(_SCHEMA_SECONDS):
            self._list()
        views = sorted((one for one in self._tables.values() if one.is_view), key=lambda one: one.name)
        return {f"{one.schema}/{one.table}{ending}": one for one in views for ending in _FORMS}

    def _list(self) -> None:
        if not self._tables or time.monotonic() - self._listed_at > LOOK_AGAIN_SECONDS:
            self._tables = of_tableau.named(self._site.views(), self._site.data_sources())
            self._fields = {}
            self._listed_at = time.monotonic()

    def _fetch(self, table: Table, sql: ReadOnlySql, params: Mapping[str, ParamValue]) -> None:
        target = self._folder / "rows" / table.schema / table.table
        if table.is_view:
            self._write(table, target.with_name(f"{table.table}.csv"), self._most_bytes)
            return
        known = self._fields_of(table)
        if not known:
            raise QueryFailed(
                "This Tableau answers no queries of data sources.",
                details="The VizQL Data Service is missing or this account may not use it; query a view.",
            )
        tree = guard.tree(sql, DIALECT)
        asked = of_tableau.needed(tree, known)
        conditions = of_tableau.filters(tree, known, params)
        question: dict[str, Any] = {"fields": [{"fieldCaption": one.name} for one in asked]}
        if conditions:
            question["filters"] = conditions
        body = {
            "datasource": {"datasourceLuid": table.thing.id},
            "query": question,
            "options": {"returnFormat": "OBJECTS", "disaggregate": True},
        }
        answer = self._site.vizql("query-datasource", body)
        of_tableau.write_rows(answer, asked, target.with_name(f"{table.table}.parquet"))

    def _fields_of(self, table: Table) -> Sequence[FieldOf]:
        found = self._fields.get(table.thing.id)
        if found is None:
            body = {"datasource": {"datasourceLuid": table.thing.id}}
            found = self._fields[table.thing.id] = of_tableau.fields(self._site.vizql("read-metadata", body))
        return found

    def _head(self, table: Table, heads: Path) -> None:
        """The first rows of a view."""
        target = heads / table.schema / f"{table.table}.csv"
        if not target.exists():
            self._write(table, target, _HEAD_BYTES, head=True)

    def _write(self, table: Table, target: Path, most_bytes: int, *, head: bool = False) -> None:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside, size = target.with_suffix(".part"), 0
        pieces = self._site.content(table.thing.id, "data", self._most_bytes)
        try:
            with beside.open("wb") as out, contextlib.closing(pieces):  # type: ignore[type-var]
                for piece in pieces:
                    out.write(piece)
                    size += len(piece)
                    if head and size >= most_bytes:
                        break
            if head and size >= most_bytes:
                _cut_at_a_row(beside)
            beside.replace(target)
        except TooLarge as error:
            raise TooLarge(
                f"The view {table.name} has more than {self._most_bytes:,} bytes of data.",
                details="Raise copy_mb of the connection, or filter the view in Tableau.",
            ) from error
        except OSError as error:
            raise SourceUnavailable("There is no room for a copy of Tableau's data.") from error
        finally:
            beside.unlink(missing_ok=True)

    def _engine_over(self, name: str) -> FolderEngine:
        root = paths.private_folder(self._folder / name)
        cache = paths.private_folder(self._folder / f"{name}-engine")
        threads = min(4, os.cpu_count() or 1)
        return FolderEngine(root, cache, memory_mb=self._memory_mb, threads=threads)


def _cut_at_a_row(path: Path) -> None:
    """What a whole row ends with: a line break outside quotes."""
    data = path.read_bytes()
    inside, last = False, len(data)
    for match in re.finditer(rb'["\n]', data):
        if match[0] == b'"':
            inside = not inside
        elif not inside:
            last = match.end()
    path.write_bytes(data[:last])


def _comment(table: Table) -> str:
    what = f"View {table.thing.name!r}" if table.is_view else f"Published data source {table.thing.name!r}"
    return f"{what}, project {table.thing.project!r}"[:300]


def _entry(path: str, table: Table) -> Entry:
    return Entry(path, False, _FORMS[Path(path).suffix][1], None, table.thing.updated_at)

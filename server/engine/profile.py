"""What the tables hold: columns, frequent values, keys. Found by looking at the data, once a version.

A primary key is a column named like one (``store_id`` or ``id`` in ``stores``) whose values are unique and
never missing; a foreign key is a column of that name elsewhere whose every value occurs in it. A key that
does not hold for every row is no key: a join along it would change sums.
"""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from server.engine import rows
from server.engine.convert import Source
from server.engine.tables import File
from shared.results import ColumnType
from shared.wire import ColumnInfo, ForeignKey, TableInfo

FORMAT = 1
"""Raised when the finding changes, so that older profiles are not used."""
MOST_SAMPLES = 200
FEW_SAMPLES = 20
_LOOKED_AT = 50_000
_MOST_ROWS = 20_000_000
"""Above this, keys are not looked for and values are not counted."""
_LONGEST_SAMPLE = 80
_KEY_TYPES = {ColumnType.INTEGER, ColumnType.TEXT}


class Profile:
    """The tables of one engine; asked once, kept in ``cache`` for every later process."""

    def __init__(
        self, connection: Any, cache: Path, files: Sequence[File], sources: Sequence[Source]
    ) -> None:
        self._connection = connection
        self._sources = sources
        versions = [(FORMAT, file.path, file.name, file.mtime_ns, file.size) for file in files]
        digest = hashlib.sha256(msgspec.msgpack.encode([versions, sources])).hexdigest()[:24]
        self._kept = cache / "profiles" / f"{digest}.msgpack"

    def tables(self) -> list[TableInfo]:
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return msgspec.msgpack.decode(self._kept.read_bytes(), type=list[TableInfo])
        found = self._with_references([self._table(source) for source in self._sources])
        with contextlib.suppress(OSError):  # a full disk only means that it is found again next time
            self._kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside = self._kept.with_suffix(f".{os.getpid()}.new")
            beside.write_bytes(msgspec.msgpack.encode(found))
            beside.replace(self._kept)
        return found

    def _table(self, source: Source) -> TableInfo:
        view = _view(source.name)
        shape = self._connection.sql(f"SELECT * FROM {view}")
        names = list(shape.columns)
        types = [column.type for column in rows.columns(names, [(str(t.id), str(t)) for t in shape.types])]
        counts = self._one(
            f"SELECT count(*), {', '.join(f'count({_name(name)})' for name in names)} FROM {view}"
        )
        total, filled = counts[0], counts[1:]
        texts = [name for name, kind in zip(names, types, strict=True) if kind is ColumnType.TEXT]
        samples = self._samples(view, texts) if total <= _MOST_ROWS else {}
        columns = [
            ColumnInfo(
                name,
                kind,
                nullable=present < total or total == 0,
                samples=samples.get(name, ([], False))[0],
                samples_complete=samples.get(name, ([], False))[1],
            )
            for name, kind, present in zip(names, types, filled, strict=True)
        ]
        key = self._primary_key(source.table, view, columns) if 0 < total <= _MOST_ROWS else []
        return TableInfo(source.name, columns, source.comment, primary_key=key, row_estimate=total)

    def _samples(self, view: str, names: list[str]) -> dict[str, tuple[list[str], bool]]:
        if not names:
            return {}
        asked = ", ".join(f"approx_count_distinct({_name(name)})" for name in names)
        about = self._one(f"SELECT {asked} FROM (SELECT * FROM {view} LIMIT {_LOOKED_AT})")
        found: dict[str, tuple[list[str], bool]] = {}
        for name, distinct in zip(names, about, strict=True):
            if distinct > 2 * MOST_SAMPLES:
                continue
            column = f"{_name(name)}::VARCHAR"
            counted = (
                f"SELECT {column} AS v, count(*) AS n FROM {view} WHERE {_name(name)} IS NOT NULL GROUP BY 1"
            )
            query = f"SELECT v FROM ({counted}) ORDER BY n DESC, v LIMIT {MOST_SAMPLES + 1}"
            values = [value for (value,) in self._connection.execute(query).fetchall()]
            complete = len(values) <= MOST_SAMPLES and all(len(value) <= _LONGEST_SAMPLE for value in values)
            shown = values if complete else [value[:_LONGEST_SAMPLE] for value in values[:FEW_SAMPLES]]
            found[name] = (shown, complete)
        return found

    def _primary_key(self, table: str, view: str, columns: list[ColumnInfo]) -> list[str]:
        likely = _own_keys(table)
        candidates = [c for c in columns if c.type in _KEY_TYPES and not c.nullable]
        candidates = [
            c for c in candidates if c.name.lower() in likely or (c is columns[0] and _looks_like_key(c.name))
        ]
        for column in sorted(candidates, key=lambda c: (c.name.lower() not in likely, columns.index(c))):
            (unique,) = self._one(f"SELECT count(DISTINCT {_name(column.name)}) = count(*) FROM {view}")
            if unique:
                return [column.name]
        return []

    def _with_references(self, tables: list[TableInfo]) -> list[TableInfo]:
        return [
            msgspec.structs.replace(
                child,
                foreign_keys=[
                    ForeignKey([column.name], parent.name, list(parent.primary_key))
                    for column in child.columns
                    for parent in tables
                    if self._refers(child, column, parent)
                ],
            )
            for child in tables
        ]

    def _refers(self, child: TableInfo, column: ColumnInfo, parent: TableInfo) -> bool:
        if parent is child or len(parent.primary_key) != 1 or not child.row_estimate:
            return False
        table, key = parent.name.rpartition(".")[2], parent.primary_key[0]
        kind = next(c.type for c in parent.columns if c.name == key)
        if column.type is not kind or not _named_after(column.name.lower(), key.lower(), table):
            return False
        if [column.name] == child.primary_key and column.name.lower() in _own_keys(
            child.name.rpartition(".")[2]
        ):
            return False
        inside = f"SELECT DISTINCT {_name(column.name)} AS v FROM {_view(child.name)} WHERE v IS NOT NULL"
        missing = f"NOT EXISTS (SELECT 1 FROM {_view(parent.name)} AS p WHERE p.{_name(key)} = c.v)"
        found, strangers = self._one(f"SELECT count(*), count(*) FILTER ({missing}) FROM ({inside}) AS c")
        return bool(found) and not strangers

    def _one(self, query: str) -> Sequence[Any]:
        row: Sequence[Any] = self._connection.execute(query).fetchone()
        return row


def _own_keys(table: str) -> set[str]:
    """What a table's own key would be called."""
    singulars = {table, table.removesuffix("s"), table.removesuffix("es")}
    if table.endswith("ies"):
        singulars.add(table.removesuffix("ies") + "y")
    endings = ("_id", "_code", "_key", "_no", "id", "_number")
    return {"id", "code", "key"} | {one + ending for one in singulars for ending in endings} | singulars


def _looks_like_key(name: str) -> bool:
    return name.lower().endswith(("id", "code", "key"))


def _named_after(column: str, key: str, table: str) -> bool:
    """``store_id`` and ``from_store_id`` name the key ``store_id``; ``store_id`` also names ``stores.id``."""
    if key in {"id", "code", "key"}:
        return column in _own_keys(table) - {"id", "code", "key", table}
    return column == key or column.endswith(f"_{key}")


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _view(name: str) -> str:
    return ".".join(_name(part) for part in name.split("."))

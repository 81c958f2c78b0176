"""What the tables hold: columns, frequent values, keys. Found by looking at the data, once a version.

A primary key is a column named like one (``store_id`` or ``id`` in ``stores``) whose values are unique and
never missing; a foreign key is a column of that name elsewhere whose every value occurs in it. A key that
does not hold for every row is no key: a join along it would change sums.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from server.engine.catalog import Table
from server.engine.pins import ChangedError
from shared.engine import quoting, rows
from shared.results import ColumnType
from shared.wire import ColumnInfo, ForeignKey, TableInfo

FORMAT = 2
"""Raised when the finding changes, so that older profiles are not used."""
MOST_SAMPLES = 200
FEW_SAMPLES = 20
_LOOKED_AT = 50_000
_MOST_ROWS = 20_000_000
"""Above this, keys are not looked for and values are not counted."""
_MOST_PARENTS = 8
"""A column that could refer to more tables than this, refers to none: the name says nothing."""
_LONGEST_SAMPLE = 80
_SECONDS = 10.0
"""After this long, the tables that are left get their columns and nothing more."""
_BARE_KEYS = {"id", "code", "key"}
_KEY_TYPES = {ColumnType.INTEGER, ColumnType.TEXT}


class Profile:
    """Of the tables of one engine; each is kept in ``cache`` for every later process. ``opened`` makes a
    table one that can be queried, or raises why it can not be read."""

    def __init__(self, connection: Any, cache: Path, opened: Callable[[Table], None]) -> None:
        self._connection = connection
        self._cache = cache
        self._opened = opened

    def tables(self, tables: Sequence[Table], direct: Collection[str]) -> tuple[list[TableInfo], int]:
        """What can be read, and of how many tables there was no time to find more than their columns.
        ``direct``: those that are being converted; to count in them would take long."""
        everything = _file(self._cache, tables)
        if found := _read(everything):
            return found, 0
        until = time.monotonic() + _SECONDS
        found, hurried, unreadable = [], 0, False
        for table in tables:
            file = _file(self._cache, [table])
            kept = _read(file)
            try:
                if kept is None and (table.name in direct or time.monotonic() > until):
                    hurried += table.name not in direct
                    kept = [self._columns_only(table)]
                elif kept is None:
                    kept = [self._table(table)]
                    _write(file, kept)
            except (ValueError, OSError, ChangedError):
                unreadable = True  # told by warnings
                continue
            found += kept
        found = self._with_references(found, {table.name: table for table in tables}, until)
        if not hurried and not direct and not unreadable and time.monotonic() < until:
            _write(everything, found)
        return found, hurried

    def _columns_only(self, table: Table) -> TableInfo:
        names, types = self._shape(table)
        return TableInfo(
            table.name, [ColumnInfo(*pair) for pair in zip(names, types, strict=True)], table.comment
        )

    def _shape(self, table: Table) -> tuple[list[str], list[ColumnType]]:
        self._opened(table)
        shape = self._connection.sql(f"SELECT * FROM {quoting.path(table.name)}")
        names = list(shape.columns)
        return names, [one.type for one in rows.columns(names, [(str(t.id), str(t)) for t in shape.types])]

    def _table(self, table: Table) -> TableInfo:
        view = quoting.path(table.name)
        names, types = self._shape(table)
        counts = self._one(
            f"SELECT count(*), {', '.join(f'count({quoting.name(name)})' for name in names)} FROM {view}"
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
        key = self._primary_key(table.table, view, columns) if 0 < total <= _MOST_ROWS else []
        return TableInfo(table.name, columns, table.comment, primary_key=key, row_estimate=total)

    def _samples(self, view: str, names: list[str]) -> dict[str, tuple[list[str], bool]]:
        if not names:
            return {}
        asked = ", ".join(f"approx_count_distinct({quoting.name(name)})" for name in names)
        about = self._one(f"SELECT {asked} FROM (SELECT * FROM {view} LIMIT {_LOOKED_AT})")
        found: dict[str, tuple[list[str], bool]] = {}
        for name, distinct in zip(names, about, strict=True):
            if distinct > 2 * MOST_SAMPLES:
                continue
            column = f"{quoting.name(name)}::VARCHAR"
            filled = f"{view} WHERE {quoting.name(name)} IS NOT NULL"
            counted = f"SELECT {column} AS v, count(*) AS n FROM {filled} GROUP BY 1"
            query = f"SELECT v FROM ({counted}) ORDER BY n DESC, v LIMIT {MOST_SAMPLES + 1}"
            values = [value for (value,) in self._connection.execute(query).fetchall()]
            found[name] = shown(values)
        return found

    def _primary_key(self, table: str, view: str, columns: list[ColumnInfo]) -> list[str]:
        for column in key_candidates(table, columns):
            (unique,) = self._one(
                f"SELECT count(DISTINCT {quoting.name(column.name)}) = count(*) FROM {view}"
            )
            if unique:
                return [column.name]
        return []

    def _with_references(
        self, tables: Sequence[TableInfo], opened: Mapping[str, Table], until: float
    ) -> list[TableInfo]:
        parents = _Parents(tables)
        found = []
        for child in tables:
            keys = []
            for column in child.columns:
                possible = parents.of(column.name)
                if len(possible) <= _MOST_PARENTS and time.monotonic() < until:
                    keys += [
                        ForeignKey([column.name], parent.name, list(parent.primary_key))
                        for parent in possible
                        if self._refers(child, column, parent, opened)
                    ]
            found.append(msgspec.structs.replace(child, foreign_keys=keys))
        return found

    def _refers(
        self, child: TableInfo, column: ColumnInfo, parent: TableInfo, tables: Mapping[str, Table]
    ) -> bool:
        if parent is child or len(parent.primary_key) != 1 or not child.row_estimate:
            return False
        key = parent.primary_key[0]
        kind = next(c.type for c in parent.columns if c.name == key)
        if column.type is not kind:
            return False
        if [column.name] == child.primary_key and column.name.lower() in _own_keys(
            child.name.rpartition(".")[2]
        ):
            return False
        try:
            self._opened(tables[child.name])
            self._opened(tables[parent.name])
        except (ValueError, OSError, ChangedError):
            return False
        inside = f"SELECT DISTINCT {quoting.name(column.name)} AS v FROM {quoting.path(child.name)}"
        inside += " WHERE v IS NOT NULL"
        missing = (
            f"NOT EXISTS (SELECT 1 FROM {quoting.path(parent.name)} AS p WHERE p.{quoting.name(key)} = c.v)"
        )
        found, strangers = self._one(f"SELECT count(*), count(*) FILTER ({missing}) FROM ({inside}) AS c")
        return bool(found) and not strangers

    def _one(self, query: str) -> Sequence[Any]:
        row: Sequence[Any] = self._connection.execute(query).fetchone()
        return row


def shown(values: Sequence[str]) -> tuple[list[str], bool]:
    """Of a column's values, the most frequent first, those that are told, and whether they are all."""
    if len(values) <= MOST_SAMPLES and all(len(value) <= _LONGEST_SAMPLE for value in values):
        return list(values), True
    return [value[:_LONGEST_SAMPLE] for value in values[:FEW_SAMPLES]], False


def key_candidates(table: str, columns: Sequence[ColumnInfo]) -> list[ColumnInfo]:
    """Those that are the table's key if their values are unique, the likeliest first."""
    likely = _own_keys(table)
    possible = [
        (column.name.lower() not in likely, position, column)
        for position, column in enumerate(columns)
        if column.type in _KEY_TYPES
        and not column.nullable
        and (column.name.lower() in likely or (position == 0 and _looks_like_key(column.name)))
    ]
    return [column for *_, column in sorted(possible, key=lambda one: one[:2])]


def keep(cache: Path, table: Table, found: TableInfo) -> None:
    """What was found out elsewhere about a table."""
    _write(_file(cache, [table]), [found])


def _own_keys(table: str) -> set[str]:
    """What a table's own key would be called."""
    singulars = {table, table.removesuffix("s"), table.removesuffix("es")}
    if table.endswith("ies"):
        singulars.add(table.removesuffix("ies") + "y")
    endings = ("_id", "_code", "_key", "_no", "id", "_number")
    return {"id", "code", "key"} | {one + ending for one in singulars for ending in endings} | singulars


def _looks_like_key(name: str) -> bool:
    return name.lower().endswith(("id", "code", "key"))


class _Parents:
    """Which tables a column may refer to, by its name: ``store_id`` and ``from_store_id`` name the key
    ``store_id``; ``store_id`` also names ``stores.id``."""

    def __init__(self, tables: Sequence[TableInfo]) -> None:
        self._by_key: dict[str, list[TableInfo]] = {}
        self._by_table: dict[str, list[TableInfo]] = {}
        for table in tables:
            if len(table.primary_key) != 1:
                continue
            key, short = table.primary_key[0].lower(), table.name.rpartition(".")[2]
            if key in _BARE_KEYS:
                for one in _own_keys(short) - {*_BARE_KEYS, short}:
                    self._by_table.setdefault(one, []).append(table)
            else:
                self._by_key.setdefault(key, []).append(table)

    def of(self, column: str) -> list[TableInfo]:
        parts = column.lower().split("_")
        endings = ["_".join(parts[start:]) for start in range(len(parts))]
        found = [table for ending in endings for table in self._by_key.get(ending, ())]
        return found + self._by_table.get(column.lower(), [])


def _file(cache: Path, tables: Sequence[Table]) -> Path:
    return cache / "profiles" / f"{_digest(tables)}.msgpack"


def _digest(tables: Sequence[Table]) -> str:
    versions = [
        (FORMAT, table.name, table.comment, [(part.file, part.source) for part in table.parts])
        for table in tables
    ]
    return hashlib.sha256(msgspec.msgpack.encode(versions)).hexdigest()[:24]


def _read(file: Path) -> list[TableInfo] | None:
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.msgpack.decode(file.read_bytes(), type=list[TableInfo])
    return None


def _write(file: Path, found: list[TableInfo]) -> None:
    with contextlib.suppress(OSError):  # a full disk only means that it is found again next time
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = file.with_suffix(f".{os.getpid()}.new")
        beside.write_bytes(msgspec.msgpack.encode(found))
        beside.replace(file)

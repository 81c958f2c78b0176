"""A folder of files as a connection. The engine behind it stays in server/engine.

Each connection has a process of its own (see server/engine/folder). The second lock is the worker's (see
there); the third is the account that the backend runs as, which needs only to read the folder.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from server import reach
from server.connectors.base import Document, Entry, Field, Kind, Limits, ParamValue, memory_field
from server.connectors.filesystem import files as filesystem_files
from server.engine import tables
from server.engine.folder import CACHE_MB, DIALECT, FolderEngine
from server.engine.tables import Rule
from shared import paths
from shared.errors import InvalidRequest
from shared.guard import ReadOnlySql
from shared.results import Result
from shared.wire import Schema

_SYSTEM = frozenset(Path(path) for path in ("/proc", "/sys", "/dev", "/run", "/boot", "/etc"))


class FilesystemConnector:
    """SqlConnector and FileConnector over a folder; see server/connectors/base."""

    dialect = DIALECT

    def __init__(
        self,
        root: Path,
        *,
        memory_mb: int,
        threads: int,
        rules: Sequence[Rule] = (),
        cache_mb: int = CACHE_MB,
    ) -> None:
        self._root = root
        cache = paths.private_folder(paths.home() / "cache" / "files")
        self._engine = FolderEngine(
            root, cache, memory_mb=memory_mb, threads=threads, rules=rules, cache_mb=cache_mb
        )

    def ping(self) -> None:
        self._engine.ready()

    def schema(self) -> Schema:
        return self._engine.schema()

    def warnings(self) -> list[str]:
        """The files that are no tables; that the folder could be written to is no danger, since the
        engine can not."""
        return self._engine.broken()

    def query(self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits) -> Result:
        return self._engine.query(sql, params, limits.max_rows, limits.timeout_seconds)

    def list(self, path: str, limit: int) -> Sequence[Entry]:
        return filesystem_files.listed(self._root, path, limit)

    def search(self, text: str, limit: int) -> Sequence[Entry]:
        return filesystem_files.searched(self._root, text, limit)

    def read(self, path: str, max_bytes: int) -> Document:
        return filesystem_files.read(self._root, path, max_bytes)

    def cancel(self) -> None:
        self._engine.cancel()

    def abort(self) -> None:
        self._engine.abort()

    def reset(self) -> bool:
        return self._engine.fit()

    @property
    def engine_pid(self) -> int:
        """The process of the engine, for looking at it from outside. Starts it when there is none."""
        return self._engine.pid

    def close(self) -> None:
        self._engine.close()


def open_(params: Mapping[str, Any], _timeout_seconds: float) -> FilesystemConnector:
    root = _root(params)
    rules = _rules(params)
    reach.current().check_folder(str(root))
    connector = FilesystemConnector(
        root,
        memory_mb=int(params.get("memory_mb") or 1024),
        threads=int(params.get("threads") or 0) or min(4, os.cpu_count() or 1),
        rules=rules,
        cache_mb=int(params.get("cache_mb") or CACHE_MB),
    )
    connector.ping()
    return connector


def _folders(params: Mapping[str, Any]) -> list[str]:
    """Raises InvalidRequest for fields with which no folder could ever be opened."""
    _rules(params)
    return [str(_root(params))]


def _root(params: Mapping[str, Any]) -> Path:
    root = Path(os.path.expanduser(str(params["root"])))  # noqa: PTH111 - raises nothing
    if not root.is_absolute():
        raise InvalidRequest("The root of a file connection must be an absolute path, such as /data/reports.")
    _refuse_our_own(root)
    return root


def _rules(params: Mapping[str, Any]) -> list[tables.Rule]:
    try:
        return tables.rules(str(params.get("tables") or ""))
    except ValueError as error:
        raise InvalidRequest(f"The field 'tables' can not be used: {error}.") from error


def _refuse_our_own(root: Path) -> None:
    """Raises InvalidRequest for a folder in which secrets lie: ours, copies of what other connections may
    show, and the system's."""
    real = Path(os.path.realpath(root))
    home = Path(os.path.realpath(paths.home()))
    state = home / "backend"
    # what is hidden by a dot is shown to nobody, and so may lie below
    holds_state = real in state.parents and not any(
        part.startswith(".") for part in state.relative_to(real).parts
    )
    system = any(part in _SYSTEM for part in (real, *real.parents)) or real == Path(real.anchor)
    demo = home / "demo"  # a home of its own, beside the data that everybody may see
    ours = {state, home / "cache", demo / "backend", demo / "cache"} & {real, *real.parents}
    if real in (home, demo) or ours or holds_state or system:
        raise InvalidRequest(
            f"{root} can not be the root of a file connection: secrets of ours or of the system lie there.",
            details="Name the folder in which the files lie.",
        )


KIND = Kind(
    type="filesystem",
    label="Folder of files",
    dialect="duckdb",
    fields=(
        Field("root", "Folder", help="On the backend's machine; CSV, Parquet, JSON, Excel."),
        memory_field("What one query may use."),
        Field(
            "threads",
            "Threads",
            type=int,
            between=(0, 256),
            required=False,
            default=0,
            help="0: up to four, by the machine.",
        ),
        Field(
            "tables",
            "Files that are one table",
            required=False,
            default="",
            help="Such as sales = sales_*.csv; visits = visits/**/*.csv. Folders year=2026 need no rule.",
        ),
        Field(
            "cache_mb",
            "Disk for converted copies (MB)",
            type=int,
            between=(1, 100_000_000),
            required=False,
            default=CACHE_MB,
            help="Shared by all folders; what was not used for longest goes first.",
        ),
    ),
    open=open_,
    folders=_folders,
)

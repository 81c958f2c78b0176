"""The engine of today's ClickHouse for tests, and what it has of accounts. Its wire shells stay in
clickhouse_native and clickhouse_now."""

import contextlib
import importlib
import re
from pathlib import Path
from typing import Any

from tests.peers import clickhouse_data
from tests.peers.clickhouse import ADMIN, PASSWORDS, READER

USERS = {name: PASSWORDS[name] for name in (ADMIN, READER)}
READS_ROWS = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


class Engine:
    """chdb's engine, of which a process has one; a connection for every client."""

    def __init__(self, folder: str) -> None:
        chdb: Any = importlib.import_module("chdb")
        self._connect = chdb.connect
        self.path = str(Path(folder, "data"))
        self._first = self._connect(self.path)
        self.version = self.text("SELECT version()")
        self.zone = self.text("SELECT timezone()")
        self._first.query(f"CREATE DATABASE {clickhouse_data.SHOP}")
        self._first.query(f"USE {clickhouse_data.SHOP}")
        for statement in (*clickhouse_data.SHOP_TABLES, *clickhouse_data.NEW_TABLES):
            self._first.query(statement)

    def connect(self, database: str) -> Any:
        connection = self._connect(self.path)
        if database:
            connection.query(f"USE {database}")
        return connection

    def text(self, sql: str) -> str:
        return self._first.query(sql, "TSVRaw").bytes().decode().strip()  # type: ignore[no-any-return]

    def kill(self, query_id: str) -> None:
        """From any thread, by a connection of its own."""
        with contextlib.suppress(RuntimeError):
            self.connect("").query(by_comment(f"KILL QUERY WHERE query_id = '{query_id}' ASYNC"))


def by_comment(sql: str) -> str:
    """The engine numbers its queries itself; the id that a client gives travels as a comment."""
    return sql.replace("query_id = '", "Settings['log_comment'] = '")


def refused_settings(user: str, settings: dict[str, str]) -> str:
    if user != READER or not settings:
        return ""
    name = next(iter(settings))
    return f"Code: 164. DB::Exception: Cannot modify '{name}' setting in readonly mode. (READONLY)"


def with_settings(sql: str, user: str, query_id: str, settings: dict[str, str]) -> str:
    if not READS_ROWS.match(sql):
        return by_comment(sql)
    own = {"log_comment": query_id, **settings}
    if user == READER:
        own["readonly"] = "1"
    listed = ", ".join(f"{name} = '{value}'" for name, value in own.items())
    return f"{by_comment(sql)}\nSETTINGS {listed}"

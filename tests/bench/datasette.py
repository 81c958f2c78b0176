"""Datasette over the same rows in SQLite, which is what it serves."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote_plus

from tests.bench import installing, started
from tests.bench.wire import Ask, Server

_TABLE = (
    "CREATE TABLE lines (line_id INTEGER PRIMARY KEY, sold_on TEXT, store_id INTEGER, item TEXT,"
    " quantity INTEGER, net REAL, discount REAL)"
)


@contextlib.contextmanager
def running(folder: Path, rows: int) -> Iterator[Server]:
    """Raises Unavailable."""
    program = installing.datasette()
    file = folder / "shop.db"
    _fill(file, rows)
    port = started.free_port()
    settings = {"max_returned_rows": rows + 1, "sql_time_limit_ms": 60_000, "force_https_urls": 0}
    options = [word for name, value in settings.items() for word in ("--setting", name, str(value))]
    command = [str(program), "serve", "--immutable", str(file), "--port", str(port), *options]
    with started.process(command, folder / "datasette.log", port) as process:
        yield Server(process.pid, port)


def ask(sql: str) -> Ask:
    """``:id`` in it is the number that changes."""
    number = "&id=%d" if ":id" in sql else ""
    return Ask(f"/shop.json?sql={quote_plus(sql)}&_shape=arrays{number}", expected=b"Item ")


def _fill(file: Path, rows: int) -> None:
    begin = date(2024, 4, 1)
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(_TABLE)
        connection.executemany(
            "INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    i,
                    str(begin + timedelta(days=i % 730)),
                    i % 400,
                    f"Item {i % 5000}",
                    i % 7,
                    i * 37 % 1_000_000 / 100,
                    i * 0.25,
                )
                for i in range(1, rows + 1)
            ),
        )
        connection.commit()

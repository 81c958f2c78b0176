"""A source made of numbers: an SqlConnector that does what the query's text asks for.

For pools, deadlines and answers as such; what real sources do is tested with real sources. Its
SQL: ``SELECT n FROM numbers`` counts to ten thousand. Tables change what happens: ``endless``,
``sleeping``, ``deaf`` (cannot be stopped for a while), ``breaking`` (fails after some rows),
``dead`` (the connection is lost), ``bug`` (raises what nobody expects), ``things`` (every type), ``stalling``
(two rows at first, one more each time that ``Counts.go_on`` is released, and five at most).
"""

import itertools
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from server.connectors.base import Field, Kind, Limits, ParamValue
from shared.errors import QueryCancelled, QueryFailed, QueryTimeout, SourceUnavailable
from shared.guard import ReadOnlySql
from shared.results import Batch, Column, ColumnType, JsonRows, Result, Rows
from shared.wire import ColumnInfo, Schema, TableInfo

NUMBERS = [Column("n", ColumnType.INTEGER)]
THINGS = [Column(name, ColumnType.TEXT) for name in "abcdef"]
ROWS_OF_THINGS: list[list[object]] = [
    [None, "", 'say "hi", she said', Decimal("10.50"), True, date(2026, 3, 31)],
    ["two\nlines", " padded ", "नमस्ते", Decimal("NaN"), float("inf"), {"a": [1, None]}],
]


class Counts(msgspec.Struct):
    """What happened to all connections of a test together."""

    opened: int = 0
    closed: int = 0
    running: int = 0
    cancelled: int = 0
    reset: int = 0
    most_running: int = 0
    pieces: int = 0
    schemas: int = 0
    go_on: threading.Semaphore = msgspec.field(default_factory=lambda: threading.Semaphore(0))


class NumberConnector:
    """One open connection."""

    dialect = "duckdb"

    def __init__(self, counts: Counts, params: Mapping[str, Any]) -> None:
        self.params = params
        self._counts = counts
        self._stop = threading.Event()
        self._dead = False
        counts.opened += 1

    def die(self) -> None:
        self._dead = True

    def ping(self) -> None:
        if self._dead:
            raise SourceUnavailable("The source has gone away.")

    def schema(self) -> Schema:
        self._counts.schemas += 1
        column = ColumnInfo("n", ColumnType.INTEGER, nullable=False)
        return Schema([TableInfo("numbers", [column])])

    def warnings(self) -> list[str]:
        return ["This account can write."]

    def reset(self) -> bool:
        self._counts.reset += 1
        self._stop.clear()
        return not self._dead

    def close(self) -> None:
        self._counts.closed += 1

    def cancel(self) -> None:
        self._counts.cancelled += 1
        self._stop.set()

    def query(self, sql: ReadOnlySql, params: Mapping[str, ParamValue], limits: Limits) -> Result:
        if params:
            raise QueryFailed("Numbers know no parameters.")
        table = sql.rpartition("FROM ")[2].split()[0].strip('"')
        columns = THINGS if table == "things" else NUMBERS
        deadline = time.monotonic() + limits.timeout_seconds
        stalls = table == "stalling"
        batches = self._stalling(deadline) if stalls else self._batches(table, limits.max_rows, deadline)
        counted = self._counted(batches)
        rows: Iterator[Batch] = counted
        if table in ("sleeping", "deaf", "dead", "bug"):
            rows = itertools.chain([next(rows)], rows)
        result = Result(columns, rows, close=counted.close)
        result.truncated = limits.max_rows < {"numbers": 10_000, "things": 2}.get(table, 0)
        return result

    def _counted(self, batches: Iterator[Batch]) -> Generator[Batch, None, None]:
        self._counts.running += 1
        self._counts.most_running = max(self._counts.most_running, self._counts.running)
        try:
            for batch in batches:
                self._counts.pieces += 1
                yield batch
        finally:
            self._counts.running -= 1

    def _batches(self, table: str, most: int, deadline: float) -> Iterator[Batch]:
        match table:
            case "numbers":
                yield _lines(range(min(10_000, most)))
            case "things":
                yield Rows(ROWS_OF_THINGS[:most])
            case "endless":
                for start in itertools.count(0, 10_000):
                    self._wait(0, deadline)
                    yield _lines(range(start, start + 10_000))
            case "breaking":
                for start in range(0, 100_000, 10_000):
                    yield _lines(range(start, start + 10_000))
                raise QueryFailed("Division by zero in row 100000.")
            case "sleeping":
                self._wait(30, deadline)
            case "deaf":
                time.sleep(1.0)
                yield _lines(range(1))
            case "dead":
                self._dead = True
                raise SourceUnavailable("The source has gone away.")
            case "bug":
                raise ZeroDivisionError("secret detail")
            case _:
                raise QueryFailed(f"There is no table {table}.")

    def _stalling(self, deadline: float) -> Iterator[Batch]:
        yield _lines(range(2))
        for number in range(2, 5):
            while not self._counts.go_on.acquire(timeout=0.02):
                self._wait(0, deadline)
            yield _lines(range(number, number + 1))

    def _wait(self, seconds: float, deadline: float) -> None:
        if self._stop.wait(min(seconds, max(deadline - time.monotonic(), 0))):
            raise QueryCancelled("The source stopped the query.")
        if time.monotonic() >= deadline:
            raise QueryTimeout("The source's own time was up.")


def _lines(numbers: range) -> JsonRows:
    return JsonRows(b"".join(b"[%d]\n" % number for number in numbers), len(numbers))


def number_kind(counts: Counts, seen: Callable[[Mapping[str, Any]], None] = lambda params: None) -> Kind:
    """``seen`` is told the params of each connection that is opened."""

    def open_numbers(params: Mapping[str, Any], timeout: float) -> NumberConnector:
        seen(params)
        if params.get("host") == "nowhere":
            time.sleep(0.2)
            raise SourceUnavailable("The host nowhere cannot be reached.")
        return NumberConnector(counts, params)

    return Kind(
        type="numbers",
        label="Numbers",
        dialect="duckdb",
        fields=(
            Field("host", "Host", default="localhost", required=False, guards_secret=True),
            Field("port", "Port", type=int, default=1, required=False, guards_secret=True),
            Field("password", "Password", secret=True, required=False),
        ),
        open=open_numbers,
        hosts=lambda params: (),  # its host is made up
    )

"""Asking a connection in one line. The guard is off here: what it would refuse goes to the source."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from server.connectors.base import Limits, QuickAnswer
from server.connectors.postgres.session import PostgresConnector
from shared.errors import AppError
from shared.guard import ReadOnlySql
from shared.results import Column, JsonRows


class Answer:
    def __init__(self, columns: tuple[Column, ...], lines: list[bytes], *, truncated: bool) -> None:
        self.columns, self.truncated = columns, truncated
        self.lines = lines
        self.rows: list[list[Any]] = [json.loads(line) for line in lines]

    @property
    def types(self) -> list[str]:
        return [column.type.value for column in self.columns]

    @property
    def row(self) -> list[Any]:
        (row,) = self.rows
        return row


def ask(
    connection: PostgresConnector, sql: str, *, max_rows: int = 1000, seconds: float = 30, **params: Any
) -> Answer:
    """Reads the whole answer, and puts the connection back as a pool would."""
    try:
        with connection.query(ReadOnlySql(sql), params, Limits(max_rows, seconds)) as result:
            lines: list[bytes] = []
            for batch in result.batches():
                assert isinstance(batch, JsonRows)
                *rows, end = batch.data.split(b"\n")
                assert (len(rows), end) == (batch.count, b"")
                lines += rows
            return Answer(result.columns, lines, truncated=result.truncated)
    finally:
        connection.reset()


def quickly(
    connection: PostgresConnector,
    sql: str,
    *,
    max_rows: int = 1000,
    seconds: float = 30,
    meanwhile: Callable[[], None] = lambda: None,
    **params: Any,
) -> QuickAnswer | None:
    """Raises what it ends with. ``meanwhile`` is called when the query is on its way."""

    async def asking() -> QuickAnswer | None:
        future: asyncio.Future[QuickAnswer | AppError | None] = asyncio.get_running_loop().create_future()
        limits = Limits(max_rows, seconds)
        if not connection.quickly(ReadOnlySql(sql), params, limits, future.set_result):
            return None
        meanwhile()
        try:
            answer = await asyncio.wait_for(future, 60)
        finally:
            connection.stop_listening()
        if isinstance(answer, AppError):
            raise answer
        return answer

    return asyncio.run(asking())

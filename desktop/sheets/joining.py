"""A private join: a spreadsheet of this PC with a governed result, put together on this PC.

The backend is asked what it would be asked without the sheet: nothing of the sheet goes there, no key either.
What comes back is laid beside the sheet in the local DuckDB, and goes when the answer is there.
"""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from desktop.events import Reading
from desktop.sheets.asking import Amounts, Governed, Keys, Matched
from desktop.sheets.known import NamedTable, get_table
from desktop.sheets.sheets import Sheets
from shared.backend_client import BackendClient, QueryResult
from shared.backend_client.stopping import stoppable
from shared.csv_rows import csv_of_lines
from shared.errors import QueryCancelled, QueryFailed, ToolRefused
from shared.json_rows import lines_of
from shared.results import ColumnType

GOVERNED = "governed"
MOST_GOVERNED_ROWS = 1_000_000
_SECONDS = 120.0


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """``governed_sql`` is in the dialect of ``connection`` and becomes the table ``governed``; ``sql`` is
    DuckDB's, over ``joined``, ``governed`` and the local tables. ``keys`` are (local, governed) columns."""

    table: str
    connection: str
    governed_sql: str
    keys: list[tuple[str, str]]
    sql: str


Decide = Callable[[Governed, NamedTable], Join]
"""Gives the whole join when the governed columns are known, for who cannot say the rest before."""


class Joined(msgspec.Struct, frozen=True):
    join: Join
    result: QueryResult
    matched: Matched
    table: NamedTable
    amounts: list[Amounts]

    def readings(self) -> list[Reading]:
        """For the card and the receipt: both sources, and what found what."""
        m, join = self.matched, self.join
        pairs = ", ".join(f"{local} = {governed}" for local, governed in join.keys)
        told = [
            Reading("Sheet on this PC", f"{self.table.path} · {self.table.name} · {m.local:,} rows"),
            Reading("Governed result", f"{join.connection} · {m.governed:,} rows · {join.governed_sql}"),
            Reading("Joined on", pairs),
            Reading(
                "Rows of the sheet", f"{m.local_matched:,} matched, {m.local - m.local_matched:,} did not"
            ),
            Reading(
                "Rows of the governed result",
                f"{m.governed_matched:,} matched, {m.governed - m.governed_matched:,} did not",
            ),
        ]
        if m.repeated:
            told.append(
                Reading(
                    "Counted more than once",
                    f"{m.repeated:,} keys stand in several governed rows, so figures of the sheet repeat "
                    f"for them",
                )
            )
        return told


class Joining:
    """Runs joins; keeps nothing of them."""

    def __init__(self, sheets: Sheets, client: Callable[[], BackendClient]) -> None:
        self.sheets = sheets
        self._client = client

    def run(
        self,
        join: Join,
        *,
        max_rows: int,
        cancelled: Callable[[], None],
        on_stop: Callable[[Callable[[], None]], Callable[[], None]],
        decide: Decide | None = None,
    ) -> Joined:
        """Raises an AppError; ToolRefused where the model can do better."""
        table = get_table(self.sheets.tables(), join.table)
        if decide is None:
            _check_keys(join, table)
        file = self.sheets.beside(".csv")
        try:
            governed = self._fetch(join, file, cancelled, on_stop)
            if decide is not None:
                join = decide(governed, table)
            _check_governed(join, governed)
            result, answer = self.sheets.ask(
                join.sql,
                max_rows=max_rows,
                governed=governed,
                keys=Keys(
                    table.name,
                    [local for local, _ in join.keys],
                    [other for _, other in join.keys],
                    [column.name for column in table.table.columns if column.type.is_number],
                ),
                cancelled=cancelled,
            )
        finally:
            file.unlink(missing_ok=True)
        if answer.matched is None:
            raise QueryFailed("The join gave no answer.")
        return Joined(join, result, answer.matched, table, answer.amounts)

    def _fetch(
        self,
        join: Join,
        file: Path,
        cancelled: Callable[[], None],
        on_stop: Callable[[Callable[[], None]], Callable[[], None]],
    ) -> Governed:
        """All rows of the governed result: a sum over a part of them would be a wrong number."""
        client = self._client()
        began = time.monotonic()
        try:
            with (
                stoppable(client, on_stop) as query_id,
                client.stream_query(
                    join.connection,
                    join.governed_sql,
                    max_rows=MOST_GOVERNED_ROWS,
                    timeout_seconds=_SECONDS,
                    query_id=query_id,
                ) as stream,
            ):
                nested = any(column.type is ColumnType.JSON for column in stream.columns)
                with file.open("xb") as out:
                    file.chmod(0o600)
                    for batch in stream.batches():
                        cancelled()
                        out.write(csv_of_lines(lines_of(batch, stream.columns), nested=nested))
                        if time.monotonic() - began > _SECONDS:
                            raise QueryFailed("The governed result takes too long. Aggregate it first.")
        except QueryCancelled:
            cancelled()
            raise
        if stream.truncated:
            raise QueryFailed(
                f"The backend gives only the first {stream.row_count:,} rows of this, and a part would give "
                "wrong figures. Aggregate it to the keys of the join first."
            )
        return Governed(GOVERNED, str(file), list(stream.columns))


def _check_keys(join: Join, table: NamedTable) -> None:
    if not join.keys:
        raise ToolRefused("A join needs at least one pair of columns.")
    there = {column.name for column in table.table.columns}
    missing = [local for local, _ in join.keys if local not in there]
    if missing:
        raise ToolRefused(
            f"{table.name} has no column {', '.join(missing)}. It has: {', '.join(sorted(there))}."
        )


def _check_governed(join: Join, governed: Governed) -> None:
    there = {column.name for column in governed.columns}
    missing = [other for _, other in join.keys if other not in there]
    if missing:
        raise ToolRefused(
            f"The governed result has no column {', '.join(missing)}. It has: {', '.join(sorted(there))}."
        )

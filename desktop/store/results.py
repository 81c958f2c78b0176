"""Results that were shown: their rows, compressed, and what a receipt says of them."""

import zlib
from collections import OrderedDict
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
from sqlalchemy import insert, literal_column, select, update

from desktop.events import ChartSpec, Headline, Reading, ResultCard
from desktop.store.database import Database
from desktop.store.tables import results
from shared.errors import NotFound
from shared.paths import private_folder
from shared.private_files import replace
from shared.results import Column

CARD_ROWS = 200
_IN_DATABASE = 1_000_000  # bytes; larger ones become a file, so that the database stays quick to copy
_REMEMBERED = 4

_encoder = msgspec.json.Encoder(decimal_format="number")
_rows_decoder = msgspec.json.Decoder(list[list[Any]], float_hook=Decimal)


class Figure(msgspec.Struct, frozen=True):
    """A figure of the answer's text. ``row`` and ``column`` are its cell when it is one; ``where``
    says in words what it was matched with, and is empty for a figure found nowhere."""

    text: str
    row: int | None
    column: int | None
    traced: bool
    where: str = ""


class StoredResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a result but its rows."""

    id: str
    turn_id: str
    title: str
    connection: str
    connection_type: str
    sql: str
    params: dict[str, Any] = {}
    columns: list[Column]
    formats: list[str]
    readings: list[Reading] = []
    headline: Headline | None = None
    chart: ChartSpec | None = None
    row_count: int
    truncated: bool
    elapsed_ms: float
    ran_at: str
    content_hash: str
    query_id: str
    as_of: str | None = None
    cached_at: str | None = None

    def card(self, rows: list[list[Any]]) -> ResultCard:
        return ResultCard(
            result_id=self.id,
            title=self.title,
            connection=self.connection,
            sql=self.sql,
            columns=self.columns,
            formats=self.formats,
            rows=rows[:CARD_ROWS],
            row_count=self.row_count,
            truncated=self.truncated,
            elapsed_ms=self.elapsed_ms,
            ran_at=self.ran_at,
            content_hash=self.content_hash,
            as_of=self.as_of,
            cached_at=self.cached_at,
            headline=self.headline,
            chart=self.chart,
            readings=self.readings,
        )


class Results:
    """Adds and finds results; the last few stay decoded, because the window pages through them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._recent: OrderedDict[str, list[list[Any]]] = OrderedDict()
        self._lock = Lock()

    def add(self, result: StoredResult, rows: list[list[Any]]) -> None:
        data = zlib.compress(_encoder.encode(rows), 1)
        file: str | None = None
        if len(data) > _IN_DATABASE:
            file = f"{result.id}.json.z"
            replace(private_folder(self._folder) / file, data)
        with self._database.write() as connection:
            connection.execute(
                insert(results).values(
                    id=result.id,
                    turn_id=result.turn_id,
                    about=_encoder.encode(result).decode(),
                    rows=None if file else data,
                    rows_file=file,
                )
            )
        self._remember(result.id, rows)

    def change(self, result: StoredResult) -> None:
        """Another chart, headline or title; the rows stay."""
        with self._database.write() as connection:
            connection.execute(
                update(results)
                .where(results.c.id == result.id)
                .values(about=_encoder.encode(result).decode())
            )

    def keep_figures(self, result_id: str, figures: list[Figure]) -> None:
        with self._database.write() as connection:
            connection.execute(
                update(results)
                .where(results.c.id == result_id)
                .values(figures=_encoder.encode(figures).decode())
            )

    def get(self, result_id: str) -> StoredResult:
        return msgspec.json.decode(self._row(result_id)["about"], type=StoredResult)

    def of_turn(self, turn_id: str) -> list[StoredResult]:
        """Those that the turn shows: what a later run of it has replaced is left out."""
        query = (
            select(results.c.about)
            .where(results.c.turn_id == turn_id, results.c.superseded_at.is_(None))
            .order_by(literal_column("rowid"))
        )
        with self._database.read() as connection:
            texts = list(connection.execute(query).scalars())
        return [msgspec.json.decode(text, type=StoredResult) for text in texts]

    def figures(self, result_id: str) -> list[Figure]:
        return msgspec.json.decode(self._row(result_id)["figures"], type=list[Figure])

    def rows(self, result_id: str) -> list[list[Any]]:
        """Every row that came. Numbers with a point are Decimal, dates ISO text. Not to be changed."""
        with self._lock:
            if result_id in self._recent:
                self._recent.move_to_end(result_id)
                return self._recent[result_id]
        row = self._row(result_id)
        data = row["rows"]
        if data is None:
            try:
                data = (self._folder / row["rows_file"]).read_bytes()
            except OSError as error:
                raise NotFound("The rows of this result are no longer on this PC.") from error
        rows = _rows_decoder.decode(zlib.decompress(data))
        self._remember(result_id, rows)
        return rows

    def _remember(self, result_id: str, rows: list[list[Any]]) -> None:
        with self._lock:
            self._recent[result_id] = rows
            self._recent.move_to_end(result_id)
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)

    def _row(self, result_id: str) -> Any:
        with self._database.read() as connection:
            row = connection.execute(select(results).where(results.c.id == result_id)).mappings().first()
        if row is None:
            raise NotFound("There is no such result.")
        return row

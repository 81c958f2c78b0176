"""The tool ``query``: one SELECT on the backend, kept, shown as a card, and shown to the model in part."""

import hashlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any, Protocol, cast
from uuid import uuid4

import msgspec

from desktop.events import ChartSpec, Headline, Reading
from desktop.numbers import cell_text, grouped, short_money
from desktop.sheets.known import THIS_PC
from desktop.store.moment import now
from desktop.store.private_answers import PrivateAnswers
from desktop.store.results import Results, StoredResult
from desktop.tools.base import ToolContext, ToolOutput
from desktop.tools.formats import guess
from shared.backend_client import BackendClient, QueryResult
from shared.backend_client.stopping import stoppable
from shared.errors import BackendConnectionError, BackendProtocolError, QueryCancelled
from shared.results import Column

MAX_ROWS = 10_000
PREVIEW_ROWS = 20
ON_THIS_PC = "of_the_persons_own_tables"
"""Marks an answer whose cells are the person's own, and no backend knows them."""
_MAX_CELL = 200

Suggest = Callable[[Sequence[Column], Sequence[Sequence[object]]], ChartSpec | None]
Rows = list[list[Any]]

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(list[list[Any]], float_hook=Decimal)


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A query to run for the person. ``formats`` None means: guess them."""

    connection: str
    sql: str
    title: str
    formats: list[str] | None = None
    readings: list[Reading] = []
    chart: ChartSpec | None = None
    as_of: str | None = None


class Ran(msgspec.Struct, frozen=True):
    """``rows`` are JSON-able; ``exact`` are as the client gave them, dates as dates."""

    result: StoredResult
    rows: Rows
    exact: Rows


class Local(Protocol):
    """What answers SQL on this machine, under the name of a connection."""

    name: str

    def query(self, sql: str, *, max_rows: int, cancelled: Callable[[], None]) -> QueryResult: ...


class Queries:
    """Runs queries and keeps what they gave."""

    def __init__(
        self,
        client: Callable[[], BackendClient],
        results: Results,
        type_of: Callable[[str], str],
        suggest: Suggest,
        backend_away: Callable[[], None] = lambda: None,
        local: "Local | None" = None,
        private_answers: PrivateAnswers | None = None,
    ) -> None:
        """``local`` answers for the connection ``This PC``; ``private_answers`` counts what it tells to a
        model that may not see cells."""
        self._client = client
        self._results = results
        self._type_of = type_of
        self._suggest = suggest
        self._backend_away = backend_away
        self._local = local
        self._private_answers = private_answers

    def run(self, query: Query, context: ToolContext) -> Ran:
        return self.keep(query, self._ask(query, context), context)

    def keep(self, query: Query, answer: QueryResult, context: ToolContext) -> Ran:
        """An answer to ``query`` that is there already."""
        rows = plain(answer.rows)
        columns = list(answer.columns)
        formats = query.formats or guess(columns)
        if len(formats) != len(columns):
            raise BackendProtocolError(
                f"The backend sent {len(columns)} columns where the query asks for {len(formats)}."
            )
        kept_at = None if answer.cached_at is None else answer.cached_at.isoformat()
        result = StoredResult(
            id=uuid4().hex[:12],
            turn_id=context.turn_id,
            title=query.title,
            connection=query.connection,
            connection_type=self._type_of(query.connection),
            sql=query.sql,
            columns=columns,
            formats=formats,
            readings=query.readings,
            headline=_headline(columns, formats, rows),
            chart=query.chart or self._suggest(columns, answer.rows),
            row_count=answer.row_count,
            truncated=answer.truncated,
            elapsed_ms=answer.elapsed_ms,
            ran_at=kept_at or now(),
            content_hash=content_hash(columns, rows),
            query_id=answer.query_id,
            as_of=query.as_of,
            cached_at=kept_at,
        )
        self._results.add(result, rows)
        return Ran(result, rows, answer.rows)

    def hash_now(self, result: StoredResult, context: ToolContext) -> str:
        """The content hash that the same query gives now."""
        query = Query(connection=result.connection, sql=result.sql, title=result.title)
        answer = self._ask(query, context)
        return content_hash(list(answer.columns), plain(answer.rows))

    def _ask(self, query: Query, context: ToolContext) -> QueryResult:
        context.cancelled()
        if self._local is not None and query.connection == self._local.name:
            if context.keeps_cells and self._private_answers is not None:
                self._private_answers.take(context.conversation_id)
            return self._local.query(query.sql, max_rows=MAX_ROWS, cancelled=context.cancelled)
        client = self._client()
        try:
            with stoppable(client, context.on_stop) as query_id:
                answer = client.execute_query(
                    query.connection, query.sql, max_rows=MAX_ROWS, query_id=query_id
                )
        except BackendConnectionError:
            self._backend_away()
            raise
        except QueryCancelled:
            context.cancelled()
            raise
        if answer.cached_at is not None:
            self._backend_away()
        return answer


def plain(rows: Sequence[Sequence[Any]]) -> Rows:
    """The rows as JSON carries them, every digit kept: fractions are Decimal, dates are text."""
    return _decoder.decode(_encoder.encode(rows))


def content_hash(columns: Sequence[Column], rows: Rows) -> str:
    """SHA-256 over column names and all cells, in their order."""
    content = _encoder.encode([[column.name for column in columns], rows])
    return hashlib.sha256(content).hexdigest()


def _headline(columns: Sequence[Column], formats: Sequence[str], rows: Rows) -> Headline | None:
    if len(rows) != 1 or len(columns) != 1 or not columns[0].type.is_number or rows[0][0] is None:
        return None
    value = rows[0][0]
    text = short_money(value) if formats[0] == "money" else cell_text(value, formats[0])
    return Headline(value=text, label=columns[0].name.replace("_", " "))


class QueryArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sql: Annotated[str, msgspec.Meta(description="One SELECT in the connection's dialect.", min_length=1)]
    title: Annotated[
        str,
        msgspec.Meta(description="What the result shows, as a short heading: Net sales by zone, 2025-26."),
    ]


class QueryTool:
    """The model sees columns, counts and a preview; the person sees the result."""

    name = "query"
    description = (
        "Run one read-only SELECT. The person sees the whole result as a table and a chart; you get the "
        f"columns, the number of rows and the first {PREVIEW_ROWS} rows."
    )
    arguments: type[msgspec.Struct] = QueryArguments

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:  # noqa: ARG002 - same for all
        return f"Running SQL on {context.connection}"

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        wanted = cast("QueryArguments", arguments)
        query = Query(
            connection=context.connection,
            sql=wanted.sql,
            title=wanted.title,
            as_of=context.as_of.isoformat() if context.as_of else None,
        )
        ran = self._queries.run(query, context)
        if context.connection == THIS_PC:
            return local_output(ran)
        shown = min(len(ran.rows), PREVIEW_ROWS)
        return output(
            ran,
            preview_is_everything=shown == ran.result.row_count,
            from_cache_of=ran.result.cached_at,
        )


def output(ran: Ran, **more: Any) -> ToolOutput:
    """The result for its two readers; ``more`` is told to the model as well."""
    result, shown = ran.result, preview(ran.rows)
    return ToolOutput(
        for_model={
            "result_id": result.id,
            "columns": [{"name": c.name, "type": c.type.value} for c in result.columns],
            "row_count": result.row_count,
            "truncated": result.truncated,
            **more,
        },
        cells={"preview": shown},
        for_window=result.card(ran.rows),
        summary=rows_text(result.row_count, truncated=result.truncated),
        detail=result.sql,
        columns_sent=len(result.columns),
        rows_sent=len(shown),
    )


def local_output(ran: Ran) -> ToolOutput:
    """As ``output``, of the person's own tables: the number of rows says what a filter found, which is a
    value too."""
    told = output(ran)
    result = ran.result
    return msgspec.structs.replace(
        told,
        for_model={
            "result_id": result.id,
            "columns": told.for_model["columns"],
            ON_THIS_PC: True,
        },
        cells={"row_count": result.row_count, "truncated": result.truncated, **told.cells},
    )


def preview(rows: Rows) -> Rows:
    """The first rows, as a model may see them."""
    return [[_short(cell) for cell in row] for row in rows[:PREVIEW_ROWS]]


def rows_text(count: int, *, truncated: bool) -> str:
    words = "1 row" if count == 1 else f"{grouped(count)} rows"
    return f"first {words}" if truncated else words


def _short(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return float(cell)
    if isinstance(cell, str) and len(cell) > _MAX_CELL:
        return cell[:_MAX_CELL] + "…"
    return cell

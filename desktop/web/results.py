"""Results over HTTP: pages of rows, receipts, files, running them again."""

from collections.abc import Sequence
from typing import Any

import bottle

from desktop.agent.runner import Ask
from desktop.agent.stop import Stop
from desktop.exports import FORMATS, age_in_name, export
from desktop.store.moment import now
from desktop.tools.base import ToolContext
from desktop.web.parts import Parts
from desktop.web.replies import QUIET_SECONDS, Body, body, download, events, json, query_number, query_text
from shared.errors import InvalidRequest

_PAGE, _MOST_PAGE = 200, 5_000


class RerunBody(Body, frozen=True):
    """``title`` names what the SQL shows now; without one it is what it was."""

    sql: str | None = None
    title: str = ""


class ResultPages:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def rows(self, result_id: str) -> bottle.HTTPResponse:
        result = self._parts.results.get(result_id)
        rows: Sequence[Sequence[Any]] = self._parts.results.rows(result_id)
        sort = query_text("sort")
        if sort:
            names = [column.name for column in result.columns]
            if sort not in names:
                raise InvalidRequest(f"The result has no column called {sort!r}.")
            rows = in_order(rows, names.index(sort), descending=query_text("descending") in ("1", "true"))
        offset = query_number("offset", 0, most=10**9)
        limit = query_number("limit", _PAGE, most=_MOST_PAGE)
        return json(
            {
                "columns": result.columns,
                "formats": result.formats,
                "rows": rows[offset : offset + limit],
                "row_count": len(rows),
                "offset": offset,
            }
        )

    def receipt(self, result_id: str) -> bottle.HTTPResponse:
        result = self._parts.results.get(result_id)
        return json(
            {
                "connection": result.connection,
                "connection_type": result.connection_type,
                "ran_at": result.ran_at,
                "elapsed_ms": result.elapsed_ms,
                "row_count": result.row_count,
                "truncated": result.truncated,
                "content_hash": result.content_hash,
                "sql": result.sql,
                "params": result.params,
                "readings": result.readings,
                "figures": self._parts.results.figures(result_id),
                "cached_at": result.cached_at,
                "query_id": result.query_id,
                "as_of": result.as_of,
            }
        )

    def export(self, result_id: str) -> bottle.HTTPResponse:
        name, kind, data = result_file(self._parts, result_id, query_text("format", "csv"))
        return download(data, name, kind)

    def rerun(self, result_id: str) -> bottle.HTTPResponse:
        wanted = body(RerunBody)
        result = self._parts.results.get(result_id)
        turn = self._parts.turns.get(result.turn_id)
        running = self._parts.runner.ask(
            Ask(
                question=wanted.title or result.title or turn.question,
                conversation_id=turn.conversation_id,
                connection=result.connection,
                sql=wanted.sql or result.sql,
                attended=True,
            )
        )
        return events(running.watch_closely(QUIET_SECONDS))

    def verify(self, result_id: str) -> bottle.HTTPResponse:
        body(Body)
        result = self._parts.results.get(result_id)
        stop = Stop()
        context = ToolContext(
            connection=result.connection,
            conversation_id="",
            turn_id=result.turn_id,
            cancelled=stop.check,
            on_stop=stop.when_pressed,
        )
        found = self._parts.queries.hash_now(result, context)
        return json({"same": found == result.content_hash, "content_hash": found, "ran_at": now()})


def in_order(rows: Sequence[Sequence[Any]], column: int, *, descending: bool) -> list[Sequence[Any]]:
    """Sorted by one column; empty cells stay last both ways, numbers come before words."""

    def key(row: Sequence[Any]) -> tuple[int, Any]:
        cell = row[column]
        if isinstance(cell, str):
            return 1, cell.casefold()
        return (0, cell) if not isinstance(cell, list | dict) else (2, str(cell))

    filled = [row for row in rows if row[column] is not None]
    return sorted(filled, key=key, reverse=descending) + [row for row in rows if row[column] is None]


def result_file(parts: Parts, result_id: str, file_format: str) -> tuple[str, str, bytes]:
    """Name, media type and content."""
    if file_format not in FORMATS:
        raise InvalidRequest(f"A result can be saved as {', '.join(FORMATS)}.")
    result = parts.results.get(result_id)
    data = export(result, parts.results.rows(result_id), parts.results.figures(result_id), file_format)
    stem = "".join(c if c.isalnum() or c in " -_," else " " for c in result.title).strip() or "result"
    name = " ".join(stem.split())[:80] + age_in_name(result)
    return f"{name}.{file_format}", FORMATS[file_format], data

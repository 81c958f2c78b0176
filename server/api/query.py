"""A query over HTTP: the request's fields to a Question, an Answer's pieces to the wire."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import lru_cache, partial

import msgspec

from server import compression
from server.access.identity import Identity
from server.access.standing import EXPORTING, READING, Rights
from server.answers import Answer, Question, Writing
from server.api.call import Call, Stream, Whole
from server.compression import Packer
from server.connections import ACROSS, Terms
from server.encodings import Format, Origin, choose
from server.queries import checked_id
from server.sharing import Copy
from shared.errors import AppError, InvalidRequest, NotFound
from shared.guard import ReadOnlySql
from shared.wire import ErrorBody, QueryEnd, QueryRequest

_LONGEST_SQL = 1_000_000

_REMEMBERED_SQL, _MOST_REMEMBERED = 1_000, 50
"""Characters, and how many, for one head of a request: each of some thousand connections may have eight."""

_VARY = "accept, accept-encoding"

_VALIDATED = {"cache-control": "private, no-cache"}
"""An answer that has an ETag may be kept, and is asked about again before it is used."""


async def run(call: Call, body: QueryRequest) -> Stream | Whole:
    """A short answer leaves at once and with its length, a long one in pieces."""
    wish = _wish(call.wishes.accept, call.wishes.accept_encoding, call.wishes.cache_control, call.extra)
    format_ = wish.format
    if call.caller.data.restricts:
        call.backend.governance.demand(body.connection, call.caller.data)
    most = call.backend.settings.database.query_timeout
    seconds = call.backend.connections.longest_query_seconds(body.connection, most)
    question = await question_for(call, body, format_, longest_seconds=seconds, whole=format_.is_file)
    writing = wish.writing or _writing(
        format_, wish.packer, Origin(body.connection, body.query, datetime.now(UTC))
    )
    call.note.asked_at = time.perf_counter()
    answer = await call.backend.sharing.ask(
        question, writing, scope=call.caller.data.scope, fresh=wish.is_fresh
    )
    if isinstance(answer, Copy):
        return await _copied(call, question, answer, writing, wish.content_type)
    call.note.row_count = answer.first.rows
    headers = {"x-query-id": question.query_id, "vary": _VARY}
    if answer.told is not None:
        headers |= _VALIDATED | {"etag": answer.told.etag}
    if answer.content_encoding:
        headers["content-encoding"] = answer.content_encoding
    if answer.first.last:
        answer.close()
        if answer.told is not None and call.wishes.if_none_match == answer.told.etag:
            return Whole(wish.content_type, headers, b"", status=304)
        return Whole(wish.content_type, headers, answer.first.data)
    return Stream(wish.content_type, headers, _pieces(call, answer, format_), answer.close)


class _Wish(msgspec.Struct, frozen=True):
    """What a caller's headers ask for. ``writing`` is the same for all answers in a light format."""

    format: Format
    content_type: str
    packer: Callable[[], Packer] | None
    writing: Writing | None
    is_fresh: bool


@lru_cache(maxsize=256)
def _wish(
    accept: str | None, accept_encoding: str | None, cache_control: str | None, may_export: bool
) -> _Wish:
    """Callers ask for the same all the time. Raises as :func:`server.encodings.choose` does."""
    format_ = choose(accept, may_export=may_export)
    packer = None if format_.is_compressed else compression.choose(accept_encoding)
    return _Wish(
        format_,
        format_.content_type or format_.media_type,
        packer,
        None if format_.package else _writing(format_, packer, _NOWHERE),
        cache_control is not None and "no-" in cache_control.lower(),
    )


_NOWHERE = Origin("", "", datetime.min.replace(tzinfo=UTC))


def _writing(format_: Format, packer: Callable[[], Packer] | None, origin: Origin) -> Writing:
    return Writing(partial(format_.make, origin), packer, format_.name, is_light=not format_.package)


async def _copied(call: Call, question: Question, copy: Copy, writing: Writing, content_type: str) -> Whole:
    """The rows are there; the head and the end are this caller's own."""
    told = copy.told
    call.note.row_count = told.count
    headers = {"x-query-id": question.query_id, "vary": _VARY, **_VALIDATED, "etag": told.etag}
    age: float | msgspec.UnsetType = msgspec.UNSET
    if copy.age_seconds is not None:
        headers["age"] = str(int(copy.age_seconds))
        age = round(copy.age_seconds, 1)
    if call.wishes.if_none_match == told.etag:
        return Whole(content_type, headers, b"", status=304)
    elapsed = round((time.perf_counter() - question.asked_at) * 1000, 1)
    end = QueryEnd(told.count, told.truncated, elapsed, copy.age_seconds is not None, age)
    encoder = writing.encoder()
    data = b"".join((encoder.head(question.query_id, told.columns), told.rows, *encoder.end(end)))
    if writing.packer is not None and len(data) >= compression.TOO_SMALL:
        packer = writing.packer()
        data = await asyncio.to_thread(packer.pack, data, last=True)
        headers["content-encoding"] = packer.name
    return Whole(content_type, headers, data)


async def cancel(call: Call, _body: None) -> None:
    """The caller's own query, or anybody's with the route's extra permission."""
    query_id = call.note.query_id = checked_id(call.path["query_id"])
    by, anybodys = call.caller.key_id, call.extra
    here = call.backend.queries.find_and_cancel(query_id, by=by, anybodys=anybodys)
    if not here and not await call.backend.siblings.cancel(query_id, by=by, anybodys=anybodys):
        raise NotFound("No such query is running.")


async def _pieces(call: Call, answer: Answer, format_: Format) -> AsyncIterator[bytes | None]:
    """The audit line tells the rows of all pieces that were handed to the network, also of one during which
    the answer was cut."""
    piece = answer.first
    sent = piece.rows
    try:
        yield piece.data
        while not piece.last:
            piece = await answer.next_piece()
            sent += piece.rows
            call.note.row_count = sent
            yield piece.data
    except AppError as error:
        call.note.failure = error
        body = ErrorBody(error.message, error.code, error.details, error.retry_after, call.request_id)
        if end := answer.failed(body):
            yield end
        if not format_.tells_failure:
            yield None


async def question_for(
    call: Call, body: QueryRequest, format_: Format, *, longest_seconds: float, whole: bool
) -> Question:
    """Raises why it will not be asked. ``whole``: who names no ``max_rows`` wants all that they may have."""
    settings, note = call.backend.settings.database, call.note
    note.connection = body.connection[:63]
    note.sql_text = body.query[:_LONGEST_SQL]
    note.query_id = query_id = checked_id(body.query_id)
    if len(body.query) > _LONGEST_SQL:
        raise InvalidRequest(f"A query has at most {_LONGEST_SQL} characters.")
    as_file = format_.is_file
    sql, tables = await _checked_again(call, body.connection, body.query)
    note.tables = tables.text
    few = min(settings.default_rows, settings.max_rows)
    most = settings.max_rows if call.extra else few
    if body.max_rows is not None and body.max_rows < 1:
        raise InvalidRequest("max_rows must be at least 1.")
    if body.timeout_seconds is not None and not 0 < body.timeout_seconds < float("inf"):
        raise InvalidRequest("timeout_seconds must be above 0.")
    asked_rows = body.max_rows or (settings.max_rows if whole else few)
    max_rows = min(asked_rows, most)
    return Question(
        query_id=query_id,
        rights=Rights.of(call.caller, EXPORTING if as_file or max_rows > few else READING),
        connection=body.connection,
        sql=sql,
        tables=tables.names,
        params=body.params,
        max_rows=max_rows,
        timeout_seconds=min(body.timeout_seconds or longest_seconds, longest_seconds),
        cut_is_an_error=as_file and body.max_rows != max_rows,
        data=call.caller.data,
        asked_at=call.arrived,
        request_id=call.request_id,
    )


class _Tables(msgspec.Struct, frozen=True):
    names: frozenset[str]
    text: str


class _Checked(msgspec.Struct, frozen=True):
    """``terms`` are of the connection as it was then."""

    caller: Identity
    terms: Terms
    sql: ReadOnlySql
    tables: _Tables


async def _checked_again(call: Call, connection: str, text: str) -> tuple[ReadOnlySql, _Tables]:
    """As :func:`checked`, which is asked once for what a caller who sees everything sends again and again."""
    key = "checked", connection, text
    found: _Checked | None = call.memo.get(key)
    connections = call.backend.connections
    if found is not None and found.caller is call.caller and found.terms is connections.terms(connection):
        return found.sql, found.tables
    sql, names = await checked(call, connection, text)
    tables = _Tables(names, " ".join(sorted(names)))
    if not call.caller.data.restricts and connection != ACROSS and len(text) <= _REMEMBERED_SQL:
        if len(call.memo) > _MOST_REMEMBERED:
            call.memo.clear()
        call.memo[key] = _Checked(call.caller, connections.terms(connection), sql, tables)
    return sql, tables


async def checked(call: Call, connection: str, text: str) -> tuple[ReadOnlySql, frozenset[str]]:
    """The SQL that will run for this caller, and the tables it reads. Raises why it will not run."""
    backend, data = call.backend, call.caller.data
    if not data.restricts:
        return await backend.queries.check(connection, text)
    backend.governance.demand(connection, data)
    sql, tables = await backend.queries.check(connection, text, data)
    if connection != ACROSS:
        sql = await backend.governance.apply(connection, sql, data)
    return sql, tables

"""The audit trail over HTTP: searched in pages, opened by number, read out whole, and verified."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import msgspec

from server.api import paging
from server.api.call import Call, Stream
from server.store.audit.searching import Filters, Found, as_json, moment_of
from shared.errors import AppError, InvalidRequest, NotFound
from shared.permissions import Permission
from shared.wire import AuditEntry, AuditPage, AuditVerification

_LONGEST = 200
_LONGEST_NUMBER = 18


async def search(call: Call, _body: None) -> AuditPage:
    page = paging.asked(call, tuple[int])
    before = None if page.after is None else int(page.after[0])
    filters = _filters(call, page.search)
    part = await asyncio.to_thread(call.backend.audit_search.newest, filters, limit=page.limit, before=before)
    following = None if part.next is None else paging.mark((part.next,))
    return AuditPage([_entry(found) for found in part.lines], following)


async def show(call: Call, _body: None) -> AuditEntry:
    text = call.path["id"]
    is_number = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER
    found = await asyncio.to_thread(call.backend.audit_search.find, int(text)) if is_number else None
    if found is None:
        raise NotFound("The audit trail has no line with this number.")
    return _entry(found)


async def verify(call: Call, _body: None) -> AuditVerification:
    """What it finds is an answer, not an error."""
    found = await asyncio.to_thread(call.backend.audit.verify)
    call.note.detail = "whole" if found.is_whole else f"{len(found.findings)} problems"
    return AuditVerification(
        ok=found.is_whole,
        lines=found.lines,
        first=found.first,
        older=found.older,
        head=str(found.head),
        problems=found.findings,
    )


async def export(call: Call, _body: None) -> Stream:
    """One JSON object a line, in the order of the chain, each with its seal."""
    filters = _filters(call, paging.asked(call, tuple[int]).search)
    batches = call.backend.audit_search.everything(filters)
    headers = {"content-disposition": f'attachment; filename="audit-{datetime.now(UTC):%Y-%m-%d}.jsonl"'}
    return Stream("application/x-ndjson", headers, _written(call, batches), lambda: None)


async def _written(call: Call, batches: Iterator[list[Found]]) -> AsyncIterator[bytes | None]:
    call.note.row_count = 0
    try:
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            call.refuse_when_barred(Permission.AUDIT_READ)
            call.note.row_count += len(batch)
            yield await asyncio.to_thread(_joined, batch)
    except AppError as error:
        call.note.failure = error
        yield None


def _joined(batch: list[Found]) -> bytes:
    return b"".join([as_json(found) for found in batch])


def _filters(call: Call, searched: str) -> Filters:
    """Raises InvalidRequest."""
    return Filters(
        since=_moment(call, "from"),
        until=_moment(call, "to"),
        user=_text(call, "user"),
        key=_text(call, "key"),
        connection=_text(call, "connection"),
        action=_text(call, "action"),
        request_id=_text(call, "request_id"),
        outcome=_text(call, "outcome"),
        search=searched,
    )


def _text(call: Call, name: str) -> str | None:
    text = call.query.get(name)
    if text is not None and not (0 < len(text) <= _LONGEST and text.isprintable()):
        raise InvalidRequest(f"{name} is a text of 1 to {_LONGEST} characters on one line.")
    return text


def _moment(call: Call, name: str) -> datetime | None:
    text = call.query.get(name)
    if text is None:
        return None
    try:
        return moment_of(text)
    except ValueError as error:
        raise InvalidRequest(
            f"{name} is a time with its offset from UTC, like 2026-11-28T00:00:00+05:30 (write + as %2B)."
        ) from error


def _entry(found: Found) -> AuditEntry:
    line = msgspec.structs.asdict(found.line)
    user, query, tables = line.pop("user_name"), line.pop("sql_text"), line.pop("tables")
    return AuditEntry(id=found.id, user=user, query=query, tables=tables.split(), **line)

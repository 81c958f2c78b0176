"""Jobs over HTTP: submitted, looked at, their results sent, deleted. What they do stays in server/jobs."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec

from server import compression, encodings
from server.answers import Writing
from server.api import paging
from server.api.call import Call, Stream
from server.api.query import question_for
from server.compression import Packer
from server.encodings import Origin
from server.job_records import Order
from server.kept import pieces
from server.queries import checked_id
from server.sealed import PIECE, Damaged, SealedReader
from server.store.jobs import JobRow, JobState
from shared.errors import AppError, Conflict, NotPermitted, ResultNotKept
from shared.permissions import Permission
from shared.wire import ErrorBody, JobInfo, JobList, JobRequest

_PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.2
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")


async def create(call: Call, body: JobRequest) -> JobInfo:
    format_ = encodings.allowed(encodings.named(body.format), may_export=call.extra)
    seconds = call.backend.settings.jobs.timeout
    question = await question_for(call, body, format_, longest_seconds=seconds, whole=True)
    question = msgspec.structs.replace(question, rights=question.rights.whatever_text())
    origin = Origin(question.connection, body.query, datetime.now(UTC))
    order = Order(
        question=question,
        sql_text=body.query,
        format=format_.name,
        writing=Writing(lambda: format_.make(origin)),
        owner_name=call.caller.name,
        request_id=call.request_id,
        user_name=call.caller.user,
        scope=call.caller.scope,
    )
    return _info(await call.backend.jobs.submit(order))


async def show_all(call: Call, _body: None) -> JobList:
    """The caller's own, or everybody's with the route's extra permission; ``?state=`` beside the usual."""
    page = paging.asked(call, tuple[str, str])
    state = paging.one_of(call, "state", list(JobState))
    rows = await call.backend.jobs.listed(page, by=call.caller.key_id, anybodys=call.extra, state=state)
    found, following = paging.cut(page, rows, lambda row: (row.created_at, row.id))
    return JobList([_info(row) for row in found], following)


async def show(call: Call, _body: None) -> JobInfo:
    return _info(await _row(call))


async def delete(call: Call, _body: None) -> None:
    await call.backend.jobs.remove(await _row(call))


async def result(call: Call, _body: None) -> Stream:
    """From the disk, also while it is being written; a part of it when a Range is asked for."""
    row, reader = await _begun(call)
    format_ = encodings.named(row.format)
    headers = {
        "etag": f'"{row.id}"',
        "accept-ranges": "bytes",
        "vary": "accept-encoding",
        "content-disposition": f'attachment; filename="job-{row.id[:8]}.{row.format}"',
    }
    begin, end = _wanted(call.wishes.range, row)
    status, packer = 200, None
    if (begin, end) != (0, row.size) and row.state is JobState.DONE:
        status = 206
        headers["content-range"] = f"bytes {begin}-{end - 1}/{row.size}"
    elif not format_.is_compressed:
        packer = compression.choose(call.wishes.accept_encoding)
    if packer is not None:
        made: Packer | None = packer()
        headers["content-encoding"] = made.name if made else ""
    else:
        made = None
        if row.state is JobState.DONE:
            headers["content-length"] = str(end - begin)
    until = end if row.state is JobState.DONE else None
    sent = _packed(_sent(call, row, reader, begin, until), made)
    loop = asyncio.get_running_loop()

    def close() -> None:  # on a thread: it waits for whoever reads just now
        loop.run_in_executor(None, reader.close)

    return Stream(format_.content_type or format_.media_type, headers, sent, close, status)


async def _row(call: Call) -> JobRow:
    job_id = call.note.query_id = checked_id(call.path["id"])
    row = await call.backend.jobs.get(job_id, by=call.caller.key_id, anybodys=call.extra)
    call.note.connection = row.connection
    return row


async def _begun(call: Call) -> tuple[JobRow, SealedReader]:
    """Waits a while for the first bytes; for all of them when it is not known yet whether they are a page or
    a whole result, and the caller may have a page only."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE_SECONDS
    while True:
        row = await _row(call)
        _permit(call, row)
        reader = await call.backend.jobs.open_result(row)
        if reader is not None:
            pieces_there = await asyncio.to_thread(reader.whole_pieces) if call.may_export else 0
            if row.state is JobState.DONE or pieces_there:
                return row, reader
            await asyncio.to_thread(reader.close)
        if loop.time() > deadline:
            raise Conflict(
                f"The job is {row.state.value}; nothing of its result is there yet.", retry_after=5
            )
        await asyncio.sleep(_LOOK_SECONDS)


def _permit(call: Call, row: JobRow) -> None:
    """What its caller could have at submission may be less today. Raises NotPermitted."""
    if call.caller.scope not in ("", row.scope):
        raise NotPermitted(
            "This result was made for somebody who could see other data.",
            details="Submit the query again, to get what this key may see.",
        )
    settings = call.backend.settings.database
    few = min(settings.default_rows, settings.max_rows)
    if not call.may_export and (encodings.named(row.format).is_file or row.row_count > few):
        raise encodings.not_exported()


async def _sent(
    call: Call, row: JobRow, reader: SealedReader, begin: int, end: int | None
) -> AsyncIterator[bytes | None]:
    """None, which cuts the answer off, when there is no more of what was promised. The audit line tells which
    bytes of the result were handed to the network."""
    at, sent = begin - begin % PIECE, 0
    try:
        async for data in pieces(reader, begin // PIECE, lambda: call.backend.jobs.size_of(row.id)):
            stop = len(data) if end is None else end - at
            part = data[max(begin - at, 0) : stop]
            call.refuse_when_barred(Permission.DB_READ)
            at += len(data)
            if part:
                sent += len(part)
                call.note.detail = f"bytes {begin}-{begin + sent - 1}"
                yield part
            if end is not None and at >= end:
                return
    except AppError as error:
        call.note.failure = error
        yield None
    except (Damaged, OSError):
        call.note.failure = ResultNotKept("The result of this job is damaged on the disk.")
        yield None


async def _packed(parts: AsyncIterator[bytes | None], packer: Packer | None) -> AsyncIterator[bytes | None]:
    async for part in parts:
        if part is None or packer is None:
            yield part
            if part is None:
                return
        else:
            yield await asyncio.to_thread(packer.pack, part, last=False)
    if packer is not None:
        yield packer.pack(b"", last=True)


def _wanted(asked: str | None, row: JobRow) -> tuple[int, int]:
    """The first byte and the one after the last. What cannot be given is as if nothing had been asked."""
    found = _RANGE.fullmatch(asked or "")
    if found is None or row.state is not JobState.DONE:
        return 0, row.size
    begin = int(found[1])
    end = min(int(found[2]) + 1, row.size) if found[2] else row.size
    return (begin, end) if begin < end else (0, row.size)


def _info(row: JobRow) -> JobInfo:
    return JobInfo(
        id=row.id,
        state=row.state.value,
        connection=row.connection,
        query=row.sql_text,
        format=row.format,
        rows=row.row_count,
        bytes=row.size,
        read_rows=row.read_rows,
        read_bytes=row.read_bytes,
        percent=100.0 if row.state is JobState.DONE else row.percent,
        truncated=bool(row.truncated),
        elapsed_seconds=_elapsed(row),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        expires_at=row.expires_at,
        owner=row.owner,
        error=_error(row),
    )


def _elapsed(row: JobRow) -> float:
    """Since it began to run."""
    if row.started_at is None:
        return 0.0
    end = datetime.now(UTC) if row.finished_at is None else datetime.fromisoformat(row.finished_at)
    return round((end - datetime.fromisoformat(row.started_at)).total_seconds(), 3)


def _error(row: JobRow) -> ErrorBody | None:
    return msgspec.json.decode(row.error, type=ErrorBody) if row.error else None

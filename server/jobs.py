"""Long queries that nobody has to wait for: submitted, watched, cancelled; their results kept for a while.

A job runs in the process that took it. Its row in the state is what everybody sees; any process that shares
the folder of results answers for it. A job whose process has died is told as failed, never as running.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from server.access.standing import Rights
from server.answers import Answer
from server.encodings.xlsx import clear_what_was_left_behind
from server.job_records import MB, Order, Records, failure_of
from server.kept import Kept
from server.queries import Queries
from server.sealed import SealedReader, SealedWriter, fresh_secret
from server.siblings import Siblings
from server.store.audit import AuditTrail
from server.store.jobs import JobRow, JobState, JobStore
from server.store.pages import Page
from server.store.state import State, now
from server.vault import Vault
from shared.errors import (
    AppError,
    NotFound,
    QueryCancelled,
    ResultNotKept,
    SourceBusy,
    TooLarge,
)
from shared.settings import BackendSettings, JobsSection

_log = logging.getLogger(__name__)

_BEAT_SECONDS = 1.0
_SWEEP_SECONDS = 5.0
_BUSY_SECONDS = 2.0
_LOOK_BYTES = 16 * MB
"""How much a result grows between two looks at what is left for all of them."""


class _Job:
    """One that is queued or runs here."""

    def __init__(self, order: Order, secret: str) -> None:
        self.order = order
        self.id = order.question.query_id
        self.secret = secret
        self.rows = self.size = 0
        self.task: asyncio.Task[None] | None = None


class Jobs:
    """Lives on the event loop; ``close`` stops what runs here."""

    def __init__(
        self,
        records: Records,
        vault: Vault,
        queries: Queries,
        siblings: Siblings,
        *,
        objection: Callable[[Rights], AppError | None],
        workers: int = 1,
    ) -> None:
        """``objection`` tells why what was begun with such rights must stop now."""
        self._records, self._vault = records, vault
        self._objection = objection
        self._store, self._kept = records.store, records.kept
        self._queries, self._siblings = queries, siblings
        self._places = asyncio.Semaphore(max(1, records.settings.max_running // workers))
        self._here: dict[str, _Job] = {}

    def __len__(self) -> int:
        """How many are queued or run here."""
        return len(self._here)

    def take_over(self, settings: JobsSection) -> None:
        """For jobs that end later. How many run at a time stays as it was."""
        self._records.settings = settings

    # -- What callers ask for ----------------------------------------------------------------

    async def submit(self, order: Order) -> JobRow:
        """Raises Conflict, RateLimited or TooLarge."""
        question = order.question
        secret = fresh_secret()
        row = JobRow(
            id=question.query_id,
            owner=question.owner,
            owner_name=order.owner_name,
            connection=question.connection,
            sql_text=order.sql_text,
            format=order.format,
            node=self._kept.node,
            runner=self._kept.runner,
            secret=self._vault.seal(_purpose(question.query_id), {"secret": secret}),
            created_at=now(),
            beat_at=now(),
            scope=order.scope,
        )
        await asyncio.to_thread(self._records.add, row)
        job = self._here[row.id] = _Job(order, secret)
        job.task = asyncio.get_running_loop().create_task(self._run(job))
        return row

    async def get(self, job_id: str, *, by: str, anybodys: bool) -> JobRow:
        """Raises NotFound, also for the job of somebody else."""
        row = await asyncio.to_thread(self._store.find, job_id)
        if row is None or not (anybodys or row.owner == by):
            raise NotFound("There is no such job.")
        return row

    async def listed(self, page: Page, *, by: str, anybodys: bool, state: str | None) -> list[JobRow]:
        """The youngest first, and one more than the page holds when there are more."""
        return await asyncio.to_thread(self._store.page, page, owner=None if anybodys else by, state=state)

    async def remove(self, row: JobRow) -> None:
        """Stops one that is not finished, inside its source; deletes one that is, with its result."""
        if row.state.is_final or not await asyncio.to_thread(self._records.cancelled, row.id):
            await asyncio.to_thread(self._records.delete, row)
        elif not self.stop_here(row.id):
            await self._siblings.cancel(row.id, by=row.owner, anybodys=True)

    def stop_here(self, job_id: str) -> bool:
        """False when it does not run in this process."""
        job = self._here.get(job_id)
        if job is None or job.task is None:
            return False
        if not self._queries.find_and_cancel(job_id, by="", anybodys=True):
            job.task.cancel()
        return True

    async def open_result(self, row: JobRow) -> SealedReader | None:
        """None when it has not begun yet. Raises why there is none and will be none."""
        if row.state.is_final and row.state is not JobState.DONE:
            raise failure_of(row)
        if row.node != self._kept.node:
            raise NotFound("The result lies on another machine of this backend. Ask there.")
        secret = self._vault.open(_purpose(row.id), row.secret)["secret"]
        try:
            return await asyncio.to_thread(self._kept.open, row.id, secret)
        except FileNotFoundError as error:
            if row.state is JobState.DONE:
                raise NotFound("The result of this job is not there any more.") from error
            return None

    async def size_of(self, job_id: str) -> int | None:
        """How long the result is when it is whole; None while it grows. Raises why it will not be whole."""
        row = await asyncio.to_thread(self._store.find, job_id)
        if row is None:
            raise NotFound("The job was deleted.")
        if row.state is JobState.DONE:
            return row.size
        if row.state.is_final:
            raise failure_of(row)
        return None

    # -- In the background -------------------------------------------------------------------

    async def tend(self) -> None:
        """Until it is cancelled: tells how far the jobs are, and clears away what has had its time."""
        swept = -_SWEEP_SECONDS
        await asyncio.to_thread(clear_what_was_left_behind)
        while True:
            try:
                if time.monotonic() - swept >= _SWEEP_SECONDS:
                    swept = time.monotonic()
                    for job_id in await asyncio.to_thread(self._records.sweep, list(self._here)):
                        self.stop_here(job_id)
                if self._here:
                    for job_id in await asyncio.to_thread(self._beat, list(self._here.values())):
                        self.stop_here(job_id)
            except Exception:  # noqa: BLE001 - it must outlive a state that is away for a moment
                _log.exception("The jobs could not be looked after; going on")
            await asyncio.sleep(_BEAT_SECONDS)

    async def close(self) -> None:
        """What is queued or runs here ends, and is told so."""
        tasks = [job.task for job in self._here.values() if job.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._kept.close()

    # -- One job -----------------------------------------------------------------------------

    async def _run(self, job: _Job) -> None:
        failure: AppError | None = None
        began = time.perf_counter()
        try:
            async with self._places:
                if await asyncio.to_thread(
                    self._store.beat, job.id, state=JobState.RUNNING, started_at=now()
                ):
                    await self._work(job)
        except AppError as error:
            failure = error
        except asyncio.CancelledError:
            failure = QueryCancelled("The backend was stopped while this job was at work. Submit it again.")
        except OSError as error:
            _log.error("The result of the job %s could not be kept: %s", job.id, error.strerror)
            failure = ResultNotKept(f"The result could not be written to the disk: {error.strerror}.")
        except Exception:  # noqa: BLE001 - the outer edge of this task
            _log.exception("The job %s failed unexpectedly", job.id)
            failure = AppError("Something went wrong in the backend.", details="Its log tells more.")
        finally:
            del self._here[job.id]
        seconds = time.perf_counter() - began
        await asyncio.shield(asyncio.to_thread(self._records.ended, job.order, job.rows, failure, seconds))

    async def _work(self, job: _Job) -> None:
        answer = await self._answer(job)
        try:
            writer = await asyncio.to_thread(self._kept.create, job.id, job.secret)
            try:
                await self._write(job, answer, writer)
            finally:  # it may wait for a write that hangs
                await asyncio.shield(asyncio.to_thread(writer.close))
        finally:
            answer.close()
        await asyncio.to_thread(
            lambda: self._records.done(job.id, rows=answer.rows, size=writer.size, truncated=answer.truncated)
        )

    async def _answer(self, job: _Job) -> Answer:
        """A job has time: it waits for a connection as long as its deadline lets it."""
        question = msgspec.structs.replace(job.order.question, asked_at=time.perf_counter())
        while True:
            try:
                return await self._queries.start(question, job.order.writing)
            except SourceBusy:
                if time.perf_counter() + _BUSY_SECONDS > question.deadline:
                    raise
                await asyncio.sleep(_BUSY_SECONDS)

    async def _write(self, job: _Job, answer: Answer, writer: SealedWriter) -> None:
        piece, looked = answer.first, 0
        while True:
            await asyncio.to_thread(writer.write, piece.data)
            job.rows, job.size = answer.rows, writer.size
            if writer.size - looked > _LOOK_BYTES:  # others write at the same time
                looked = writer.size
                await asyncio.to_thread(self._records.check_room)
            most = self._records.settings.max_mb
            if writer.size > most * MB:
                raise TooLarge(f"The result is larger than the {most} MB that are kept.")
            if piece.last:
                break
            piece = await answer.next_piece()
        await asyncio.to_thread(writer.finish)

    def _beat(self, jobs: Sequence[_Job]) -> list[str]:
        """The ids of those that must not go on, or that somebody else has finished. Blocking."""
        for job in jobs:
            if (reason := self._objection(job.order.question.rights)) is not None:
                self._records.failed(job.id, reason)
        return [job.id for job in jobs if not self._store.beat(job.id, **self._progress(job))]

    def _progress(self, job: _Job) -> dict[str, Any]:
        found: dict[str, Any] = {"row_count": job.rows, "size": job.size}
        told = self._queries.progress(job.id)
        if told is not None:
            found |= {"read_rows": told.rows, "read_bytes": told.bytes, "percent": told.percent}
        return found


def open_jobs(
    state: State,
    home: Path,
    vault: Vault,
    queries: Queries,
    *,
    siblings: Siblings,
    audit: AuditTrail,
    settings: BackendSettings,
    objection: Callable[[Rights], AppError | None],
) -> Jobs:
    """The jobs of one process; close them."""
    kept = Kept(home / "backend" / "jobs")
    records = Records(JobStore(state), kept, audit, settings.jobs)
    return Jobs(records, vault, queries, siblings, objection=objection, workers=siblings.count)


def _purpose(job_id: str) -> str:
    return f"job {job_id}"

"""What is known of jobs, in the state and on the disk: taken in, finished, cleared away. Blocking throughout.

Running them is in jobs.py. Half a result is in neither place: whatever ends a job but its own success takes
the file with it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from server.answers import Question, Writing
from server.kept import Kept
from server.store.audit import AuditLine, AuditTrail
from server.store.jobs import JobRow, JobState, JobStore
from server.store.state import now
from shared.errors import AppError, Conflict, QueryCancelled, RateLimited, TooLarge, by_code
from shared.settings import JobsSection
from shared.wire import ErrorBody

MB = 1024 * 1024

_SILENT_SECONDS = 60.0
"""How long a runner that cannot be looked at may be silent before its jobs count as lost."""
_MOST_UNFINISHED, _MOST_KNOWN = 20, 1000
"""Of one key: at work or waiting; and in all, until they expire."""


class Order(msgspec.Struct, frozen=True):
    """A job as it was submitted. ``question.query_id`` becomes its id."""

    question: Question
    sql_text: str
    format: str
    writing: Writing
    owner_name: str
    request_id: str
    user_name: str = ""
    scope: str = ""


class Records:
    """``settings`` may be replaced at any time."""

    def __init__(self, store: JobStore, kept: Kept, audit: AuditTrail, settings: JobsSection) -> None:
        self.settings = settings
        self.store, self.kept = store, kept
        self._audit = audit

    def add(self, row: JobRow) -> None:
        """Raises Conflict, RateLimited or TooLarge."""
        self.check_room()
        if self.kept.exists(row.id):
            raise Conflict(f"There is a job with the id {row.id} already.")
        self.store.add(row, _allow)

    def check_room(self) -> None:
        """Raises TooLarge when there is none left for results."""
        if self.store.kept_bytes() >= self.settings.total_mb * MB:
            raise TooLarge(
                f"The results that are kept fill the {self.settings.total_mb} MB for them.",
                details="Delete jobs that are not needed any more, or wait until they expire.",
            )

    def done(self, job_id: str, *, rows: int, size: int, truncated: bool) -> None:
        self.store.update(
            job_id, **self._at_end(JobState.DONE), row_count=rows, size=size, truncated=int(truncated)
        )

    def cancelled(self, job_id: str) -> bool:
        """False when it is finished already."""
        return self.store.update(job_id, **self._at_end(JobState.CANCELLED), size=0)

    def failed(self, job_id: str, error: AppError) -> bool:
        """False when it is finished already."""
        body = ErrorBody(error.message, error.code, error.details, error.retry_after)
        text = msgspec.json.encode(body).decode()
        return self.store.update(job_id, **self._at_end(JobState.FAILED), error=text, size=0)

    def _interrupted(self, row: JobRow) -> None:
        """Its process was killed, so that its end is told here; and once, whoever else finds it."""
        if self.failed(row.id, AppError("The backend was restarted while this job was at work.")):
            self._audit.write_slowly(
                AuditLine(
                    at=now(),
                    request_id="",
                    key_id=row.owner,
                    key_name=row.owner_name,
                    address="",
                    action="jobs.end",
                    connection=row.connection,
                    query_id=row.id,
                    sql_text=row.sql_text,
                    tables="",
                    row_count=row.row_count,
                    status=503,
                    code="interrupted",
                    elapsed_ms=0.0,
                    scope=row.scope,
                )
            )

    def ended(self, order: Order, rows: int, failure: AppError | None, seconds: float) -> None:
        """The last that is done for a job, whatever came of it."""
        question = order.question
        if failure is not None:
            self.failed(question.query_id, failure)
        row = self.store.find(question.query_id)
        if row is None or row.state is not JobState.DONE:
            self.kept.delete(question.query_id)
        if row is None:
            failure = QueryCancelled("The job was deleted.")
        elif row.state.is_final:  # whoever came first with an end has told what it is
            failure = None if row.state is JobState.DONE else failure_of(row)
        self._audit.write_slowly(
            AuditLine(
                at=now(),
                request_id=order.request_id,
                key_id=question.owner,
                key_name=order.owner_name,
                address="",
                action="jobs.end",
                connection=question.connection,
                query_id=question.query_id,
                sql_text=order.sql_text,
                tables=" ".join(sorted(question.tables)),
                row_count=rows,
                status=200 if failure is None else failure.status,
                code="" if failure is None else failure.code,
                elapsed_ms=round(seconds * 1000, 2),
                user_name=order.user_name,
                scope=question.data.scope,
            )
        )

    def delete(self, row: JobRow) -> None:
        self.store.delete(row.id)
        if row.node == self.kept.node:
            self.kept.delete(row.id)

    def sweep(self, here: Iterable[str]) -> list[str]:
        """``here`` are the jobs at work in this process. The ids of those that must not go on."""
        lost = self.store.of_revoked_keys()
        for row in lost:
            self.delete(row)
        moment = now()
        for row in self.store.everything():
            if not row.state.is_final and self._is_orphan(row):
                self._interrupted(row)
            elif row.expires_at is not None and row.expires_at < moment:
                self.delete(row)
        self.kept.forget_the_dead()
        names = self.kept.names()  # before the rows: a job has its row before its file
        wanted = {
            row.id for row in self.store.everything() if row.state is JobState.DONE or not row.state.is_final
        }
        for job_id in names - wanted - set(here):
            self.kept.delete(job_id)
        return [row.id for row in lost]

    def _at_end(self, state: JobState) -> dict[str, Any]:
        end = datetime.now(UTC)
        expires = end + timedelta(hours=self.settings.keep_hours)
        return {
            "state": state,
            "finished_at": end.isoformat(timespec="milliseconds"),
            "expires_at": expires.isoformat(timespec="milliseconds"),
        }

    def _is_orphan(self, row: JobRow) -> bool:
        alive = self.kept.is_alive(row.runner) if row.node == self.kept.node else None
        if alive is None:
            silent = datetime.now(UTC) - datetime.fromisoformat(row.beat_at)
            return silent.total_seconds() > _SILENT_SECONDS
        return not alive


def _allow(known: int, unfinished: int) -> None:
    """Whether a key may submit one more. Raises RateLimited."""
    if known >= _MOST_KNOWN:
        raise RateLimited(
            f"{_MOST_KNOWN} jobs of this key are known.",
            details="Delete some, or wait until they expire.",
            retry_after=600,
        )
    if unfinished >= _MOST_UNFINISHED:
        raise RateLimited(f"{_MOST_UNFINISHED} jobs of this key are not finished yet.", retry_after=30)


def failure_of(row: JobRow) -> AppError:
    """Why a job has no result."""
    if row.state is JobState.CANCELLED:
        return QueryCancelled("The job was cancelled.")
    body = msgspec.json.decode(row.error, type=ErrorBody)
    return by_code().get(body.code, AppError)(body.error, details=body.details)

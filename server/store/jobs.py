"""The rows of jobs: long queries and what became of them. Their results lie in files, beside the state."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa

from server.store.pages import Page, conditions, ordered
from server.store.state import State, changed, now
from shared.errors import Conflict


class JobState(StrEnum):
    """Where a job is; it never leaves the last three."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING)


class JobRow(msgspec.Struct, frozen=True):
    """``node`` and ``runner`` say which backend keeps it and which of its processes works on it; ``secret``
    is what its file is sealed with, sealed by the vault; ``error`` is an ErrorBody in JSON, or empty.
    ``beat_at`` tells when its runner was last seen at work; ``scope`` what its caller could see."""

    id: str
    owner: str
    owner_name: str
    connection: str
    sql_text: str
    format: str
    node: str
    runner: str
    secret: str
    created_at: str
    beat_at: str
    state: JobState = JobState.QUEUED
    row_count: int = 0
    size: int = 0
    read_rows: int = 0
    read_bytes: int = 0
    percent: float | None = None
    truncated: int = 0
    error: str = ""
    started_at: str | None = None
    finished_at: str | None = None
    expires_at: str | None = None
    scope: str = ""


_NAMES = JobRow.__struct_fields__
_UNFINISHED = "state IN ('queued', 'running')"
_COUNTS = sa.text(
    f"SELECT count(*), sum(CASE WHEN {_UNFINISHED} THEN 1 ELSE 0 END)"  # noqa: S608 - our words
    " FROM jobs WHERE owner = :owner"
)
_ORDER = ("created_at", "id")
_SEARCHED = ("id", "connection", "sql_text", "owner_name")


class JobStore:
    """The jobs in our state, of all backends that share it. Blocking."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, row: JobRow, allow: Callable[[int, int], None]) -> None:
        """``allow`` is told how many jobs of this owner are known, and how many of them are not finished; it
        raises when that is enough. Whoever else submits one, in whichever process, waits until this one is
        in. Raises Conflict when there is a job of that id."""
        names, values = ", ".join(_NAMES), ", ".join(f":{name}" for name in _NAMES)
        try:
            with self._state.begin() as connection:
                changed(connection, "jobs")  # first: it lets one in at a time
                counted = connection.execute(_COUNTS, {"owner": row.owner}).one()
                allow(int(counted[0]), int(counted[1] or 0))
                connection.execute(
                    sa.text(f"INSERT INTO jobs ({names}) VALUES ({values})"),  # noqa: S608 - from the struct
                    msgspec.structs.asdict(row),
                )
        except sa.exc.IntegrityError as error:
            raise Conflict(f"There is a job with the id {row.id} already.") from error

    def find(self, job_id: str) -> JobRow | None:
        found = self._rows("WHERE id = :id", id=job_id)
        return found[0] if found else None

    def everything(self) -> list[JobRow]:
        return self._rows("")

    def page(self, page: Page, *, owner: str | None, state: str | None) -> list[JobRow]:
        """The youngest first, and one more when there are more; None is anybody's, or in any state."""
        found, values = conditions(page, _ORDER, _SEARCHED, descending=True)
        for name, value in (("owner", owner), ("state", state)):
            if value is not None:
                found.append(f"{name} = :{name}")
                values[name] = value
        where = f"WHERE {' AND '.join(found)} " if found else ""
        return self._rows(where + ordered(page, _ORDER, descending=True), **values)

    def of_revoked_keys(self) -> list[JobRow]:
        return self._rows("WHERE owner IN (SELECT id FROM api_keys WHERE revoked_at IS NOT NULL)")

    def update(self, job_id: str, **values: Any) -> bool:
        """Changes a job that is not finished; False when it is, or is gone."""
        changes = ", ".join(f"{name} = :{name}" for name in values)
        statement = f"UPDATE jobs SET {changes} WHERE id = :id AND {_UNFINISHED}"  # noqa: S608 - our names
        return self._changed(statement, job_id, values)

    def beat(self, job_id: str, **values: Any) -> bool:
        """The same, and tells that somebody works on it."""
        return self.update(job_id, beat_at=now(), **values)

    def delete(self, job_id: str) -> bool:
        return self._changed("DELETE FROM jobs WHERE id = :id", job_id, {})

    def kept_bytes(self) -> int:
        with self._state.begin() as connection:
            return int(connection.execute(sa.text("SELECT coalesce(sum(size), 0) FROM jobs")).scalar() or 0)

    def _changed(self, statement: str, job_id: str, values: dict[str, Any]) -> bool:
        with self._state.begin() as connection:
            return connection.execute(sa.text(statement), {"id": job_id, **values}).rowcount > 0

    def _rows(self, where: str, **values: str) -> list[JobRow]:
        with self._state.begin() as connection:
            rows = connection.execute(sa.text(f"SELECT * FROM jobs {where}"), values)  # noqa: S608 - closed list
            return [msgspec.convert(dict(found), JobRow) for found in rows.mappings()]

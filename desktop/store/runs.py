"""Runs of tasks: each is begun once, and its end is written once. When a task is due is in desktop/tasks."""

import secrets
from typing import Any, Literal

import msgspec
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from desktop.store.database import Database
from desktop.store.tables import runs

Status = Literal["running", "waiting", "done", "quiet", "failed", "stopped", "broken_off", "skipped"]
Late = Literal["", "off", "closed", "asleep", "clock", "busy"]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """``occurrence`` names the time of the timetable that it is for, None when the person started it; with
    ``again``, how often that was broken off before, it is there once. ``waiting`` is a run that tries
    again at ``retry_at``. ``quiet`` ran, and its condition was not met. ``late`` says why it did not start
    at ``due_at``."""

    id: str
    task_id: str
    occurrence: str | None
    due_at: str
    started_at: str
    revision: int
    status: Status = "running"
    again: int = 0
    attempt: int = 1
    late: Late = ""
    retry_at: str | None = None
    finished_at: str | None = None
    elapsed_ms: float | None = None
    turn_id: str | None = None
    result_id: str | None = None
    row_count: int | None = None
    figure: str = ""
    value: float | None = None
    file: str | None = None
    message: str = ""
    seen: bool = False


OPEN = ("running", "waiting")


class Runs:
    """All runs of all tasks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, run: Run) -> bool:
        """False when there is a run for that occurrence already: nothing runs twice."""
        try:
            with self._database.write() as connection:
                connection.execute(insert(runs).values(**_values(run)))
        except IntegrityError:
            return False
        return True

    def get(self, run_id: str) -> Run:
        [found] = self._where(runs.c.id == run_id)
        return found

    def change(self, run_id: str, **values: Any) -> None:
        """``values`` are fields of Run."""
        with self._database.write() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id).values(**values))

    def resume(self, run_id: str) -> bool:
        """From waiting to running; False when somebody else was quicker."""
        with self._database.write() as connection:
            done = connection.execute(
                update(runs)
                .where(runs.c.id == run_id, runs.c.status == "waiting")
                .values(status="running", attempt=runs.c.attempt + 1, retry_at=None)
            )
            return done.rowcount == 1

    def with_status(self, *statuses: Status) -> list[Run]:
        return self._where(runs.c.status.in_(statuses))

    def has(self, task_id: str, occurrence: str) -> bool:
        query = select(runs.c.id).where(runs.c.task_id == task_id, runs.c.occurrence == occurrence).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def of(self, task_id: str, *, limit: int = 50, before: int | None = None) -> list[Run]:
        """The newest first."""
        query = select(runs).where(runs.c.task_id == task_id).order_by(runs.c.position.desc()).limit(limit)
        if before is not None:
            query = query.offset(before)
        with self._database.read() as connection:
            return [_run(row) for row in connection.execute(query).mappings()]

    def count(self, task_id: str) -> int:
        query = select(func.count()).select_from(runs).where(runs.c.task_id == task_id)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def find_before(self, run: Run) -> Run | None:
        """The newest earlier run of the same question that has a result: for changes to be measured."""
        query = (
            select(runs)
            .where(
                runs.c.task_id == run.task_id,
                runs.c.id != run.id,
                runs.c.revision == run.revision,
                runs.c.result_id.is_not(None),
                runs.c.status.in_(("done", "quiet")),
            )
            .order_by(runs.c.position.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return _run(row) if row else None

    def late_unseen(self) -> list[Run]:
        """Runs that did not start at their time, which the person has not put away."""
        return self._where(runs.c.late.in_(("off", "closed", "asleep", "clock")), runs.c.seen == 0)

    def put_away(self) -> None:
        with self._database.write() as connection:
            connection.execute(update(runs).where(runs.c.seen == 0).values(seen=1))

    def _where(self, *conditions: Any) -> list[Run]:
        query = select(runs).where(*conditions).order_by(runs.c.position)
        with self._database.read() as connection:
            return [_run(row) for row in connection.execute(query).mappings()]


def new_id() -> str:
    return secrets.token_hex(8)


def _values(run: Run) -> dict[str, Any]:
    return {name: getattr(run, name) for name in Run.__struct_fields__}


def _run(row: Any) -> Run:
    values = {name: row[name] for name in Run.__struct_fields__}
    return Run(**values | {"seen": bool(row["seen"])})

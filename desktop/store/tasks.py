"""Tasks: questions that ask themselves; what they are and how they are kept. They run in desktop/tasks."""

import secrets
from typing import Any, Literal

import msgspec
from sqlalchemy import insert, select, update

from desktop.store.database import Database
from desktop.store.moment import now
from desktop.store.tables import tasks
from shared.errors import NotFound

Format = Literal["csv", "xlsx", "md"]


class Timetable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``at`` is the person's own time of day. ``days`` are weekdays, 0 for Monday; ``day`` is of the month,
    and where a month has fewer its last one. ``zone`` empty means: wherever this PC is."""

    kind: Literal["daily", "weekly", "monthly", "interval"]
    at: str = "09:00"
    days: list[int] = []
    day: int = 1
    every_minutes: int = 60
    zone: str = ""


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the person is to be told. ``falls rises changes`` look at the run before, by ``amount`` or by
    ``amount`` per cent; ``above below`` at the figure itself; ``rows no_rows`` at whether there are any.
    ``any_row`` takes each row for itself, otherwise it is the one figure, or the sum of the column.
    ``inclusive``: exactly the amount is enough. ``column`` empty means the first one with numbers."""

    kind: Literal["falls", "rises", "changes", "above", "below", "rows", "no_rows"]
    amount: str = "0"
    percent: bool = False
    any_row: bool = False
    inclusive: bool = False
    column: str = ""


class Saving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``folder`` is the id of a folder that the person granted for writing."""

    format: Format
    folder: str


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the person wants done. With ``sql`` that runs, and ``question`` only names it."""

    name: str
    question: str
    timetable: Timetable
    sql: str | None = None
    connection: str | None = None
    condition: Condition | None = None
    saving: Saving | None = None
    notify: bool = True
    deadline_seconds: int = 600


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Every occurrence up to ``settled_at`` has run or was let go. ``revision`` counts the changes of what
    is asked: a run is compared with one of the same revision only. Its answers are turns of a conversation
    of its own."""

    id: str
    plan: Plan
    enabled: bool
    revision: int
    settled_at: str
    created_at: str
    conversation_id: str | None = None


class Tasks:
    """All tasks of this machine's person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, plan: Plan, at: str) -> Task:
        """``at`` is now, by the clock that tasks go by."""
        task = Task(
            id=secrets.token_hex(8), plan=plan, enabled=True, revision=1, settled_at=at, created_at=at
        )
        with self._database.write() as connection:
            connection.execute(
                insert(tasks).values(
                    id=task.id,
                    plan=_text(plan),
                    enabled=1,
                    revision=1,
                    settled_at=at,
                    created_at=at,
                )
            )
        return task

    def get(self, task_id: str) -> Task:
        found = [task for task in self._where(tasks.c.id == task_id) if task.id == task_id]
        if not found:
            raise NotFound("There is no such task.")
        return found[0]

    def all(self) -> list[Task]:
        """In the order in which they were made."""
        return self._where()

    def change(self, task_id: str, plan: Plan, at: str) -> Task:
        before = self.get(task_id)
        asked = _asked(before.plan) != _asked(plan)
        values: dict[str, Any] = {"plan": _text(plan), "revision": before.revision + int(asked)}
        if before.plan.timetable != plan.timetable:
            values["settled_at"] = at
        self._change(task_id, **values)
        return self.get(task_id)

    def enable(self, task_id: str, *, enabled: bool, at: str) -> None:
        """What was missed while it was paused stays missed."""
        self._change(task_id, enabled=int(enabled), settled_at=at)

    def settle(self, task_id: str, until: str) -> None:
        self._change(task_id, settled_at=until)

    def use_conversation(self, task_id: str, conversation_id: str) -> None:
        self._change(task_id, conversation_id=conversation_id)

    def delete(self, task_id: str) -> None:
        """It leaves the list; ``restore`` brings it back."""
        self.get(task_id)
        self._change(task_id, deleted_at=now())

    def restore(self, task_id: str, at: str) -> None:
        self._change(task_id, deleted_at=None, settled_at=at)

    def _where(self, *conditions: Any) -> list[Task]:
        query = select(tasks).where(tasks.c.deleted_at.is_(None), *conditions).order_by(tasks.c.position)
        with self._database.read() as connection:
            return [_task(row) for row in connection.execute(query).mappings()]

    def _change(self, task_id: str, **values: Any) -> None:
        with self._database.write() as connection:
            done = connection.execute(update(tasks).where(tasks.c.id == task_id).values(**values))
            if done.rowcount == 0:
                raise NotFound("There is no such task.")


def _asked(plan: Plan) -> tuple[Any, ...]:
    return plan.question, plan.sql, plan.connection


def _text(plan: Plan) -> str:
    return msgspec.json.encode(plan).decode()


def _task(row: Any) -> Task:
    return Task(
        id=row["id"],
        plan=msgspec.json.decode(row["plan"], type=Plan),
        enabled=bool(row["enabled"]),
        revision=row["revision"],
        settled_at=row["settled_at"],
        created_at=row["created_at"],
        conversation_id=row["conversation_id"],
    )

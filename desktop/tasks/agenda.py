"""Tasks as the rest of the agent uses them: made, changed, paused, deleted, run; each checked first."""

from collections.abc import Callable

import msgspec

from desktop.events import Reading
from desktop.store.runs import Run, Runs
from desktop.store.tasks import Plan, Task, Tasks
from desktop.tasks.answering import Folder, Folders
from desktop.tasks.clock import Clock, text_of, zone_name
from desktop.tasks.conditions import describe as condition_text
from desktop.tasks.plans import checked, readings, when_text
from desktop.tasks.scheduler import Scheduler

_BARS = 10


class TaskLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list. ``last`` are its newest runs, the newest first."""

    id: str
    plan: Plan
    enabled: bool
    when: str
    condition: str
    next_at: str | None
    last: list[Run]
    conversation_id: str | None


class LateRun(msgspec.Struct, frozen=True, kw_only=True):
    run: Run
    name: str


class Agenda:
    """``changed`` is told of every change."""

    def __init__(
        self,
        tasks: Tasks,
        runs: Runs,
        scheduler: Scheduler,
        folders: Folders,
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        self.runs = runs
        self._tasks = tasks
        self._scheduler = scheduler
        self._folders = folders
        self._clock = clock
        self._changed = changed

    def lines(self) -> list[TaskLine]:
        return [self._line(task) for task in self._tasks.all()]

    def late(self) -> list[LateRun]:
        names = {task.id: task.plan.name for task in self._tasks.all()}
        late = self.runs.late_unseen()
        return [LateRun(run=run, name=names[run.task_id]) for run in late if run.task_id in names]

    def folders(self) -> list[Folder]:
        return self._folders.list()

    @property
    def zone(self) -> str:
        return zone_name(self._clock.zone())

    def readings(self, plan: Plan) -> list[Reading]:
        """What the person says yes to. Raises InvalidRequest when the plan cannot be carried out."""
        folders = self._folders.list()
        return readings(checked(plan, folders), folders, self._clock.now(), self._clock.zone())

    def create(self, plan: Plan) -> TaskLine:
        task = self._tasks.create(checked(plan, self._folders.list()), self._now())
        return self._told(task)

    def change(self, task_id: str, plan: Plan) -> TaskLine:
        return self._told(self._tasks.change(task_id, checked(plan, self._folders.list()), self._now()))

    def enable(self, task_id: str, *, enabled: bool) -> TaskLine:
        self._tasks.enable(task_id, enabled=enabled, at=self._now())
        return self._told(self._tasks.get(task_id))

    def delete(self, task_id: str) -> None:
        self._tasks.delete(task_id)
        self._scheduler.stop_run(task_id)
        self._tell()

    def restore(self, task_id: str) -> TaskLine:
        self._tasks.restore(task_id, self._now())
        return self._told(self._tasks.get(task_id))

    def run_now(self, task_id: str) -> Run:
        return self._scheduler.run_now(task_id)

    def stop(self, task_id: str) -> None:
        self._tasks.get(task_id)
        self._scheduler.stop_run(task_id)

    def history(self, task_id: str, *, limit: int, offset: int) -> list[Run]:
        self._tasks.get(task_id)
        return self.runs.of(task_id, limit=limit, before=offset)

    def put_away(self) -> None:
        self.runs.put_away()
        self._changed()

    def _line(self, task: Task) -> TaskLine:
        coming = self._scheduler.next_of(task)
        return TaskLine(
            id=task.id,
            plan=task.plan,
            enabled=task.enabled,
            when=when_text(task.plan, self._clock.zone()),
            condition=condition_text(task.plan.condition) if task.plan.condition else "",
            next_at=text_of(coming[0].at) if coming else None,
            last=self.runs.of(task.id, limit=_BARS),
            conversation_id=task.conversation_id,
        )

    def _told(self, task: Task) -> TaskLine:
        self._tell()
        return self._line(task)

    def _tell(self) -> None:
        self._scheduler.wake()
        self._changed()

    def _now(self) -> str:
        return text_of(self._clock.now())

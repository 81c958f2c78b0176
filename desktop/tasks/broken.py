"""Runs that the end of the program, or of the PC, broke off: found at the next start, and run again once."""

from datetime import datetime, tzinfo
from pathlib import Path

from msgspec.structs import replace

from desktop.store.runs import Run, Runs, new_id
from desktop.store.tasks import Task, Tasks
from desktop.tasks.clock import moment_of, text_of
from desktop.tasks.timetable import latest_in


def to_run_again(tasks: Tasks, runs: Runs, now: datetime, here: tzinfo) -> list[tuple[Task, Run]]:
    """Marks them, and gives the runs that take their place: once each, unless its file was there already, the
    person had started it, or a later one is due."""
    known = {task.id: task for task in tasks.all()}
    found = []
    for run in runs.with_status("running"):
        if run.file is not None and Path(run.file).exists():
            message = "The program was closed right after the file was saved."
            runs.change(run.id, status="done", message=message, finished_at=text_of(now))
            continue
        runs.change(
            run.id, status="broken_off", file=None, message="The program was closed before it was done."
        )
        task = known.get(run.task_id)
        if task is None or not task.enabled or run.occurrence is None or run.again:
            continue
        if not _is_overtaken(task, run, now, here):
            found.append((task, _again(task, run, now)))
    return found


def _is_overtaken(task: Task, run: Run, now: datetime, here: tzinfo) -> bool:
    settled = min(moment_of(task.settled_at), now)
    later = latest_in(task.plan.timetable, settled, now, here, moment_of(task.created_at))
    return later is not None and later.name != run.occurrence


def _again(task: Task, run: Run, now: datetime) -> Run:
    return replace(
        run,
        id=new_id(),
        again=run.again + 1,
        attempt=1,
        started_at=text_of(now),
        revision=task.revision,
        late="closed",
        message="",
        file=None,
        turn_id=None,
        seen=False,
    )

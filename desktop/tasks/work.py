"""One run of a task, start to finish: ask, judge, save, tell. When it is due is for the scheduler."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from desktop.exports import export
from desktop.store.results import Results, StoredResult
from desktop.store.runs import Run, Runs
from desktop.store.tasks import Saving, Task, Tasks
from desktop.tasks import figure
from desktop.tasks.answering import Answered, Answering, Asking, Folders
from desktop.tasks.clock import Clock, moment_of, text_of
from desktop.tasks.conditions import CannotJudge, Table, judge
from desktop.tasks.halt import Halt
from desktop.tasks.saving import stem_of
from desktop.tasks.timetable import minutes_text, zone_of
from shared.errors import AppError, NotFound

_log = logging.getLogger(__name__)

RETRY_MINUTES = (1, 5, 15, 30, 60)
"""How long a run waits for the backend, try after try; it also tries when the backend is heard of."""

Tell = Callable[[Task, Run], None]


class Work:
    """``tell`` hears of every run that came to its end, ``changed`` of every step."""

    def __init__(
        self,
        tasks: Tasks,
        runs: Runs,
        results: Results,
        answering: Answering,
        folders: Folders,
        clock: Clock,
        tell: Tell,
        changed: Callable[[], None],
    ) -> None:
        self._tasks = tasks
        self._runs = runs
        self._results = results
        self._answering = answering
        self._folders = folders
        self._clock = clock
        self._tell = tell
        self._changed = changed

    def carry_out(self, task: Task, run: Run, halt: Halt) -> None:
        """Blocks, and never raises. A run that the end of the program broke off is left as it is: at the
        next start it is found like one that was killed."""
        began = time.monotonic()
        deadline = threading.Timer(task.plan.deadline_seconds, halt.press, ("deadline",))
        deadline.daemon = True
        deadline.start()
        try:
            changes = self._try(task, run, halt)
        except AppError as error:
            _log.warning("A run of a task failed: %s (%s)", error, error.code)
            changes = {"status": "failed", "message": str(error)}
        except Exception:  # noqa: BLE001 - the outer edge of a run: the task goes on at its next time
            _log.exception("A run of a task ended unexpectedly.")
            changes = {
                "status": "failed",
                "message": "Something went wrong in this program; its log says more.",
            }
        finally:
            deadline.cancel()
        if changes["status"] == "stopped" and halt.reason == "closing":
            return
        elapsed_ms = round((time.monotonic() - began) * 1000, 1)
        self._finish(task, run, changes | {"elapsed_ms": elapsed_ms})

    def give_up(self, run: Run, message: str) -> None:
        """For one that waited, and is overtaken by the next."""
        self._runs.change(
            run.id, status="failed", message=message, retry_at=None, finished_at=text_of(self._clock.now())
        )
        self._changed()

    def _finish(self, task: Task, run: Run, changes: dict[str, Any]) -> None:
        ended = changes["status"] != "waiting"
        at = {"finished_at": text_of(self._clock.now())} if ended else {}
        self._runs.change(run.id, **changes, **at)
        self._changed()
        if ended:
            self._tell(task, self._runs.get(run.id))

    def _try(self, task: Task, run: Run, halt: Halt) -> dict[str, Any]:
        asking = Asking(
            name=task.plan.name,
            question=task.plan.question,
            sql=task.plan.sql,
            connection=task.plan.connection,
            conversation_id=self._conversation(task),
            stand_in=_stand_in(task, run),
        )
        answered = self._answering(asking, halt.on_press)
        if answered.conversation_id and answered.conversation_id != task.conversation_id:
            self._tasks.use_conversation(task.id, answered.conversation_id)
        found: dict[str, Any] = {"turn_id": answered.turn_id or None}
        if halt.reason == "deadline" and answered.status != "answered":
            limit = _seconds_text(task.plan.deadline_seconds)
            return found | {"status": "failed", "message": f"It took longer than {limit} and was stopped."}
        match answered.status:
            case "stopped":
                return found | {"status": "stopped", "message": "Stopped."}
            case "away":
                return found | self._again_later(run, answered)
            case "failed":
                return found | {"status": "failed", "message": answered.message}
        return found | self._judge_and_save(task, run, answered)

    def _conversation(self, task: Task) -> str | None:
        return (
            self._tasks.get(task.id).conversation_id if task.conversation_id is None else task.conversation_id
        )

    def _again_later(self, run: Run, answered: Answered) -> dict[str, Any]:
        if run.attempt > len(RETRY_MINUTES):
            return {"status": "failed", "message": f"{answered.message} It was tried {run.attempt} times."}
        at = self._clock.now() + timedelta(minutes=RETRY_MINUTES[run.attempt - 1])
        return {"status": "waiting", "message": answered.message, "retry_at": text_of(at)}

    def _judge_and_save(self, task: Task, run: Run, answered: Answered) -> dict[str, Any]:
        plan, result = task.plan, answered.result
        if result is None:
            if plan.condition or plan.saving:
                return {"status": "failed", "message": "The answer holds no result to look at or to save."}
            return {"status": "done", "message": answered.message}
        found: dict[str, Any] = {"result_id": result.id}
        followed = None
        if not answered.stood_in:  # the chart of the runs follows one way of reading the question
            found |= {"row_count": result.row_count}
            followed = figure.find(result, answered.rows, plan.condition)
        if followed is not None:
            found |= {"figure": followed.text, "value": followed.value}
        message = answered.message if answered.stood_in else ""
        if plan.condition is not None:
            try:
                verdict = judge(plan.condition, _table(result, answered.rows), self._before(run))
            except CannotJudge as reason:
                return found | {"status": "failed", "message": f"The condition cannot be checked. {reason}"}
            if not verdict.met:
                return found | {"status": "quiet", "message": verdict.says}
            message = verdict.says
        if plan.saving is not None:
            file = self._save(task, run, plan.saving, result, answered.rows)
            found |= {"file": str(file)}
        return found | {"status": "done", "message": message}

    def _before(self, run: Run) -> Table | None:
        before = self._runs.find_before(run)
        if before is None or before.result_id is None:
            return None
        try:
            return _table(self._results.get(before.result_id), self._results.rows(before.result_id))
        except NotFound:
            return None  # cleaned away meanwhile: as for a first run

    def _save(
        self, task: Task, run: Run, saving: Saving, result: StoredResult, rows: list[list[Any]]
    ) -> Path:
        data = export(result, rows, [], saving.format)
        stem = stem_of(task.plan.name, self._wall(task, run))
        # the path is written down before the file is there: after a kill it tells whether there was one
        claim = lambda path: self._runs.change(run.id, file=str(path))  # noqa: E731
        try:
            return self._folders.keep(saving.folder, stem, saving.format, data, claim)
        except AppError:
            self._runs.change(run.id, file=None)
            raise

    def _wall(self, task: Task, run: Run) -> datetime:
        return moment_of(run.due_at).astimezone(zone_of(task.plan.timetable, self._clock.zone()))


def _stand_in(task: Task, run: Run) -> Literal["unless_tried_again", "now", "never"]:
    """When no model comes after all tries, a late report is better read by the analyst than not made. What
    is watched is judged by one reader only: another way of reading it would raise a false alarm."""
    if task.plan.condition is not None:
        return "never"
    return "now" if run.attempt > len(RETRY_MINUTES) else "unless_tried_again"


def _table(result: StoredResult, rows: Sequence[Sequence[Any]]) -> Table:
    return Table(result.columns, result.formats, rows)


def _seconds_text(seconds: int) -> str:
    return minutes_text(seconds // 60) if seconds >= 60 and seconds % 60 == 0 else f"{seconds} seconds"

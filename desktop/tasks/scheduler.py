"""The thread that begins runs at their time: late ones once, none twice, none beside itself.

At each look the book is made anew from the store, by the clock and the zone of that moment, so that a clock
that jumps, a PC that slept and a person who travelled need no cases of their own. What a run does is in work.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, tzinfo

import schedule
from msgspec.structs import replace

from desktop.store.runs import Run, Runs, new_id
from desktop.store.tasks import Task, Tasks
from desktop.tasks.broken import to_run_again
from desktop.tasks.clock import Clock, moment_of, text_of
from desktop.tasks.due import Due
from desktop.tasks.halt import Halt
from desktop.tasks.lateness import Seen, lateness
from desktop.tasks.timetable import Occurrence, latest_in, upcoming
from desktop.tasks.work import Work
from shared.errors import Conflict

_log = logging.getLogger(__name__)

MOST_AT_ONCE = 3
_LOOK_SECONDS = 20.0
_ENDING_SECONDS = 5.0


class Scheduler:
    """``start`` once, ``stop`` at the end of the program. The rest may be called from any thread."""

    def __init__(
        self,
        tasks: Tasks,
        runs: Runs,
        work: Work,
        clock: Clock,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._tasks = tasks
        self._runs = runs
        self._work = work
        self._clock = clock
        self._changed = changed
        self._book = schedule.Scheduler()
        self._lock = threading.Lock()
        self._going: dict[str, Halt] = {}
        self._threads: set[threading.Thread] = set()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._crowded: set[str] = set()
        self._thread: threading.Thread | None = None
        self._started_at = self._clock.now()
        self._last = self._seen()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="tasks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Breaks off what runs; it is taken up at the next start."""
        self._closing.set()
        self._wake.set()
        with self._lock:
            halts, threads = list(self._going.values()), list(self._threads)
        for halt in halts:
            halt.press("closing")
        for thread in (*threads, self._thread):
            if thread is not None and thread is not threading.current_thread():
                thread.join(_ENDING_SECONDS)

    def wake(self) -> None:
        """A task has changed, or the clock has."""
        self._wake.set()

    def backend_back(self) -> None:
        """What waits for the backend tries at once."""
        now = text_of(self._clock.now())
        for run in self._runs.with_status("waiting"):
            self._runs.change(run.id, retry_at=now)
        self._wake.set()

    def run_now(self, task_id: str) -> Run:
        """Raises Conflict when it is running already."""
        task, now = self._tasks.get(task_id), self._clock.now()
        self._overtake(task)
        run = Run(
            id=new_id(),
            task_id=task.id,
            occurrence=None,
            due_at=text_of(now),
            started_at=text_of(now),
            revision=task.revision,
        )
        halt = self._take(task)
        if halt is None:
            raise Conflict(f"{task.plan.name} is running already.")
        self._runs.begin(run)
        self._go(task, run, halt)
        return run

    def stop_run(self, task_id: str) -> None:
        """Stopping what is over already is no mistake."""
        with self._lock:
            halt = self._going.get(task_id)
        if halt is not None:
            halt.press("person")
        else:
            for run in self._runs.with_status("waiting"):
                if run.task_id == task_id:
                    self._runs.change(run.id, status="stopped", message="Stopped.", retry_at=None)
            self._changed()

    def next_of(self, task: Task, count: int = 1) -> list[Occurrence]:
        """What is coming; nothing for a task that is paused."""
        if not task.enabled:
            return []
        coming = upcoming(
            task.plan.timetable, self._clock.now(), self._clock.zone(), moment_of(task.created_at)
        )
        fresh = (found for found in coming if not self._runs.has(task.id, found.name))
        return [next(fresh) for _ in range(count)]

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._take_up()
        except Exception:  # noqa: BLE001 - the outer edge of the thread
            _log.exception("Runs that were broken off could not be taken up.")
        while not self._closing.is_set():
            self._wake.clear()
            try:
                seconds = self._look()
            except Exception:  # noqa: BLE001 - the outer edge of the thread: tasks go on at the next look
                _log.exception("The tasks could not be looked at.")
                seconds = _LOOK_SECONDS
            self._wake.wait(seconds)

    def _look(self) -> float:
        """Begins what is due; the seconds until the next look."""
        now, here = self._clock.now(), self._clock.zone()
        self._book.clear()
        for task in self._tasks.all():
            if task.enabled:
                self._enter(task, now, here)
        tasks = {task.id: task for task in self._tasks.all()}
        for run in self._runs.with_status("waiting"):
            waiting = tasks.get(run.task_id)
            if waiting is None:
                self._work.give_up(run, "The task was deleted.")
            elif not waiting.enabled and run.occurrence is not None:
                self._work.give_up(run, "The task was paused.")
            elif run.retry_at is not None:
                Due(
                    self._book,
                    run.task_id,
                    moment_of(run.retry_at),
                    self._retrying(waiting, run),
                    self._clock,
                )
        self._book.run_pending()
        self._last = self._seen()
        coming = self._book.next_run
        left = (coming - self._clock.now()).total_seconds() if coming is not None else _LOOK_SECONDS
        return min(max(left, 0.05 if not self._full() else 1.0), _LOOK_SECONDS)

    def _enter(self, task: Task, now: datetime, here: tzinfo) -> None:
        settled, anchor = moment_of(task.settled_at), moment_of(task.created_at)
        if settled > now:  # the clock was put back
            self._tasks.settle(task.id, text_of(now))
            settled = now
        found = latest_in(task.plan.timetable, settled, now, here, anchor)
        if found is not None and self._runs.has(task.id, found.name):
            self._tasks.settle(task.id, text_of(now))
            found = None
        if found is None:
            coming = upcoming(task.plan.timetable, now, here, anchor)
            found = next(each for each in coming if not self._runs.has(task.id, each.name))
        due = found
        Due(self._book, task.id, due.at, lambda: self._begin(task, due), self._clock)

    def _begin(self, task: Task, due: Occurrence) -> None:
        now = self._clock.now()
        run = Run(
            id=new_id(),
            task_id=task.id,
            occurrence=due.name,
            due_at=text_of(due.at),
            started_at=text_of(now),
            revision=task.revision,
            late=lateness(
                due.at, self._seen(), self._last, self._started_at, crowded=task.id in self._crowded
            ),
        )
        with self._lock:
            overlaps = task.id in self._going
        if overlaps:
            message = "Skipped: the run before was still going."
            self._runs.begin(
                replace(run, status="skipped", message=message, finished_at=text_of(now), late="")
            )
            self._tasks.settle(task.id, text_of(now))
            self._changed()
            return
        if self._full():
            self._crowded.add(task.id)
            return
        self._crowded.discard(task.id)
        self._overtake(task)
        halt = self._take(task)
        if halt is None:
            return
        if self._runs.begin(run):
            self._tasks.settle(task.id, text_of(now))
            self._go(task, run, halt)
        else:
            self._release(task.id)
            self._tasks.settle(task.id, text_of(now))

    def _retrying(self, task: Task, run: Run) -> Callable[[], None]:
        def retry() -> None:
            halt = None if self._full() else self._take(task)
            if halt is None:
                return
            if self._runs.resume(run.id):
                self._go(task, self._runs.get(run.id), halt)
            else:
                self._release(task.id)

        return retry

    def _overtake(self, task: Task) -> None:
        """A run that waits for the backend gives way to the next one."""
        for run in self._runs.with_status("waiting"):
            if run.task_id == task.id:
                self._work.give_up(run, f"{run.message} The next run has taken its place.".strip())

    # -- what goes on -------------------------------------------------------------------------

    def _full(self) -> bool:
        with self._lock:
            return len(self._going) >= MOST_AT_ONCE

    def _take(self, task: Task) -> Halt | None:
        """The task's one place; None when it is taken, or the program ends."""
        with self._lock:
            if task.id in self._going or self._closing.is_set():
                return None
            halt = self._going[task.id] = Halt()
            return halt

    def _release(self, task_id: str) -> None:
        with self._lock:
            self._going.pop(task_id, None)

    def _go(self, task: Task, run: Run, halt: Halt) -> None:
        def work() -> None:
            try:
                self._work.carry_out(task, run, halt)
            finally:
                self._release(task.id)
                with self._lock:
                    self._threads.discard(threading.current_thread())
                self._changed()
                self._wake.set()

        thread = threading.Thread(target=work, name="task-run", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()
        self._changed()

    def _take_up(self) -> None:
        for task, run in to_run_again(self._tasks, self._runs, self._clock.now(), self._clock.zone()):
            halt = self._take(task)
            if halt is not None and self._runs.begin(run):
                self._go(task, run, halt)
        self._changed()

    def _seen(self) -> Seen:
        return Seen(self._clock.now(), self._clock.since_boot())

"""Tasks over HTTP. The button of the form is the person's yes: what it does was shown beside it."""

import threading
from typing import Any

import bottle

from desktop.store.runs import Run
from desktop.store.tasks import Plan, Task
from desktop.tasks.agenda import Agenda
from desktop.web.parts import Parts
from desktop.web.replies import Body, Empty, body, json, nothing, query_number

_PAGE, _MOST = 20, 200
_TRY_SECONDS = 5.0


class TaskPatch(Body, frozen=True):
    enabled: bool


class TaskPages:
    def __init__(self, parts: Parts) -> None:
        self._agenda: Agenda = parts.agenda
        self._telling = parts.telling

    def list(self) -> bottle.HTTPResponse:
        """Everything that the page shows but the histories."""
        agenda = self._agenda
        return json(
            {
                "tasks": agenda.lines(),
                "late": agenda.late(),
                "folders": agenda.folders(),
                "zone": agenda.zone,
            }
        )

    def preview(self) -> bottle.HTTPResponse:
        return json({"readings": self._agenda.readings(body(Plan))})

    def create(self) -> bottle.HTTPResponse:
        return json(self._agenda.create(body(Plan)), status=201)

    def change(self, task_id: str) -> bottle.HTTPResponse:
        return json(self._agenda.change(task_id, body(Plan)))

    def enable(self, task_id: str) -> bottle.HTTPResponse:
        return json(self._agenda.enable(task_id, enabled=body(TaskPatch).enabled))

    def delete(self, task_id: str) -> bottle.HTTPResponse:
        self._agenda.delete(task_id)
        return nothing()

    def restore(self, task_id: str) -> bottle.HTTPResponse:
        body(Empty)
        return json(self._agenda.restore(task_id))

    def run(self, task_id: str) -> bottle.HTTPResponse:
        body(Empty)
        return json(self._agenda.run_now(task_id), status=202)

    def stop(self, task_id: str) -> bottle.HTTPResponse:
        body(Empty)
        self._agenda.stop(task_id)
        return nothing(202)

    def history(self, task_id: str) -> bottle.HTTPResponse:
        limit = query_number("limit", _PAGE, most=_MOST)
        offset = query_number("offset", 0, most=10**6)
        runs = self._agenda.history(task_id, limit=limit, offset=offset)
        return json({"runs": runs, "count": self._agenda.runs.count(task_id)})

    def try_notification(self) -> bottle.HTTPResponse:
        """Whether the system has taken it; whether it shows it is up to its own settings."""
        body(Empty)
        shown = threading.Event()
        self._telling.try_out(shown.set)
        return json({"shown": shown.wait(_TRY_SECONDS)})

    def put_away(self) -> bottle.HTTPResponse:
        body(Empty)
        self._agenda.put_away()
        return nothing()


def run_news(task: Task, run: Run) -> dict[str, Any]:
    """For the toast: whose run came to its end, and how."""
    return {"task_id": task.id, "name": task.plan.name, "notify": task.plan.notify, "run": run}

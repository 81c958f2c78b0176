"""Made-up tasks for the page alone, in the real shapes: on time, late, failed, paused, waiting."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from desktop.events import Reading
from desktop.store.runs import Late, Run, Status
from desktop.store.tasks import Condition, Plan, Saving, Timetable
from desktop.tasks.agenda import LateRun, TaskLine

CRORES = [28.41, 27.06, 66.92, 57.27, 41.5, 32.8, 28.1, 25.2, 25.9, 24.4]
FOLDER = {"id": "f1", "name": "Reports", "path": "/home/anita/Documents/Reports"}


def run(number: int, *, days: int = 0, status: Status = "done", **more: Any) -> Run:
    at = datetime.now(UTC).replace(hour=3, minute=30, second=0, microsecond=0) - timedelta(days=days)
    text = at.isoformat().replace("+00:00", "Z")
    started = (at + timedelta(minutes=14 if more.get("late") else 0)).isoformat().replace("+00:00", "Z")
    facts: dict[str, Any] = {
        "id": f"r{number}",
        "task_id": "t1",
        "occurrence": text,
        "due_at": text,
        "started_at": started,
        "revision": 1,
        "elapsed_ms": 900.0 + number * 35,
        "row_count": 5 if status in ("done", "quiet") else None,
        "turn_id": f"turn{number}",
    }
    return Run(**facts | more, status=status)


def _task(name: str, plan: Plan, last: list[Run], *, enabled: bool = True, **more: str) -> TaskLine:
    coming = (datetime.now(UTC) + timedelta(hours=14)).isoformat()
    facts: dict[str, Any] = {"condition": "", "conversation_id": "c1", **more}
    return TaskLine(
        id=name, plan=plan, enabled=enabled, next_at=coming if enabled else None, last=last, **facts
    )


def _plan(name: str, question: str, **more: Any) -> Plan:
    weekly = Timetable(kind="weekly", at="08:00", days=[0])
    return Plan(name=name, question=question, timetable=weekly, **more)


def tasks() -> dict[str, Any]:
    """What ``GET /api/tasks`` says."""
    zones = _plan(
        "Like-for-like sales by zone",
        "Last week's like-for-like sales by zone in crore, against the same week last year",
        condition=Condition(kind="falls", amount="3", percent=True, any_row=True),
        saving=Saving(format="xlsx", folder="f1"),
    )
    file = "/home/anita/Documents/Reports/Like-for-like sales by zone 2026-11-23 0800.xlsx"
    told: dict[str, Any] = {"message": "North fell by 4.1 % from ₹12.40 crore to ₹11.89 crore.", "file": file}
    late = run(21, days=1, late=_late("off"), row_count=12)
    lines = [
        _task(
            "t1",
            zones,
            [
                run(number, days=7 * number, figure=f"₹{crore:.2f} crore", value=crore * 1e7, **told)
                for number, crore in enumerate(CRORES)
            ],
            when="Mondays, 08:00 (Asia/Kolkata)",
            condition="only if a row falls by more than 3 %",
        ),
        _task(
            "t2",
            _plan("Stock-outs in winterwear", "Stock-outs"),
            [run(30, status="running")],
            when="Daily, 07:30",
        ),
        _task(
            "t3",
            _plan("Target shortfall, my 12 stores", "Target shortfall"),
            [late, *(run(21 + n, days=n, status="quiet") for n in range(2, 9))],
            when="Daily, 21:00",
        ),
        _task(
            "t4",
            _plan("Returns above 8 %", "Returns"),
            [
                run(40, days=3, status="failed", message="The data source could not run the query."),
                *(run(40 + n, days=3 + n) for n in range(1, 7)),
            ],
            when="Fridays, 18:00",
        ),
        _task(
            "t5",
            _plan("Month close by department " * 4, "Close"),
            [],
            when="1st of the month, 09:00",
            enabled=False,
        ),
    ]
    shown = {"tasks": lines, "late": [LateRun(run=late, name="Target shortfall, my 12 stores")]}
    found: dict[str, Any] = msgspec.to_builtins({**shown, "folders": [FOLDER], "zone": "Asia/Kolkata"})
    return found


def about(tasks: dict[str, Any], of: list[str]) -> dict[str, Any]:
    """What is behind ``/api/tasks`` and ``/api/tasks/t1/runs``."""
    if not of:
        return tasks
    last = next(task for task in tasks["tasks"] if task["id"] == of[0])["last"]
    return {"runs": last, "count": len(last)}


def preview(plan: dict[str, Any]) -> dict[str, Any]:
    lines = [
        Reading("Asks", plan["question"]),
        Reading("When", "Mondays, 08:00 (Asia/Kolkata)"),
        Reading("Next three", "Mon 30 Nov 2026, 08:00 · Mon 7 Dec 2026, 08:00 · Mon 14 Dec 2026, 08:00"),
        Reading("Saves", "Excel, with its receipt, a new file each time"),
        Reading("Folder", f"{FOLDER['name']} ({FOLDER['path']})"),
        Reading("Tells you", "by a notification"),
    ]
    found: dict[str, Any] = msgspec.to_builtins({"readings": lines})
    return found


def _late(reason: Late) -> Late:
    return reason

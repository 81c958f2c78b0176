"""Whether a plan can be carried out as it stands, and how it reads: what the person says yes to."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

import msgspec

from desktop.events import Reading
from desktop.store.tasks import Plan
from desktop.tasks import conditions, timetable
from desktop.tasks.answering import Folder
from desktop.tasks.clock import zone_name
from desktop.tasks.timetable import describe, upcoming, zone_of
from shared.errors import InvalidRequest

LONGEST_NAME, LONGEST_QUESTION, LONGEST_SQL = 120, 2_000, 100_000
SHORTEST_SECONDS, LONGEST_SECONDS = 1, 6 * 3600
FORMATS = {"csv": "CSV", "xlsx": "Excel, with its receipt", "md": "Markdown"}


def checked(plan: Plan, folders: Sequence[Folder]) -> Plan:
    """The plan with its texts trimmed. Raises InvalidRequest with one sentence."""
    plan = msgspec.structs.replace(plan, name=" ".join(plan.name.split()), question=plan.question.strip())
    if not plan.question:
        raise InvalidRequest("There is no question to ask.")
    if not plan.name:
        plan = msgspec.structs.replace(plan, name=plan.question[:60].strip())
    limits = [
        ("The name", plan.name, LONGEST_NAME),
        ("The question", plan.question, LONGEST_QUESTION),
        ("The SQL", plan.sql or "", LONGEST_SQL),
    ]
    for what, text, limit in limits:
        if len(text) > limit:
            raise InvalidRequest(f"{what} may have {limit} characters at most.")
    if not SHORTEST_SECONDS <= plan.deadline_seconds <= LONGEST_SECONDS:
        raise InvalidRequest("A run may take up to six hours.")
    timetable.check(plan.timetable)
    if plan.condition is not None:
        conditions.check(plan.condition)
    if plan.saving is not None and plan.saving.folder not in {folder.id for folder in folders}:
        raise InvalidRequest("Choose a folder that you have granted for writing.")
    if plan.saving is None and not plan.notify:
        raise InvalidRequest("A task that saves nothing must tell you something.")
    return plan


def when_text(plan: Plan, here: tzinfo) -> str:
    """``Weekdays, 09:00 (Asia/Kolkata)``"""
    text = describe(plan.timetable)
    if plan.timetable.zone or plan.timetable.kind == "interval":
        return text
    return f"{text} ({zone_name(here)})"


def moment_text(at: datetime, plan: Plan, here: tzinfo) -> str:
    local = at.astimezone(zone_of(plan.timetable, here))
    return f"{local:%a} {local.day} {local:%b %Y}, {local:%H:%M}"


def readings(plan: Plan, folders: Sequence[Folder], now: datetime, here: tzinfo) -> list[Reading]:
    """Line by line what is going to happen, with the next three times."""
    coming = upcoming(plan.timetable, now, here, now)
    times = [moment_text(next(coming).at, plan, here) for _ in range(3)]
    lines = [Reading("Asks", plan.question), Reading("When", when_text(plan, here))]
    lines.append(Reading("Next three", " · ".join(times)))
    if plan.connection:
        lines.append(Reading("Connection", plan.connection))
    if plan.condition is not None:
        lines.append(Reading("Condition", conditions.describe(plan.condition)))
    if plan.saving is not None:
        folder = next((each for each in folders if each.id == plan.saving.folder), None)
        where = f"{folder.name} ({folder.path})" if folder else "a folder that is not granted any more"
        lines.append(Reading("Saves", f"{FORMATS[plan.saving.format]}, a new file each time"))
        lines.append(Reading("Folder", where))
    lines.append(Reading("Tells you", "by a notification" if plan.notify else "nothing"))
    return lines

"""The tool ``schedule``: a question that asks itself from now on. The person says yes to what is made."""

from typing import Annotated, Literal, cast

import msgspec

from desktop.events import Effect
from desktop.store.tasks import Condition, Plan, Saving, Timetable
from desktop.tasks.agenda import Agenda, TaskLine
from desktop.tasks.answering import Folder
from desktop.tools.base import ToolContext, ToolOutput
from shared.errors import InvalidRequest, NothingGranted, ToolRefused

_WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class ScheduleArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    question: Annotated[
        str,
        msgspec.Meta(
            description="What to ask at each run, complete in itself: Net sales by zone, last week. "
            "No times of running, no format and no condition in it."
        ),
    ]
    name: Annotated[str, msgspec.Meta(description="A short heading: Sales by zone.")]
    repeats: Annotated[
        Literal["daily", "weekly", "monthly", "interval"],
        msgspec.Meta(description="weekly runs on the days in days; every weekday is weekly with five days."),
    ]
    at: Annotated[
        str,
        msgspec.Meta(description="Time of day in 24 hours, 09:00. Ask the person when it was not said."),
    ] = ""
    days: list[Day] = []
    day_of_month: Annotated[int, msgspec.Meta(description="For monthly; 31 is the last day.")] = 1
    every_minutes: Annotated[int, msgspec.Meta(description="For interval; 5 at least.")] = 60
    save_as: Annotated[
        Literal["", "xlsx", "csv", "md"], msgspec.Meta(description="A file for each run; empty for none.")
    ] = ""
    folder: Annotated[
        str, msgspec.Meta(description="Name of the granted folder to save in; empty for the only one.")
    ] = ""
    only_if: Annotated[
        Literal["", "falls", "rises", "changes", "above", "below", "rows", "no_rows"],
        msgspec.Meta(
            description="Tell the person only on this condition. falls, rises and changes compare with the "
            "run before. It is worked out from the result, not by you."
        ),
    ] = ""
    amount: Annotated[str, msgspec.Meta(description="The number of the condition, as digits.")] = "0"
    percent: bool = False
    any_row: Annotated[bool, msgspec.Meta(description="Each row counts for itself: when a zone falls.")] = (
        False
    )
    or_equal: bool = False


class ScheduleTool:
    """Nothing is made before the yes; what is made is what was shown."""

    name = "schedule"
    description = (
        "Make a task: a question that asks itself at set times, tells the person on this PC and may save a "
        "file in a granted folder. The person sees it and says yes or no. It cannot send mail or messages."
    )
    arguments: type[msgspec.Struct] = ScheduleArguments

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:  # noqa: ARG002 - of the form
        return f"Scheduling {cast('ScheduleArguments', arguments).name}"

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        wanted = cast("ScheduleArguments", arguments)
        if wanted.repeats != "interval" and not wanted.at:
            raise ToolRefused("At what time? Ask the person.")
        try:
            made = approved(self._agenda, self._plan(wanted, context), context)
        except InvalidRequest as error:
            raise ToolRefused(str(error)) from error
        return ToolOutput(
            for_model={"made": True, "when": made.when, "next_run_utc": made.next_at},
            summary=made.when,
            detail=made.plan.question,
        )

    def _plan(self, wanted: ScheduleArguments, context: ToolContext) -> Plan:
        condition = None
        if wanted.only_if:
            condition = Condition(
                kind=wanted.only_if,
                amount=wanted.amount,
                percent=wanted.percent,
                any_row=wanted.any_row,
                inclusive=wanted.or_equal,
            )
        saving = None
        if wanted.save_as:
            saving = Saving(format=wanted.save_as, folder=_folder(wanted.folder, self._agenda.folders()))
        return Plan(
            name=wanted.name,
            question=wanted.question,
            connection=context.connection,
            timetable=Timetable(
                kind=wanted.repeats,
                at=wanted.at or "09:00",
                days=[_WEEK.index(day) for day in wanted.days],
                day=wanted.day_of_month,
                every_minutes=wanted.every_minutes,
            ),
            condition=condition,
            saving=saving,
        )


def approved(agenda: Agenda, plan: Plan, context: ToolContext) -> TaskLine:
    """Asks the person, and makes the task. Raises InvalidRequest, EffectDeclined, Cancelled."""
    details = agenda.readings(plan)
    context.approve(Effect(kind="schedule", title=f"Make the task “{plan.name}”", details=details))
    return agenda.create(plan)


def _folder(name: str, folders: list[Folder]) -> str:
    if not folders:
        raise NothingGranted("No folder is granted for saving. The person can grant one on the page Files.")
    named = [folder for folder in folders if folder.name.casefold() == name.casefold()]
    if len(named) == 1:
        return named[0].id
    if not name and len(folders) == 1:
        return folders[0].id
    names = ", ".join(folder.name for folder in folders)
    raise ToolRefused(f"In which folder? There are: {names}.")

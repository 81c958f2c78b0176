"""What a time phrase says, once read: a span, a step to group by, or several readings to choose from."""

from datetime import date

import msgspec

from desktop.analyst import steps
from desktop.analyst.intent import Span
from desktop.analyst.time_words import ADVERB, STEP, step_of


class Time(msgspec.Struct, frozen=True):
    """``span``; or ``grain``, ``alone`` when it needs no "by"; or ``choices`` when it can be read in
    two ways, each a phrase that can be read in one. ``note`` says how it was read."""

    length: int
    span: Span | None = None
    grain: str = ""
    alone: bool = False
    choices: tuple[str, ...] = ()
    note: str = ""


def grain(words: list[str], _before: str) -> Time | None:
    first = words[0]
    if words[:2] == ["over", "time"]:
        return Time(2, grain="month", alone=True)
    if first in ADVERB:
        return Time(1, grain=ADVERB[first], alone=True)
    if first == "day" and words[1:3] == ["by", "day"]:
        return Time(3, grain="day", alone=True)
    if (
        len(words) > 2
        and words[1] in ("by", "on")
        and words[2] == first
        and first in STEP
        and words[1] == "by"
    ):
        return Time(3, grain=STEP[first], alone=True)
    step, length = step_of(words)
    if step:
        return Time(length, grain=step)
    return Time(1, grain="day") if first in ("date", "dates") else None


def calendar_note(step: str) -> str:
    if step == "fiscal":
        return "April to March"
    return "the calendar year; say “financial year” for April to March" if step == "year" else ""


def one_day(length: int, day: date | None, note: str) -> Time | None:
    return Time(length, Span(day, day, day.isoformat(), "day"), note=note) if day else None


def ended(length: int, start: date, end: date, today: date) -> Time:
    if start.day == 1 and end == steps.last_of_month(end) and steps.first_of("month", end) == start:
        return Time(length, steps.whole("month", start, 0, f"{start:%B %Y}", today=today))
    return Time(length, Span(start, end, f"{start.isoformat()} to {end.isoformat()}"))

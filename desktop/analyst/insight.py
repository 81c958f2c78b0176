"""Questions for an insight, read: from what they are about to the rows that are looked at. The words that
make one are in wonder, what the rows are in rows.
"""

from collections.abc import Callable
from datetime import date, timedelta

import msgspec

from desktop.analyst import steps
from desktop.analyst.catalogue import Catalogue
from desktop.analyst.intent import Intent, Span
from desktop.analyst.meaning import InsightPlan, Outcome, Question, Refusal
from desktop.analyst.rows import rows_of
from desktop.analyst.wonder import Wonder
from desktop.events import Choice, Reading

_UNIT_DAYS = {"day": 1, "week": 7}
_MOST_AHEAD = 366


def plan(  # noqa: PLR0911 - one thing that it cannot do after the other
    wonder: Wonder, outcome: Outcome, intent: Intent | None, catalogue: Catalogue, today: date
) -> InsightPlan | Question | Refusal:
    """``outcome`` and ``intent`` are those of the question that the wonder is about."""
    if isinstance(outcome, Question):
        choices = [Choice(one.label, wonder.asked_about(one.question)) for one in outcome.choices]
        return Question(outcome.text, choices)
    if isinstance(outcome, Refusal):
        return outcome
    if intent is None:
        return Refusal("I can not look into that.")
    if len(intent.facts) != 1 or intent.against is not None:
        return Refusal("I can look into one figure at a time; name just that one.", [])
    if wonder.goal == "change" and intent.span is None:
        return Refusal(
            f"When? Name the time that you mean: “{wonder.asked_about(f'{wonder.topic} last month')}?”",
            [wonder.asked_about(f"{wonder.topic} last month")],
        )
    span = intent.span
    whole = wonder.goal in ("change", "forecast")
    rows = rows_of(catalogue, msgspec.structs.replace(intent, span=None) if whole else intent)
    if rows is None:
        return Refusal("I need figures with a date to look into that, and there are none.", [])
    label = intent.measures[0].label
    newest = catalogue.days(dates[0]).last if (dates := catalogue.dates_of(intent.facts[0])) else None
    readings = [one for one in outcome.readings if one.name in ("Measure", "Only", "Without", "Period")]
    readings.append(Reading("Looked at", ", ".join([*rows.figures, "by", *rows.groups]).replace("by,", "by")))
    made = InsightPlan(
        goal=wonder.goal,
        sql=rows.sql,
        title="",
        readings=readings,
        memory=outcome.memory,
        as_of=outcome.as_of,
        question=" ".join(rows.figures[:1]),
        direction=wonder.direction,
    )
    titles: dict[str, Callable[[], InsightPlan]] = {
        "change": lambda: _change(made, label, span),
        "stands_out": lambda: msgspec.structs.replace(made, title=f"What stands out in {_lower(label)}"),
        "forecast": lambda: _forecast(made, label, wonder, newest or today),
        "recommend": lambda: msgspec.structs.replace(made, title=f"What could be done about {_lower(label)}"),
    }
    return titles[wonder.goal]()


def _change(made: InsightPlan, label: str, span: Span | None) -> InsightPlan:
    """Against the same time a year before; and, when that says the opposite, against the time just before."""
    if span is None:
        return made
    year, before = steps.earlier(span, 12, "a year before"), steps.before(span)
    return msgspec.structs.replace(
        made,
        title=f"What changed {_lower(label)}, {_days(span)}",
        period=_two(span),
        against=_two(year),
        or_against=_two(before),
        readings=[*made.readings, Reading("Compared with", f"{_days(year)}; or else {_days(before)}")],
    )


def _forecast(made: InsightPlan, label: str, wonder: Wonder, newest: date) -> InsightPlan:
    days = _ahead(wonder, newest)
    last = newest + timedelta(days=days)
    return msgspec.structs.replace(
        made,
        title=f"{label}, expected until {last.day} {last:%b} {last.year}",
        forecast_days=days,
        readings=[*made.readings, Reading("Ahead", f"{days} days after {newest.isoformat()}")],
    )


def _ahead(wonder: Wonder, newest: date) -> int:
    """Weeks have seven days; months and quarters end where the calendar has them end."""
    if wonder.unit in _UNIT_DAYS:
        return min(wonder.ahead * _UNIT_DAYS[wonder.unit], _MOST_AHEAD)
    if wonder.unit in ("month", "quarter"):
        months = wonder.ahead * (3 if wonder.unit == "quarter" else 1)
        first = newest + timedelta(days=1)
        begins = first if first.day == 1 else steps.months_later(first.replace(day=1), 1)
        end = steps.last_of_month(steps.months_later(begins, months - 1))
        return min((end - newest).days, _MOST_AHEAD)
    return 28


def _two(span: Span) -> list[str]:
    return [span.start.isoformat(), span.end.isoformat()]


def _days(span: Span) -> str:
    if steps.is_whole_months(span) and (span.start.year, span.start.month) == (span.end.year, span.end.month):
        return f"{span.start:%b} {span.start.year}"
    return (
        f"{span.start.day} {span.start:%b} {span.start.year} to {span.end.day} {span.end:%b} {span.end.year}"
    )


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]

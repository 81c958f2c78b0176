"""Days, weeks, months, quarters and years as spans of days: where they start, what came before.

Weeks run from Monday to Sunday, quarters as in the April–March year, a fiscal year from April to March.
"""

from datetime import date, timedelta

from desktop.analyst.intent import Span

MONTHS = {"month": 1, "quarter": 3, "year": 12, "fiscal": 12}
STEPS = ("day", "week", "month", "quarter", "year", "fiscal")


def first_of(step: str, day: date) -> date:
    match step:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, day.month - (day.month - 1) % 3, 1)
        case "year":
            return date(day.year, 1, 1)
        case "fiscal":
            return date(day.year if day.month >= 4 else day.year - 1, 4, 1)
    return day


def months_later(day: date, months: int) -> date:
    """The same day of another month, or its last one."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    return min(
        date(year, month + 1, 1) + timedelta(days=day.day - 1), last_of_month(date(year, month + 1, 1))
    )


def last_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def steps_later(start: date, step: str, count: int) -> date:
    """``start`` begins a step; where the step ``count`` later begins."""
    if step in MONTHS:
        return months_later(start, MONTHS[step] * count)
    return start + timedelta(days=count * (7 if step == "week" else 1))


def whole(step: str, day: date, back: int, said: str, *, today: date) -> Span:
    """The step that holds ``day``, or the one ``back`` steps before; cut at ``today``."""
    start = steps_later(first_of(step, day), step, -back)
    end = steps_later(start, step, 1) - timedelta(days=1)
    partial = start <= today < end
    return Span(start, today if partial else end, said, step, partial)


def before(span: Span) -> Span:
    """The span just before, as long as this one: the step before, cut alike when this one is cut."""
    length = (span.end - span.start).days + 1
    if span.step in STEPS and first_of(span.step, span.start) == span.start:
        start = steps_later(span.start, span.step, -1)
        last = span.start - timedelta(days=1)
        end = min(start + timedelta(days=length - 1), last) if span.partial else last
        if span.partial and span.step in MONTHS:
            end = min(months_later(span.end, -MONTHS[span.step]), last)
        return Span(start, end, "the one before", span.step)
    return Span(span.start - timedelta(days=length), span.start - timedelta(days=1), "the days before")


def earlier(span: Span, months: int, said: str) -> Span:
    """The same days ``months`` earlier; an end of a month stays one."""
    end = months_later(span.end, -months)
    if span.end == last_of_month(span.end):
        end = last_of_month(end)
    return Span(months_later(span.start, -months), end, said, span.step)


def is_whole_months(span: Span) -> bool:
    return span.start.day == 1 and span.end == last_of_month(span.end)


def fiscal_name(start: date) -> str:
    return f"FY{start.year}-{(start.year + 1) % 100:02d}"

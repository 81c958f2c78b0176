"""Time in words becomes the right days, seen from one day."""

from datetime import date

import pytest

from desktop.analyst import steps
from desktop.analyst.intent import Span
from desktop.analyst.periods import Clock
from desktop.analyst.tokens import tokenise

TODAY = date(2026, 3, 18)  # a Wednesday


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("today", "2026-03-18", "2026-03-18"),
        ("yesterday", "2026-03-17", "2026-03-17"),
        ("last 7 days", "2026-03-12", "2026-03-18"),
        ("this week", "2026-03-16", "2026-03-18"),
        ("last week", "2026-03-09", "2026-03-15"),
        ("this month", "2026-03-01", "2026-03-18"),
        ("last month", "2026-02-01", "2026-02-28"),
        ("pichle mahine", "2026-02-01", "2026-02-28"),
        ("last quarter", "2025-10-01", "2025-12-31"),
        ("last financial year", "2024-04-01", "2025-03-31"),
        ("this fiscal year", "2025-04-01", "2026-03-18"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("FY26", "2025-04-01", "2026-03-18"),
        ("FY2024-25", "2024-04-01", "2025-03-31"),
        ("2024-25", "2024-04-01", "2025-03-31"),
        ("Q1 FY26", "2025-04-01", "2025-06-30"),
        ("Q4", "2026-01-01", "2026-03-18"),
        ("October", "2025-10-01", "2025-10-31"),
        ("October 2024", "2024-10-01", "2024-10-31"),
        ("March", "2026-03-01", "2026-03-18"),
        ("14 March 2025", "2025-03-14", "2025-03-14"),
        ("March 14, 2025", "2025-03-14", "2025-03-14"),
        ("1st Jan 2026", "2026-01-01", "2026-01-01"),
        ("2025-03-14", "2025-03-14", "2025-03-14"),
        ("14/03/2025", "2025-03-14", "2025-03-14"),
        ("since 1 Jan 2026", "2026-01-01", "2026-03-18"),
        ("between 1 and 15 March 2026", "2026-03-01", "2026-03-15"),
        ("from 1 Jan 2025 to 31 Mar 2025", "2025-01-01", "2025-03-31"),
        ("from April to June 2025", "2025-04-01", "2025-06-30"),
        ("from November to January 2026", "2025-11-01", "2026-01-31"),
        ("year to date", "2026-01-01", "2026-03-18"),
        ("the week of 4 March 2026", "2026-03-02", "2026-03-08"),
    ],
)
def test_words_become_days(words: str, start: str, end: str) -> None:
    tokens = tokenise(words.removeprefix("the "))
    time = Clock(TODAY).read(tokens, 0)
    assert time is not None
    assert time.length == len(tokens)
    assert time.span is not None
    assert (time.span.start.isoformat(), time.span.end.isoformat()) == (start, end)


@pytest.mark.parametrize("words", ["last 3 months", "Q1 2025"])
def test_what_can_be_read_in_two_ways_gives_two_choices(words: str) -> None:
    time = Clock(TODAY).read(tokenise(words), 0)
    assert time is not None
    assert time.span is None
    assert len(time.choices) == 2
    for choice in time.choices:
        again = Clock(TODAY).read(tokenise(choice), 0)
        assert again is not None
        assert again.span is not None


@pytest.mark.parametrize(
    "words", ["31 February 2025", "2025-13-01", "last 0 days", "32/01/2025", "FY2025-27"]
)
def test_days_that_do_not_exist_are_not_read(words: str) -> None:
    tokens = tokenise(words)
    time = Clock(TODAY).read(tokens, 0)
    assert time is None or time.length < len(tokens)


def test_a_period_that_is_not_over_is_compared_with_as_many_days() -> None:
    span = steps.whole("month", TODAY, 0, "this month", today=TODAY)
    assert steps.before(span) == Span(date(2026, 2, 1), date(2026, 2, 18), "the one before", "month")


def test_the_end_of_a_month_stays_one_a_year_earlier() -> None:
    span = Span(date(2024, 2, 1), date(2024, 2, 29), "", "month")
    assert steps.earlier(span, 12, "").end == date(2023, 2, 28)
    assert steps.earlier(Span(date(2025, 2, 1), date(2025, 2, 28), ""), 12, "").end == date(2024, 2, 29)

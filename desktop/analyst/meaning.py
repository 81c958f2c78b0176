"""What the built-in analyst answers: one of three outcomes. How it gets there stays beside this file."""

from datetime import date
from typing import Literal

import msgspec

from desktop.events import ChartSpec, Choice, Headline, Reading


class Plan(msgspec.Struct, frozen=True):
    """The question was understood: one SELECT in the connection's dialect.

    ``title`` names the result ("Net sales by zone, Apr 2025 to Mar 2026"), ``readings`` say how each
    part of the question was read, ``formats`` gives one of ``money number percent date month text``
    a column of the result, ``memory`` is what a follow-up needs, JSON-able and opaque to callers.
    """

    sql: str
    title: str
    readings: list[Reading]
    formats: list[str]
    chart: ChartSpec | None
    memory: dict[str, object]
    as_of: date | None = None
    follow_ups: list[str] = []


class InsightPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A question that takes an insight: ``sql`` gives the rows to look at. ``direction`` is -1 when the
    person saw a fall, 1 a rise; ``or_against`` is what a change is compared with when ``against`` shows the
    opposite."""

    goal: Literal["change", "stands_out", "forecast", "recommend"]
    sql: str
    title: str
    readings: list[Reading]
    memory: dict[str, object]
    period: list[str] = []
    against: list[str] = []
    or_against: list[str] = []
    forecast_days: int | None = None
    direction: int = 0
    question: str = ""
    as_of: date | None = None
    follow_ups: list[str] = []


class Question(msgspec.Struct, frozen=True):
    """The question can be read in several ways."""

    text: str
    choices: list[Choice]


class Refusal(msgspec.Struct, frozen=True):
    """It is not understood; ``text`` names the words that were not, and what could be asked."""

    text: str
    suggestions: list[str] = []


Outcome = Plan | Question | Refusal


class Told(msgspec.Struct, frozen=True):
    """The answer in words (Markdown), made after the plan's SQL has run."""

    text: str
    headline: Headline | None = None

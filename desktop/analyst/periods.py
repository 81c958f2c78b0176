"""Time in words, at one place of a question: ``last month``, ``Q1 FY26``, ``since 1 Jan 2026``.

Each reader looks at the tokens from ``at`` on and gives what it read and how many tokens it took.
Which column holds the date is decided elsewhere.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from desktop.analyst import steps
from desktop.analyst.intent import Span
from desktop.analyst.readings import Time, calendar_note, ended, grain, one_day
from desktop.analyst.time_words import (
    FIRST_YEAR,
    LAST,
    MONTH,
    STEP,
    THIS,
    TO_DATE,
    count_of,
    day_and_month,
    day_number,
    fiscal_year,
    is_year,
    made,
    step_of,
    year_after,
)
from desktop.analyst.tokens import Token

_BARE_YEARS = 10
"""``sales 2025`` and ``sales 2024 vs 2025`` mean years when they are as recent as this, and end so."""
_BEFORE = "the day before yesterday"
_DAYS = {
    "today": (0, "today", ""), "todays": (0, "today", ""), "aaj": (0, "today", ""),
    "yesterday": (1, "yesterday", ""), "yesterdays": (1, "yesterday", ""),
    "kal": (1, "yesterday", "yesterday"), "parso": (2, _BEFORE, _BEFORE), "parson": (2, _BEFORE, _BEFORE),
}  # fmt: skip
"""Steps back, and how it was read where that must be told: "kal" is tomorrow too, without data."""


class Clock:
    """Reads time words, seen from ``today``. ``fiscal``: a year is one from April to March, because the
    question before spoke of such years."""

    def __init__(self, today: date, *, fiscal: bool = False) -> None:
        self.today = today
        self._years = "fiscal" if fiscal else "year"

    def read(self, tokens: Sequence[Token], at: int) -> Time | None:
        words = [t.word for t in tokens[at : at + 16]]
        before = tokens[at - 1].word if at else ""
        for reader in (self._range, self._one_sided, self._span, grain):
            found = reader(words, before)
            if found is not None:
                return found
        return None

    # -- spans with two ends ---------------------------------------------------------------

    def _range(self, words: list[str], _before: str) -> Time | None:
        opened = words[0] in ("between", "from")
        start = 1 if opened else 0
        joiner = {"between": ("and", "to", "-"), "from": ("to", "till", "until", "-")}.get(
            words[0], ("to", "till", "until", "-")
        )
        left = self._span(words[start:], "of")
        if left is None or left.span is None:
            return self._short_range(words, start, joiner) if opened else None
        at = start + left.length
        if at >= len(words) or words[at] not in joiner:
            return None
        right = self._span(words[at + 1 :], "of")
        if right is None or right.span is None:
            return None
        begin, end = left.span, right.span
        if end.start.year > self.today.year + 10:
            return None  # such as "mrp between 2000 and 2050": no years
        if begin.start > end.end and left.note == "no year":
            back = steps.months_later(begin.start, -12)
            begin = Span(back, back, "")
        elif left.note == "no year" and right.note != "no year":
            begin = self._same_year(begin, end)
        if begin.start > end.end:
            return None
        return ended(at + 1 + right.length, begin.start, end.end, self.today)

    @staticmethod
    def _same_year(begin: Span, end: Span) -> Span:
        start = begin.start.replace(
            year=end.end.year, day=min(begin.start.day, 28) if begin.start.month == 2 else begin.start.day
        )
        if start > end.end:
            start = steps.months_later(start, -12)
        return Span(start, start, "")

    def _short_range(self, words: list[str], start: int, joiner: tuple[str, ...]) -> Time | None:
        """``between 1 and 15 March 2026``"""
        day = day_number(words[start]) if start < len(words) else None
        if day is None or start + 1 >= len(words) or words[start + 1] not in joiner:
            return None
        right = self._date(words[start + 2 :])
        if right is None or right.span is None or right.span.start.day < day:
            return None
        end = right.span.end
        return ended(start + 2 + right.length, end.replace(day=day), end, self.today)

    def _one_sided(self, words: list[str], _before: str) -> Time | None:
        for openers, which in ((("since", "from"), "since"), (("after",), "after"), (("before",), "before"),
                               (("until", "till", "upto"), "until")):  # fmt: skip
            if words[0] in openers:
                inner = self._span(words[1:], "of")
                if inner is None or inner.span is None:
                    return None
                return self._openended(which, inner, inner.span)
        return None

    def _openended(self, which: str, inner: Time, span: Span) -> Time | None:
        length = 1 + inner.length
        if which == "since" and span.start <= self.today:
            return ended(length, span.start, self.today, self.today)
        if which == "after" and span.end < self.today:
            return ended(length, span.end + timedelta(days=1), self.today, self.today)
        first = date(FIRST_YEAR - 90, 1, 1)
        if which == "before":
            return Time(length, Span(first, span.start - timedelta(days=1), f"before {span.start}"))
        return Time(length, Span(first, span.end, f"until {span.end}")) if which == "until" else None

    # -- spans of one expression -----------------------------------------------------------

    def _span(self, words: list[str], before: str) -> Time | None:
        if not words:
            return None
        if words[1:2] == ["of"] and STEP.get(words[0]) in ("week", "month", "quarter", "year"):
            return self._step_of(words, STEP[words[0]])
        for found in (self._named(words), self._relative(words), self._fiscal(words), self._date(words)):
            if found is not None:
                return found
        return self._month(words) or self._year(words, before)

    def _step_of(self, words: list[str], step: str) -> Time | None:
        """``the month of January``, ``the week of 2 March 2026``"""
        inner = self._span(words[2:], "of")
        if inner is None or inner.span is None or inner.span.step not in ("day", step):
            return None
        span = steps.whole(step, inner.span.start, 0, inner.span.said, today=self.today)
        return Time(2 + inner.length, span, note=inner.note)

    def _named(self, words: list[str]) -> Time | None:
        first = words[0]
        if first in _DAYS:
            back, said, note = _DAYS[first]
            return Time(1, steps.whole("day", self.today, back, said, today=self.today), note=note)
        if words[:4] == ["day", "before", "yesterday"]:
            return Time(3, steps.whole("day", self.today, 2, _BEFORE, today=self.today))
        if first in TO_DATE:
            return self._to_date(TO_DATE[first], 1)
        if words[1:3] == ["to", "date"] and first in STEP:
            return self._to_date(STEP[first], 3)
        return None

    def _to_date(self, step: str, length: int) -> Time:
        start = steps.first_of(step, self.today)
        note = calendar_note(step)
        return Time(length, Span(start, self.today, f"{step} to date", step, partial=True), note=note)

    def _relative(self, words: list[str]) -> Time | None:
        if words[0] not in THIS | LAST or len(words) < 2:
            return None
        many = count_of(words[1])
        step, length = step_of(words[2:] if many else words[1:])
        if not step:
            return None
        said = " ".join(words[: length + (2 if many else 1)])
        step = self._years if step == "year" and "calendar" not in said else step
        if many is not None:
            return self._last_many(many, step, said, length + 2) if words[0] in LAST else None
        back = 1 if words[0] in LAST else 0
        if step == "day":
            return (
                None
                if back == 0
                else Time(1 + length, steps.whole("day", self.today, 1, said, today=self.today))
            )
        span = steps.whole(step, self.today, back, said, today=self.today)
        so_far = 2 if not back and words[1 + length : 3 + length] == ["so", "far"] else 0
        return Time(1 + length + so_far, span, note=calendar_note(step))

    def _last_many(self, many: int, step: str, said: str, length: int) -> Time | None:
        if not 1 <= many <= 5_000:
            return None
        if step == "day":
            return Time(length, Span(self.today - timedelta(days=many - 1), self.today, said))
        this = steps.first_of(step, self.today)
        if many > 200:
            return None
        after = steps.steps_later(this, step, 1)
        if after - timedelta(days=1) == self.today:
            start = steps.steps_later(after, step, -many)
            return Time(length, Span(start, self.today, said))
        complete = (steps.steps_later(this, step, -many), this - timedelta(days=1))
        running = (steps.steps_later(this, step, 1 - many), self.today)
        return Time(
            length, choices=tuple(f"from {a.isoformat()} to {b.isoformat()}" for a, b in (complete, running))
        )

    def _fiscal(self, words: list[str]) -> Time | None:
        quarter = re.fullmatch(r"q([1-4])", words[0])
        if quarter:
            return self._quarter(int(quarter.group(1)), words)
        start, length = fiscal_year(words)
        if start is None:
            return None
        first = date(start, 4, 1)
        said = steps.fiscal_name(first)
        span = steps.whole("fiscal", first, 0, said, today=self.today)
        return Time(length, span, note="April to March")

    def _quarter(self, number: int, words: list[str]) -> Time | None:
        skip = 2 if words[1:2] in (["of"], [","]) else 1
        year, length = fiscal_year(words[skip:])
        if year is None and len(words) > skip and is_year(words[skip]):
            calendar = int(words[skip])
            return Time(
                skip + 1,
                choices=(
                    f"q{number} fy{calendar - 1}-{calendar % 100:02d}",
                    f"q{number} fy{calendar}-{(calendar + 1) % 100:02d}",
                ),
            )
        if year is None:
            year, length, skip = steps.first_of("fiscal", self.today).year, 0, 1
            if steps.months_later(date(year, 4, 1), 3 * (number - 1)) > self.today:
                year -= 1
        start = steps.months_later(date(year, 4, 1), 3 * (number - 1))
        said = f"Q{number} {steps.fiscal_name(date(year, 4, 1))}"
        span = steps.whole("quarter", start, 0, said, today=self.today)
        return Time(skip + length, span, note="quarters of the April to March year")

    def _date(self, words: list[str]) -> Time | None:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words[0]) if words else False:
            return one_day(1, made(*map(int, words[0].split("-"))), "")
        if len(words) >= 5 and words[1] in ("/", "-") and words[3] == words[1] and is_year(words[4]):
            if words[0].isdecimal() and words[2].isdecimal():
                return one_day(5, made(int(words[4]), int(words[2]), int(words[0])), "")
            return None
        day, month, length = day_and_month(words)
        if day is None or month is None:
            return None
        year, more = year_after(words[length:])
        if year is not None:
            return one_day(length + more, made(year, month, day), "")
        guess = made(self.today.year, month, day)
        if guess and guess > self.today:
            guess = made(self.today.year - 1, month, day)
        return one_day(length, guess, "no year")

    def _month(self, words: list[str]) -> Time | None:
        month = MONTH.get(words[0])
        if month is None:
            return None
        year, more = year_after(words[1:])
        note = ""
        if year is None:
            year = self.today.year if month <= self.today.month else self.today.year - 1
            note = "no year"
        start = date(year, month, 1)
        span = steps.whole("month", start, 0, f"{start:%B %Y}", today=self.today)
        return Time(1 + more, span, note=note)

    def _year(self, words: list[str], before: str) -> Time | None:
        skip = 2 if words[:2] == ["calendar", "year"] else 1 if words[0] == "year" else 0
        if len(words) <= skip or not is_year(words[skip]):
            return None
        recent = self.today.year - _BARE_YEARS <= int(words[skip]) <= self.today.year
        bare = recent and before and words[1:2] in ([], ["vs"], ["versus"])
        if (
            not skip
            and not bare
            and before
            not in (
                "in",
                "during",
                "of",
                "for",
                "and",
                "vs",
                "versus",
                "to",
                "than",
                "with",
                "against",
            )
        ):
            return None
        year = int(words[skip])
        span = steps.whole("year", date(year, 1, 1), 0, str(year), today=self.today)
        return Time(skip + 1, span, note=calendar_note("year"))

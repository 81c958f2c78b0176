"""Which dates a question is about: the date column of each fact, the day that today means, the period, and
the period to compare with. The reading of time words is in periods.py.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from desktop.analyst import steps
from desktop.analyst.catalogue import Catalogue
from desktop.analyst.chunks import Chunk
from desktop.analyst.intent import Place, Span
from desktop.analyst.numbers import day
from desktop.analyst.roles import Role, entity_label
from desktop.analyst.unclear import Wording, ask, refuse
from desktop.analyst.wishes import Wishes

_SHIFT = {"year": 12, "quarter": 3, "month": 1}
_AUTO = (
    ("the previous period", "compared to the previous period"),
    ("a year earlier", "compared to the same period last year"),
)


class Times:
    """Reads dates for one question."""

    def __init__(self, catalogue: Catalogue, wording: Wording, wishes: Wishes) -> None:
        self._catalogue = catalogue
        self._wording = wording
        self._wishes = wishes

    def column(self, fact: str, said: Sequence[Place], *, needed: bool) -> Place | None:
        """The date of a fact. Asks when it has several and none was named."""
        dates = self._catalogue.dates_of(fact)
        named = [p for p in said if p in dates]
        label = self._catalogue.tables[fact].label
        if len(named) == 1:
            return named[0]
        if not dates or not needed:
            if needed:
                raise refuse(f"{label.capitalize()} has no date that I could use for “{self._said()}”.")
            return dates[0] if len(dates) == 1 else None
        if len(dates) > 1:
            raise self._which_date(label, dates)
        table = self._catalogue.tables[fact]
        if entity_label(table) is not None and self._catalogue.column(dates[0]).role is Role.DATE:
            words = " ".join(self._catalogue.column(dates[0]).words)
            raise ask(
                f"{label.capitalize()} has one date, “{words}”. Is it the one you mean?",
                [(words.capitalize(), self._with_date(words))],
            )
        return dates[0]

    def _said(self) -> str:
        chunks = [*self._wishes.times, *self._wishes.against, *(c for c in self._wishes.groups if c.time)]
        return self._wording.original(chunks[0]) if chunks else "that period"

    def _which_date(self, label: str, dates: Sequence[Place]) -> Exception:
        words = [" ".join(self._catalogue.column(p).words) for p in dates]
        return ask(
            f"{label.capitalize()} has more than one date. Which one?",
            [(w.capitalize(), self._with_date(w)) for w in words],
        )

    def _with_date(self, words: str) -> str:
        chunks = [*self._wishes.times, *(c for c in self._wishes.groups if c.time)]
        if not chunks:
            return self._wording.added(words)
        original = self._wording.original(chunks[0])
        if chunks[0] in self._wishes.times:
            return self._wording.replaced(chunks[0], f"{original} {words}")
        return self._wording.added(f"of {words}")

    def span(self) -> Span | None:
        """The one period that was said."""
        times = self._wishes.times
        if len(times) > 1:
            raise refuse(
                f"I found more than one period: {', '.join(f'“{self._wording.original(c)}”' for c in times)}."
            )
        return self._span_of(times[0]) if times else None

    def _span_of(self, chunk: Chunk) -> Span:
        time = chunk.time
        if time is None or (time.span is None and not time.choices):
            raise refuse(f"I can't use “{self._wording.original(chunk)}” as a period.")
        if time.span is None:
            raise ask(
                f"“{self._wording.original(chunk)}” can be read in two ways. Which one?",
                [(c, self._wording.replaced(chunk, c)) for c in time.choices],
            )
        return time.span

    # -- comparison ------------------------------------------------------------------------

    def against(self, span: Span | None, today: date) -> tuple[Span | None, Span | None]:
        """The period and the one it is compared with."""
        wishes = self._wishes
        if not wishes.against and not wishes.compare:
            return span, None
        if len(wishes.against) > 1 or (wishes.against and wishes.compare not in ("", "auto")):
            raise refuse("I can compare with one period at a time.")
        if wishes.against:
            other = self._span_of(wishes.against[0])
            return self._explicit(span, other, today)
        if span is None:
            raise self._which_span()
        return span, self._named(span)

    def _named(self, span: Span) -> Span:
        match self._compare_of(span):
            case "year":
                return steps.earlier(span, 12, "the same days a year earlier")
            case "previous":
                return steps.before(span)
            case "auto":
                if span.step in ("year", "fiscal"):
                    return steps.before(span)
                raise ask("Compared with what?", [(w, self._wording.added(q)) for w, q in _AUTO])
            case "week":
                return Span(span.start - timedelta(days=7), span.end - timedelta(days=7), "a week earlier")
        if span.step == self._wishes.compare:
            return steps.before(span)
        return steps.earlier(span, _SHIFT[self._wishes.compare], f"a {self._wishes.compare} earlier")

    def _compare_of(self, span: Span) -> str:
        """``the same quarter last year`` is a year earlier, for a quarter only."""
        kind, _, step = self._wishes.compare.partition(" of ")
        if step and span.step != step:
            raise refuse(f"“{span.said}” is no {step}, so I can't take the same {step} of another year.")
        return kind

    def _which_span(self) -> Exception:
        step = self._wishes.compare
        periods = ("last month", "last quarter", "last financial year")
        if step in ("month", "week", "quarter"):
            periods = (f"last {step}", f"this {step}", "")
        return ask(
            "For which period?",
            [(p.capitalize(), self._wording.added(p)) for p in periods if p],
        )

    def _explicit(self, span: Span | None, other: Span, today: date) -> tuple[Span, Span]:
        if span is None:
            if other.step not in steps.STEPS or not other.said.startswith(("last", "previous", "pich")):
                raise ask(
                    "For which period?",
                    [(p, self._wording.added(f"for {p}")) for p in ("this month", "last month")],
                )
            span = steps.whole(other.step, today, 0, f"this {other.step}", today=today)
        if other.start == span.start and other.end == span.end:
            if other.said.startswith(("previous", "prior", "preceding", "last")):
                return span, steps.before(span)
            raise refuse(f"“{span.said}” and “{other.said}” are the same days.")
        if span.step == other.step or not other.said.startswith(("last", "previous", "pich")):
            if other.start > span.start:
                span, other = other, span
            return span, self._cut_alike(span, other)
        if other.step in ("year", "fiscal"):
            return span, steps.earlier(span, 12, "the same days a year earlier")
        raise refuse(f"I can't compare {span.said} with {other.said}: they are of different lengths.")

    @staticmethod
    def _cut_alike(span: Span, other: Span) -> Span:
        """A period that is not over yet is compared with as many days."""
        if span.partial and not other.partial and span.step == other.step and span.step in steps.MONTHS:
            months = (other.start.year - span.start.year) * 12 + other.start.month - span.start.month
            end = min(steps.months_later(span.end, months), other.end)
            return Span(other.start, end, other.said, other.step, partial=True)
        if span.partial and not other.partial:
            length = span.end - span.start
            return Span(
                other.start, min(other.start + length, other.end), other.said, other.step, partial=True
            )
        return other

    def check_every(self, grain: str) -> None:
        """``March sales by year`` asks for one March of each year."""
        bare = [c for c in self._wishes.times if c.time and c.time.note == "no year"]
        if bare and grain in ("quarter", "year", "fiscal"):
            said = self._wording.original(bare[0])
            raise refuse(f"I can't show {said} of each year yet; name one year, or compare two.")

    def check_covered(self, place: Place, against: Span | None) -> None:
        """A period that began before the data did is no measure of growth."""
        first = self._catalogue.days(place).first if against is not None else None
        if against is None or first is None or first <= against.start:
            return
        missing, days = (first - against.start).days, (against.end - against.start).days + 1
        if missing > max(3, days // 10):
            raise refuse(
                f"I can't compare with {against.said}: the data begins only on {day(first)}. "
                "Compare months or quarters since then."
            )

    def check_monthly(
        self, fact: str, place: Place, span: Span | None, against: Span | None, grain: str
    ) -> tuple[str, str] | None:
        """Records kept by month cannot be cut into days. What must be told of that, if anything."""
        if not (span or grain) or not self._catalogue.days(place).monthly:
            return None
        label = self._catalogue.tables[fact].label
        if grain in ("day", "week"):
            raise refuse(f"{label.capitalize()} is kept by month; it can't be shown by {grain}.")
        for each in (span, against):
            if each is None:
                continue
            to_date = each.partial and each.start.day == 1 and each.step in steps.MONTHS
            open_start = each.said.startswith("until") or each.said.startswith("before")
            if not (
                steps.is_whole_months(each)
                or to_date
                or (open_start and each.end == steps.last_of_month(each.end))
            ):
                raise refuse(f"{label.capitalize()} is kept by month; ask for whole months.")
        return label.capitalize(), "kept by month: a month counts whole"

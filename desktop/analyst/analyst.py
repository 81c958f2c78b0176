"""The built-in analyst: a question in, a plan, a question back or a refusal out. Deterministic, no model.

The rule is that every word must be understood. A refusal names the words that were not; a wrong
number is the one outcome that must not happen.
"""

import difflib
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import msgspec

from desktop import charts
from desktop.analyst import explain, insight, starters
from desktop.analyst.catalogue import Catalogue
from desktop.analyst.chunks import Chunk, cut
from desktop.analyst.gathering import gather
from desktop.analyst.intent import Intent, Place
from desktop.analyst.meaning import InsightPlan, Outcome, Plan, Question, Refusal, Told
from desktop.analyst.periods import Clock
from desktop.analyst.resolve import Resolved, Resolving
from desktop.analyst.select import Writer
from desktop.analyst.tell import tell
from desktop.analyst.tokens import MAX_QUESTION, Token, singular, tokenise
from desktop.analyst.unclear import Unclear, Wording, ask, refuse
from desktop.analyst.wishes import Wishes
from desktop.analyst.wonder import wonder
from shared.results import Column, ColumnType
from shared.wire import Schema

MAX_WORDS = 60
UNREAD = "unread"
"""In the place of a memory: the answer before was somebody else's, so nothing can follow it here."""


class Analyst:
    """Answers questions about one connection.

    ``fetch`` runs one reading SQL in the connection's dialect; ``today`` is the calendar's day, and
    ``as_of`` the day that "today" means, by default the newest day in the data when that is past.
    Keep the instance as long as the schema stays the same: it remembers what it has read.
    """

    def __init__(
        self,
        schema: Schema,
        fetch: Callable[[str], Sequence[Sequence[Any]]],
        today: date,
        as_of: date | None = None,
    ) -> None:
        self._catalogue = Catalogue(schema, fetch)
        self._today = today
        self._as_of = as_of
        self._starters: list[str] | None = None
        self._trying = False  # starters, of which some are refused
        self._last_days: dict[Place, date] = {}
        self._writer = Writer(
            self._catalogue.tables, self._catalogue.links, self._catalogue.values, schema.dialect
        )

    @property
    def as_of(self) -> date | None:
        """The day that "today" means, when it is not the calendar's."""
        if self._as_of is not None:
            return self._as_of
        newest = starters.newest_day(self._catalogue)
        return newest if newest is not None and newest < self._today else None

    def read(self, question: str, memory: dict[str, object] | None = None) -> Outcome:
        """``memory`` is that of the last plan of the conversation, for follow-ups."""
        try:
            return self._read(question, memory)
        except Unclear as unclear:
            return self._sure(unclear.outcome, question, memory)

    def wonder(self, question: str) -> InsightPlan | Question | Refusal | None:
        """None when the question asks for a figure, which :meth:`read` reads."""
        found = wonder(question)
        if found is None:
            return None
        outcome = self.read(found.topic)
        intent = _remembered(outcome.memory) if isinstance(outcome, Plan) else None
        return insight.plan(found, outcome, intent, self._catalogue, self._as_of or self.as_of or self._today)

    def tell(
        self, plan: Plan, columns: Sequence[Column], rows: Sequence[Sequence[Any]], *, truncated: bool
    ) -> Told:
        return tell(plan, columns, rows, truncated=truncated)

    def starters(self) -> list[str]:
        """Up to six questions that :meth:`read` answers with a plan."""
        if self._starters is None:
            self._trying = True
            ideas = starters.ideas(self._catalogue)
            found = [q for q in ideas if isinstance(self.read(q), Plan)]
            self._starters = found[:6]
            self._trying = False
        return self._starters

    def _read(self, question: str, memory: dict[str, object] | None) -> Outcome:
        earlier, unread = _remembered(memory), memory is not None and UNREAD in memory
        tokens = tokenise(question)
        if not tokens:
            raise refuse("Ask a question about the data.", self._suggested())
        if len(question) > MAX_QUESTION or len(tokens) > MAX_WORDS:
            raise refuse("That is too long for me to read word by word. Ask it in one sentence.")
        wording = Wording(question, tokens)
        today = self._as_of or self.as_of or self._today
        resolved = self._resolve(tokens, wording, earlier, today, unread=unread)
        newest = self._newest(resolved.intent)
        shown: date | None = None
        if self._as_of is None and newest is not None:
            shown = newest if newest < self._today else None
            if (shown or self._today) != today:
                resolved = self._resolve(tokens, wording, earlier, shown or self._today, unread=unread)
        return self._plan(resolved, shown)

    def _resolve(
        self,
        tokens: Sequence[Token],
        wording: Wording,
        earlier: Intent | None,
        today: date,
        *,
        unread: bool,
    ) -> Resolved:
        chunks = cut(
            tokens,
            self._catalogue.names,
            self._catalogue.values,
            Clock(today, fiscal=_speaks_fiscal(earlier)),
        )
        wishes = gather(chunks, self._catalogue.tables)
        self._check_understood(wishes, wording)
        if unread and wishes.follow:
            raise refuse("I did not give the answer before this one, so I can't go on from it.")
        resolved = Resolving(self._catalogue, wording, wishes, earlier, today).run()
        notes = [
            ("Period", f"“{wording.original(c)}” read as {c.time.note}")
            for c in (*wishes.times, *wishes.against)
            if c.time and c.time.note and c.time.note != "no year"
        ]
        return Resolved(resolved.intent, [*resolved.assumed, *notes])

    def _newest(self, intent: Intent) -> date | None:
        """The newest day of the first fact, when the question is about time. The dates of a thing (a store's
        opening) end when nothing happened to it, not when the data does."""
        timed = intent.span or intent.against or any(d.grain for d in intent.dimensions)
        place = intent.dates.get(intent.facts[0])
        if not timed or place is None:
            return None
        if not self._catalogue.is_fact(intent.facts[0]):
            return starters.newest_day(self._catalogue)
        return self._catalogue.days(place).last

    def _plan(self, resolved: Resolved, as_of: date | None) -> Plan:
        intent = resolved.intent
        try:
            written = self._writer.write(intent)
        except LookupError as error:
            raise refuse("I can't join these tables in one clear way.") from error
        title = explain.title(intent)
        columns = [Column(n, ColumnType.TEXT) for n in written.names]
        return Plan(
            sql=written.sql,
            title=title,
            readings=explain.readings(intent, self._catalogue, resolved.assumed, as_of),
            formats=written.formats,
            chart=charts.suggest(columns, written.formats, title=title),
            memory={"intent": msgspec.to_builtins(intent)},
            as_of=as_of or self._as_of,
            follow_ups=starters.follow_ups(intent, self._catalogue),
        )

    # -- what is not understood ------------------------------------------------------------

    def _check_understood(self, wishes: Wishes, wording: Wording) -> None:
        if wishes.why or wishes.future:
            said = wording.original((wishes.why or wishes.future)[0])
            what = "reasons and opinions" if wishes.why else "the future"
            raise refuse(
                f"I can't answer that yet: “{said}” asks for {what}, and I only read what the data holds.",
                self._suggested(),
            )
        if wishes.unknown:
            raise self._not_understood(wishes.unknown, wording)
        if wishes.unplaced:
            named = ", ".join(f"“{wording.original(c)}”" for c in wishes.unplaced)
            raise refuse(f"I don't understand what {named} does in this question.", self._suggested())

    def _not_understood(self, unknown: Sequence[Chunk], wording: Wording) -> Exception:
        if len(unknown) == 1 and not unknown[0].data:  # such a word is no misspelt name
            chunk = unknown[0]
            values = self._catalogue.values
            parts = values.shortened(chunk.word) or values.containing(chunk.word)
            choices = [(f.value, wording.replaced(chunk, f'"{f.value}"')) for f in parts[:6]]
            choices += [(w, wording.replaced(chunk, w)) for w in self._similar(chunk.word)]
            if choices:
                return ask(f"I don't know “{wording.original(chunk)}”. Did you mean …?", choices)
        named = ", ".join(f"“{wording.original(c)}”" for c in unknown[:6])
        return refuse(
            f"I don't understand {named}: no table, column or value here is called so.", self._suggested()
        )

    def _similar(self, word: str) -> list[str]:
        if len(word) < 4:
            return []
        known = sorted(self._catalogue.names.vocabulary() | self._catalogue.values.vocabulary())
        close = difflib.get_close_matches(singular(word), known, n=3, cutoff=0.75)
        return [w for w in close if word not in (f"un{w}", f"non{w}", f"in{w}", f"dis{w}")]

    def _suggested(self) -> list[str]:
        return [] if self._trying else self.starters()[:3]

    def _sure(self, outcome: Question | Refusal, question: str, memory: dict[str, object] | None) -> Outcome:
        """A choice is offered only when it differs from what was asked, and leads on."""
        if isinstance(outcome, Refusal):
            return outcome
        asked = " ".join(question.casefold().split())
        choices = [c for c in outcome.choices if " ".join(c.question.casefold().split()) != asked]
        refused = [self._refusal(c.question, memory) for c in choices]
        choices = [c for c, refusal in zip(choices, refused, strict=True) if refusal is None]
        if choices:
            return Question(outcome.text, choices)
        first = next((refusal for refusal in refused if refusal is not None), None)
        return first or Refusal(outcome.text, self._suggested())

    def _refusal(self, question: str, memory: dict[str, object] | None) -> Refusal | None:
        """What would be said to it; None when it is answered or asked back."""
        try:
            self._read(question, memory)
        except Unclear as unclear:
            return unclear.outcome if isinstance(unclear.outcome, Refusal) else None
        return None


def _speaks_fiscal(earlier: Intent | None) -> bool:
    return earlier is not None and earlier.span is not None and earlier.span.step == "fiscal"


def _remembered(memory: dict[str, object] | None) -> Intent | None:
    """The intent of the question before; None when there is none, or one of another version."""
    if not memory:
        return None
    try:
        return msgspec.convert(memory.get("intent"), Intent)
    except msgspec.ValidationError:
        return None

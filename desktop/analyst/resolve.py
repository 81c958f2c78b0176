"""From wishes to an intent: every noun gets its table and column, or the question is asked back or refused.

The rule: each word must play a part. What plays none is named in a refusal; nothing is guessed.
"""

from collections.abc import Sequence
from datetime import date

import msgspec

from desktop.analyst.catalogue import Catalogue
from desktop.analyst.choosing import Choosing
from desktop.analyst.chunks import Chunk
from desktop.analyst.conditions import Conditions
from desktop.analyst.figures import Figures
from desktop.analyst.going_on import GoingOn
from desktop.analyst.intent import Condition, Dimension, Filter, Intent, Measure, Place, Span
from desktop.analyst.places import Places, key_of
from desktop.analyst.roles import Role
from desktop.analyst.times import Times
from desktop.analyst.tokens import singular
from desktop.analyst.unable import check, check_wishes
from desktop.analyst.unclear import Wording, ask, refuse
from desktop.analyst.wishes import Wishes

GRAINS = {"day": "Day", "week": "Week from", "month": "Month", "quarter": "Quarter from", "year": "Year from",
          "fiscal": "Financial year from"}  # fmt: skip
MAX_DIMENSIONS = 3


class Resolved(msgspec.Struct, frozen=True):
    """``assumed``: what was taken for granted and must be told."""

    intent: Intent
    assumed: list[tuple[str, str]]


class Resolving:
    """Resolves one question; ``earlier`` is the intent of the question before, for follow-ups."""

    def __init__(
        self, catalogue: Catalogue, wording: Wording, wishes: Wishes, earlier: Intent | None, today: date
    ) -> None:
        self._catalogue = catalogue
        self._wording = wording
        self._wishes = wishes
        self._earlier = earlier
        self._today = today
        self._figures = Figures(catalogue, wording)
        self._times = Times(catalogue, wording, wishes)
        self._choosing = Choosing(catalogue, wording, wishes, earlier, self._figures)
        self._assumed = self._choosing.assumed
        self._explained = self._choosing.explained

    def run(self) -> Resolved:
        if self._wishes.back and self._earlier is None:
            raise refuse("There is no question before this one that I could go on from.")
        check_wishes(self._wishes)
        self._contrast()
        self._things_with()
        measures = self._choosing.measures()
        following = self._follows(measures)
        going_on = GoingOn(self._catalogue, self._wording, self._wishes, following)
        measures = going_on.measures(measures)
        if not measures:
            raise self._choosing.nothing_to_show()
        alone = len(measures) < 2 and self._wishes.contrast is None and not self._wishes.against
        if self._wishes.side_by_side and alone:
            raise refuse("I can't tell what should be compared with what.")
        facts = tuple(dict.fromkeys(m.fact for m in measures))
        if len(facts) > 2:
            raise refuse("I can lay two kinds of records side by side, not more.")
        places = Places(self._catalogue, self._wording, facts)
        measures = self._per(measures, places)
        dimensions = going_on.dimensions(self._dimensions(places, following))
        found = places.filters(self._wishes.values, either=self._wishes.either)
        filters, dimensions = going_on.filters(found, dimensions, places)
        self._check_contrast(dimensions, filters)
        span, against, dates = self._when(measures, dimensions, following)
        reader = Conditions(self._wording, self._wishes, self._figures, places)
        conditions = reader.read(measures, dimensions)
        if following is not None and not conditions and not self._wishes.groups:
            conditions = list(following.conditions)
        order, limit = self._order(measures, dimensions)
        share = self._share(measures, dimensions)
        if following is not None and following.limit and order and self._wishes.sort:
            raise refuse("Say “top” or “bottom” with a number: sorted the other way, others would be shown.")
        if following is not None and not order and against is None and not self._wishes.groups:
            order, limit = following.order, following.limit
        self._explain_loose(facts, filters, dimensions, conditions, dates)
        intent = Intent(
            tuple(measures), tuple(dimensions), tuple(filters), tuple(conditions), span, against,
            order, limit, share, dates,
        )  # fmt: skip
        check(intent)
        return Resolved(intent, self._assumed)

    # -- follow-ups ------------------------------------------------------------------------

    def _follows(self, measures: list[Measure]) -> Intent | None:
        if self._earlier is None:
            return None
        wishes = self._wishes
        whole = wishes.groups or wishes.values or wishes.times
        if measures and not wishes.follow and (whole or wishes.adds != "also"):
            return None
        return self._earlier

    # -- groups, filters -------------------------------------------------------------------

    def _contrast(self) -> None:
        """``Bihar vs Jharkhand`` shows each; the column of the values groups."""
        wishes = self._wishes
        values = [c for c, excluded in wishes.values if not excluded]
        if wishes.side_by_side and len(values) > 1 and not wishes.groups:
            wishes.contrast = values[0]

    def _things_with(self) -> None:
        """``stores with sales above 5 lakh`` shows such stores: the noun groups, the figure is compared."""
        wishes = self._wishes
        if wishes.measures or wishes.counted or wishes.groups or not wishes.conditions:
            return
        noun = wishes.conditions[0][1]
        options = self._figures.options(noun, whole_tables=True) if noun else []
        own = {t.table for c, _ in wishes.loose for t in c.targets if not t.column}
        if len(wishes.loose) == 1 and options and not {o.table for o in options} & own:
            wishes.groups.append(wishes.loose.pop()[0])

    def _dimensions(self, places: Places, following: Intent | None) -> list[Dimension]:
        found: list[Dimension] = []
        for chunk in self._wishes.groups:
            if chunk.time is not None and chunk.time.grain:
                found.append(Dimension(GRAINS[chunk.time.grain], None, chunk.time.grain))
            else:
                found.extend(places.group(chunk))
        if self._wishes.contrast is not None:
            found.append(places.of_value(self._wishes.contrast))
        if following is not None and not found:
            found = list(following.dimensions)
        if len(found) > MAX_DIMENSIONS or sum(bool(d.grain) for d in found) > 1:
            raise refuse("I can group by two things at once, one of them a time; not by more.")
        return list(dict.fromkeys(found))

    def _check_contrast(self, dimensions: Sequence[Dimension], filters: Sequence[Filter]) -> None:
        """What is set against each other must be values of one column."""
        if self._wishes.contrast is not None:
            column = dimensions[-1].place
            if not any(f.place == column and " or " in f.said for f in filters):
                raise refuse("I can compare values of one column with each other, not of different ones.")

    def _per(self, measures: list[Measure], places: Places) -> list[Measure]:
        """``average sales per store``: the total divided by how many stores have rows."""
        chunk = self._wishes.per
        if chunk is None:
            return measures
        first = measures[0]
        if len(measures) > 1 or first.column is None or first.level or first.aggregate != "average":
            raise refuse(f"I can't work out “per {self._wording.original(chunk)}” for this.")
        total = msgspec.structs.replace(first, aggregate="sum")
        if self._catalogue.tables[first.fact].get(first.column).role is not Role.ADD:
            raise refuse(f"Say “by {chunk.word}” for the average {first.column} of each {chunk.word}.")
        if chunk.time is not None:
            date_column = self._times.column(first.fact, (), needed=True)
            place, per_label = date_column, chunk.time.grain
        else:
            place, per_label = self._counted_place(first.fact, chunk, places), ""
        label = f"{total.label} per {per_label or singular(chunk.word)}"
        return [msgspec.structs.replace(total, label=label, per=place, per_label=per_label)]

    def _counted_place(self, fact: str, chunk: Chunk, places: Places) -> Place:
        for target in chunk.targets:
            if not target.column and target.table != fact:
                ways = self._catalogue.links.paths(fact, target.table)
                if len(ways) == 1 and len(ways[0]) == 1 and len(ways[0][0].columns) == 1:
                    return Place(fact, ways[0][0].columns[0])
        found = places.group(chunk)[0].place
        if found is None or (found.table != fact and key_of(self._catalogue, found.table) is None):
            raise refuse(f"I can't count “{self._wording.original(chunk)}”.")
        return found

    # -- time ------------------------------------------------------------------------------

    def _when(
        self, measures: Sequence[Measure], dimensions: Sequence[Dimension], following: Intent | None
    ) -> tuple[Span | None, Span | None, dict[str, Place]]:
        wishes = self._wishes
        span = self._times.span()
        if span is None and following is not None:
            span = following.span
        span, against = self._times.against(span, self._today)
        grain = next((d.grain for d in dimensions if d.grain and d.place is None), "")
        if following is not None and against is None and self._keeps_comparison(dimensions):
            against = following.against
        needed = bool(span or against or grain)
        self._times.check_every(grain)
        said = [
            Place(t.table, t.column)
            for chunk in (*(c for c, _ in wishes.loose), *(c for c in wishes.groups if c.time is None))
            for t in chunk.targets
            if t.column and self._catalogue.column(Place(t.table, t.column)).role is Role.DATE
        ]
        dates: dict[str, Place] = {}
        for fact in dict.fromkeys(m.fact for m in measures):
            known = following.dates.get(fact) if following is not None else None
            if not needed and not self._catalogue.is_fact(fact):
                continue
            found = known or self._times.column(fact, said, needed=needed)
            if found is not None:
                dates[fact] = found
                if not any(m.level for m in measures if m.fact == fact):
                    self._times.check_covered(found, against)
                told = self._times.check_monthly(fact, found, span, against, grain)
                self._assumed += [told] if told else []
        return span, against, dates

    def _keeps_comparison(self, dimensions: Sequence[Dimension]) -> bool:
        """A follow-up that names no time, order or share goes on comparing."""
        wishes = self._wishes
        changed = wishes.times or wishes.order or wishes.share or wishes.conditions
        return not changed and not any(d.grain for d in dimensions)

    # -- order, share ----------------------------------------------------------------------

    def _order(self, measures: Sequence[Measure], dimensions: Sequence[Dimension]) -> tuple[str, int | None]:
        wishes = self._wishes
        if not wishes.order:
            return self._sorted(measures, dimensions), None
        if not dimensions:
            raise refuse("I understand top and bottom only of something: “top 5 stores by net amount”, say.")
        if len(wishes.groups) > 1:
            raise refuse("I can rank one thing at a time, not within each of another yet.")
        if len(measures) > 1 and wishes.limit is None:
            raise refuse("The top by which of these figures? Ask for one of them.")
        limit = wishes.limit
        if limit is None:
            plural = any(singular(c.word) != c.word for c in wishes.groups)
            limit = 5 if plural else 1
        return wishes.order, limit

    def _sorted(self, measures: Sequence[Measure], dimensions: Sequence[Dimension]) -> str:
        if self._wishes.sort and (not dimensions or len(measures) > 1):
            raise refuse("I can sort groups by one figure: “net amount by zone, lowest first”, say.")
        return self._wishes.sort

    def _share(self, measures: Sequence[Measure], dimensions: Sequence[Dimension]) -> bool:
        if not self._wishes.share:
            return False
        additive = measures[0].aggregate in ("sum", "count") and measures[0].per is None
        if len(measures) > 1 or not dimensions or not additive or self._wishes.compare:
            raise refuse("I can show shares of one total by one thing: “share of net amount by zone”, say.")
        return True

    # -- the rule --------------------------------------------------------------------------

    def _explain_loose(
        self,
        facts: Sequence[str],
        filters: Sequence[Filter],
        dimensions: Sequence[Dimension],
        conditions: Sequence[Condition],
        dates: dict[str, Place],
    ) -> None:
        """Each noun left over must name a table that takes part, or the date that is used."""
        taking = (
            set(facts) | {f.place.table for f in filters} | {c.place.table for c in conditions if c.place}
        )
        taking |= {d.place.table for d in dimensions if d.place} | {p.table for p in dates.values()}
        timed = bool(self._wishes.times) or any(c.time for c in self._wishes.groups)
        for chunk, aggregate in self._wishes.loose:
            if chunk.start in self._explained:
                continue
            table = any(not t.column and t.table in taking for t in chunk.targets)
            date_said = timed and any(Place(t.table, t.column) in dates.values() for t in chunk.targets)
            if aggregate or not (table or date_said):
                raise self._unplaced(chunk)

    def _unplaced(self, chunk: Chunk) -> Exception:
        said = self._wording.original(chunk)
        rest = self._wording.without(chunk)
        return ask(
            f"I see “{said}”, but not what to do with it here.",
            [(f"By {said}", f"{rest} by {said}"), (f"Without “{said}”", rest)],
        )

"""What a follow-up keeps of the question before, what it adds to it, and what takes whose place.

``what about Lucknow`` takes the place of Patna; ``also Lucknow`` comes beside it, each with its own figure.
``and Lucknow`` may be either, so both are shown where they stay apart, and otherwise it asks. What a filter
excludes is kept until it is asked for. Reading words is done before.
"""

from collections.abc import Sequence

import msgspec

from desktop.analyst.catalogue import Catalogue, Wanted
from desktop.analyst.intent import Dimension, Filter, Intent, Measure
from desktop.analyst.places import Places
from desktop.analyst.unclear import Wording, ask, refuse
from desktop.analyst.wishes import Wishes

_MOST_FACTS = 2


class GoingOn:
    """For one question; ``earlier`` is the intent it follows, None when it stands alone."""

    def __init__(
        self, catalogue: Catalogue, wording: Wording, wishes: Wishes, earlier: Intent | None
    ) -> None:
        self._catalogue = catalogue
        self._wording = wording
        self._wishes = wishes
        self._earlier = earlier

    def measures(self, found: list[Measure]) -> list[Measure]:
        earlier = self._earlier
        if earlier is None:
            return found
        if not found:
            return list(earlier.measures)
        one_only = earlier.share or earlier.against or any(c.place is None for c in earlier.conditions)
        both = list(dict.fromkeys((*earlier.measures, *found)))
        alone = one_only or any(m.per for m in both) or len({m.fact for m in both}) > _MOST_FACTS
        return found if alone or not self._adds_figure() else both

    def _adds_figure(self) -> bool:
        wishes = self._wishes
        figures = [*wishes.measures, *wishes.loose, *wishes.counted]
        return wishes.adds == "also" or any(c.start == wishes.added for c, _ in figures)

    def dimensions(self, found: list[Dimension]) -> list[Dimension]:
        """``also by department``: beside the groups of before."""
        if self._earlier is None or self._wishes.adds != "also" or not self._wishes.groups:
            return found
        return list(dict.fromkeys((*self._earlier.dimensions, *found)))

    def filters(
        self, found: list[Filter], dimensions: list[Dimension], places: Places
    ) -> tuple[list[Filter], list[Dimension]]:
        if self._earlier is None:
            return found, dimensions
        kept = list(self._earlier.filters)
        for new in found:
            same = [old for old in kept if old.place == new.place]
            kept = [old for old in kept if old.place != new.place and not self._gives_way(old, new)]
            joined, dimensions = self._joined(same, new, dimensions, places)
            kept += joined
        for each in kept:
            if places.distance(each.place) is None:
                raise refuse(f"The earlier filter on {each.said} can't be used with these figures.")
        return kept, dimensions

    def _joined(
        self, same: Sequence[Filter], new: Filter, dimensions: list[Dimension], places: Places
    ) -> tuple[list[Filter], list[Dimension]]:
        """``new`` with those of before on the same column."""
        only = next((old for old in same if not old.exclude), None)
        barred = next((old for old in same if old.exclude), None)
        if new.exclude and only is not None and set(new.values) != set(only.values):
            return [self._without(only, new)], dimensions
        if barred is not None and (new.exclude or self._adds_value(new, places)):
            return [_union(barred, new)], dimensions
        if only is None or not self._adds_value(new, places) or set(new.values) <= set(only.values):
            return [new], dimensions
        return [_union(only, new)], self._apart(only, new, dimensions, places)

    def _without(self, only: Filter, new: Filter) -> Filter:
        """``without Lucknow`` after Patna and Lucknow leaves Patna."""
        left = tuple(value for value in only.values if value not in new.values)
        if not left or not set(new.values) <= set(only.values):
            raise refuse(
                f"The question before asked only for {only.said}; I can't leave {new.said} out of that."
            )
        known = self._catalogue.values.of(only.place.table, only.place.column)
        said = [found.value for found in known if set(found.variants) & set(left)]
        return msgspec.structs.replace(only, values=left, said=" or ".join(said) or only.said)

    def _adds_value(self, new: Filter, places: Places) -> bool:
        wishes = self._wishes
        if wishes.adds == "also":
            return True
        chunks = [c for c, _ in wishes.values if c.start == wishes.added]
        return any(places.of_value(chunk).place == new.place for chunk in chunks)

    def _apart(
        self, only: Filter, new: Filter, dimensions: list[Dimension], places: Places
    ) -> list[Dimension]:
        """Each value with a figure of its own, where that is possible."""
        if any(d.place == new.place for d in dimensions):
            return dimensions
        column = next(d for c, _ in self._wishes.values if (d := places.of_value(c)).place == new.place)
        if not dimensions:
            return [column]
        if self._wishes.adds == "and":
            rest = self._wording.from_token(self._wishes.added)
            raise ask(
                f"{new.said} in place of {only.said}, or both?",
                [
                    (f"{new.said} in place of {only.said}", f"what about {rest}"),
                    (f"{only.said} and {new.said}", f"also {rest}"),
                ],
            )
        earlier = self._earlier
        ranked = earlier is not None and (earlier.order or earlier.conditions or earlier.share)
        return dimensions if ranked and not self._wishes.groups else [*dimensions, column]

    def _gives_way(self, old: Filter, new: Filter) -> bool:
        """``what about Bihar`` after Patna: a place that would change nothing, or leave nothing, was meant
        in place of the other."""
        place = old.place
        if old.exclude or new.exclude or (place.table, place.via) != (new.place.table, new.place.via):
            return False
        if place == new.place or self._catalogue.is_fact(place.table):
            return False
        rows, in_both = self._catalogue.overlap(_only(old), _only(new))
        return in_both in (0, rows)


def _union(old: Filter, new: Filter) -> Filter:
    said = dict.fromkeys((*old.said.split(" or "), *new.said.split(" or ")))
    values = tuple(dict.fromkeys((*old.values, *new.values)))
    return msgspec.structs.replace(old, values=values, said=" or ".join(said))


def _only(wanted: Filter) -> Wanted:
    return wanted.place, wanted.values

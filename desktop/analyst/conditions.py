"""Conditions on figures: ``above 5 lakh``, ``between 2 and 5``; which figure each of them compares."""

from collections.abc import Sequence

import msgspec

from desktop.analyst.choosing import fittest
from desktop.analyst.chunks import Chunk
from desktop.analyst.figures import Figures
from desktop.analyst.intent import Condition, Dimension, Measure, Place
from desktop.analyst.places import Places
from desktop.analyst.unclear import Wording, refuse
from desktop.analyst.wishes import Wishes


class Conditions:
    """Reads those of one question."""

    def __init__(self, wording: Wording, wishes: Wishes, figures: Figures, places: Places) -> None:
        self._wording = wording
        self._wishes = wishes
        self._figures = figures
        self._places = places

    def read(self, measures: Sequence[Measure], dimensions: Sequence[Dimension]) -> list[Condition]:
        found: list[Condition] = []
        for chunk, noun in self._wishes.conditions:
            condition = self._condition(chunk, noun, measures, dimensions)
            low, _, high = condition.number.partition(" ")
            if condition.sign == "between":
                found.append(msgspec.structs.replace(condition, sign=">=", number=low))
                found.append(msgspec.structs.replace(condition, sign="<=", number=high))
            else:
                found.append(condition)
        return found

    def _condition(
        self,
        chunk: Chunk,
        noun: Chunk | None,
        measures: Sequence[Measure],
        dimensions: Sequence[Dimension],
    ) -> Condition:
        if noun is None:
            if dimensions and len(measures) == 1:
                return Condition(chunk.data, chunk.number)
            raise refuse(
                f"I can't tell what “{self._wording.original(chunk)}” compares; name the figure before it."
            )
        options = fittest([o for o in self._figures.options(noun, whole_tables=True) if o.column != "?"])
        same = [
            o for o in options if measures[0].fact == o.table and measures[0].column == (o.column or None)
        ]
        if same and dimensions and len(measures) == 1:
            return Condition(chunk.data, chunk.number)
        near = [
            o for o in options if o.column and self._places.distance(Place(o.table, o.column)) is not None
        ]
        if len(near) != 1:
            raise refuse(f"I can't tell which figure “{self._wording.original(noun)} {chunk.text}” compares.")
        if same and measures[0].aggregate != "count":
            raise refuse(
                f"Should “{self._wording.original(noun)} {chunk.text}” hold for each record or for a total? "
                "Group by something to compare totals, or count the records."
            )
        return Condition(chunk.data, chunk.number, Place(near[0].table, near[0].column))

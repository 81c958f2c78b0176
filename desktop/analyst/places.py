"""From nouns and values to columns: what groups, what filters. Only columns that each fact finds along
many-to-one links come into question; of several the nearest with the best fit, and otherwise it asks.
"""

from collections.abc import Sequence

from desktop.analyst.catalogue import Catalogue
from desktop.analyst.chunks import Chunk
from desktop.analyst.intent import Dimension, Filter, Place
from desktop.analyst.names import Target
from desktop.analyst.roles import Role, entity_label
from desktop.analyst.tokens import singular, words_of_name
from desktop.analyst.unclear import Wording, ask, refuse
from desktop.analyst.values import Found

AMBIGUOUS_WORDS = frozenset(("name", "title", "id", "code", "type", "status", "date"))


class Places:
    """Reads groups and filters for one question, given the facts its figures come from."""

    def __init__(self, catalogue: Catalogue, wording: Wording, facts: Sequence[str]) -> None:
        self._catalogue = catalogue
        self._wording = wording
        self._facts = tuple(facts)

    def distance(self, place: Place) -> int | None:
        """How many links away from the farthest fact; None when some fact has no way."""
        found = 0
        for fact in self._facts:
            ways = self._catalogue.ways(fact, place)
            if not ways:
                return None
            found = max(found, len(ways[0]))
        return found

    def group(self, chunk: Chunk) -> list[Dimension]:
        """The column or columns that a noun groups by; a thing is grouped by its name."""
        tables = [t for t in chunk.targets if not t.column and self._is_near(Place(t.table, "", t.via))]
        columns = [t for t in chunk.targets if t.column and self._groups(t)]
        entity = [t for t in tables if t.table not in self._facts]
        if entity and (
            not columns or entity[0].strength >= max(t.strength for t in columns) or self._is_key(columns)
        ):
            best = [t for t in entity if t.strength == entity[0].strength]
            if len({(t.table, t.via) for t in best}) == 1:
                return self._entity(chunk, best[0])
        own = [t for t in tables if t.table in self._facts]
        if own and not columns:
            return self._entity(chunk, own[0])
        place = self._one(chunk, columns)
        column = self._catalogue.column(place)
        self._single_way(chunk, place)
        if column.role is Role.DATE:
            return [Dimension(column.label, place, "day")]
        return [Dimension(self._heading(place), place)]

    def _is_key(self, columns: Sequence[Target]) -> bool:
        return all(self._catalogue.column(Place(t.table, t.column)).role is Role.KEY for t in columns)

    def _heading(self, place: Place) -> str:
        column = self._catalogue.column(place)
        if column.words in (("name",), ("title",), ("id",), ("code",), ("type",), ("status",), ("label",)):
            noun = singular(self._catalogue.tables[place.table].label)
            text = f"{noun} {column.label.lower()}"
        else:
            text = column.label.lower()
        text = f"{place.via} {text}" if place.via else text
        return text[:1].upper() + text[1:]

    def _groups(self, target: Target) -> bool:
        column = self._catalogue.tables[target.table].get(target.column)
        if column.role.is_measure or column.role is Role.OTHER:
            return False
        return self._is_near(Place(target.table, target.column, target.via))

    def _is_near(self, place: Place) -> bool:
        return self.distance(place) is not None

    def _entity(self, chunk: Chunk, target: Target) -> list[Dimension]:
        table = self._catalogue.tables[target.table]
        noun = singular(table.label)
        label = entity_label(table)
        key = key_of(self._catalogue, table.name)
        if label is None and key is None:
            raise self._not_a_group(chunk)
        found: list[Dimension] = []
        if label is None or (key is not None and not self._catalogue.is_unique(table.name, label.name)):
            if key is None:
                raise self._not_a_group(chunk)
            found.append(Dimension(_title(noun, key), Place(table.name, key, target.via)))
        if label is not None:
            found.append(
                Dimension(_capital(f"{target.via} {noun}"), Place(table.name, label.name, target.via))
            )
        self._single_way(chunk, Place(table.name, "", target.via))
        return found

    def _not_a_group(self, chunk: Chunk) -> Exception:
        said = self._wording.original(chunk)
        return refuse(f"I can't group by “{said}”: I found no column of that name that the figures reach.")

    def _one(self, chunk: Chunk, targets: Sequence[Target]) -> Place:
        if not targets:
            raise self._no_way(chunk)
        if any(word in AMBIGUOUS_WORDS for word in (chunk.word, singular(chunk.word))):
            best = list(targets)
        else:
            best = [t for t in targets if t.strength == max(t.strength for t in targets)]
        places = list(dict.fromkeys(Place(t.table, t.column, t.via) for t in best))
        places = self._nearest(places)
        if len(places) > 1:
            raise self._which(chunk, places)
        return places[0]

    def _nearest(self, places: list[Place]) -> list[Place]:
        """Nearer copies of a same-named column win; different columns are all kept, but a fact's own."""
        least = min(self.distance(p) or 0 for p in places)
        nearest = [p for p in places if (self.distance(p) or 0) == least]
        names = {p.column for p in places}
        return nearest if len(names) == 1 or least == 0 else places

    def _which(self, chunk: Chunk, places: Sequence[Place]) -> Exception:
        choices = [
            (_capital(phrase), self._wording.replaced(chunk, phrase))
            for phrase in (self._catalogue.phrase(p) for p in places)
        ]
        return ask(f"“{self._wording.original(chunk)}” could mean several things. Which one?", choices)

    def _single_way(self, chunk: Chunk, place: Place) -> None:
        """Raises when two equally short ways lead to the column's table."""
        for fact in self._facts:
            ways = self._catalogue.ways(fact, place)
            if len(ways) > 1:
                said = [next((link.said for link in way if link.said), "") for way in ways]
                original = self._wording.original(chunk)
                if not all(said) or len(set(said)) < len(said):
                    raise refuse(
                        f"“{original}” can be reached from {self._catalogue.tables[fact].label} in more than "
                        "one way, and I can't tell which one is meant."
                    )
                raise ask(
                    f"“{original}” can be reached in two ways. Which one?",
                    [
                        (_capital(f"{w} {chunk.word}"), self._wording.replaced(chunk, f"{w} {chunk.text}"))
                        for w in said
                    ],
                )

    def _no_way(self, chunk: Chunk) -> Exception:
        said = self._wording.original(chunk)
        facts = " and ".join(self._catalogue.tables[f].label for f in self._facts)
        return refuse(
            f"I can't connect “{said}” with {facts} without counting rows more than once, or it is no "
            "column to group or filter by."
        )

    # -- filters ---------------------------------------------------------------------------

    def filters(self, values: Sequence[tuple[Chunk, bool]], *, either: bool) -> list[Filter]:
        placed: list[tuple[Place, Found, bool]] = []
        for chunk, exclude in values:
            place, found = self._value(chunk)
            placed.append((place, found, exclude))
        merged: dict[tuple[Place, bool], list[Found]] = {}
        for place, found, exclude in placed:
            merged.setdefault((place, exclude), []).append(found)
        if either and len({p for p, _, _ in placed}) != 1:
            raise refuse("I understand “or” only between values of one column.")
        if any((place, not exclude) in merged for place, exclude in merged):
            raise refuse("The question both wants and excludes values of one column.")
        return [_filter(place, found, exclude) for (place, exclude), found in merged.items()]

    def of_value(self, chunk: Chunk) -> Dimension:
        """The column of a value, as what to group by."""
        place, _ = self._value(chunk)
        return Dimension(self._heading(place), place)

    def _value(self, chunk: Chunk) -> tuple[Place, Found]:
        near = [f for f in chunk.values if self._is_near(Place(f.table, f.column))]
        if not near:
            raise self._no_way(chunk)
        least = {f.column: min(self._far(g) for g in near if g.column == f.column) for f in near}
        near = [f for f in near if self._far(f) == least[f.column]]
        if len({(f.table, f.column) for f in near}) > 1:
            raise ask(
                f"“{self._wording.original(chunk)}” occurs in several columns. Which one?",
                [
                    (_capital(p), self._wording.replaced(chunk, f'{p} "{f.value}"'))
                    for f, p in self._said(near)
                ],
            )
        if len(near) > 1:
            raise ask(
                f"Which “{self._wording.original(chunk)}”?",
                [(f.value, self._wording.replaced(chunk, f'"{f.value}"')) for f in near],
            )
        place = Place(near[0].table, near[0].column, self._via(chunk))
        self._single_way(chunk, place)
        return place, near[0]

    @staticmethod
    def _via(chunk: Chunk) -> str:
        said = {t.via for t in chunk.targets if t.via}
        return said.pop() if len(said) == 1 else ""

    def _far(self, found: Found) -> int:
        return self.distance(Place(found.table, found.column)) or 0

    def _said(self, found: Sequence[Found]) -> list[tuple[Found, str]]:
        return [(f, self._catalogue.phrase(Place(f.table, f.column))) for f in found]


def _filter(place: Place, found: Sequence[Found], exclude: bool) -> Filter:
    raws = tuple(dict.fromkeys(raw for f in found for raw in f.variants))
    said = " or ".join(dict.fromkeys(f.value for f in found))
    return Filter(place, raws, exclude, said)


def key_of(catalogue: Catalogue, table: str) -> str | None:
    """The one column that identifies a row."""
    known = catalogue.tables[table]
    if len(known.info.primary_key) == 1:
        return known.info.primary_key[0]
    keys = [c for c in known.columns if c.role is Role.KEY]
    own = [
        c
        for c in keys
        if c.words[:-1] in (known.words, known.words[-1:], ()) and len(c.words) <= len(known.words) + 1
    ]
    for column in own or keys[:1]:
        if catalogue.is_unique(table, column.name):
            return column.name
    return None


def _capital(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:]


def _title(noun: str, key: str) -> str:
    words = " ".join(words_of_name(key))
    return _capital(words if words.startswith(noun) else f"{noun} {words}")

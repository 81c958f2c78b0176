"""Which figures a question asks for: each noun's table and column, or what is counted."""

from collections.abc import Sequence

from desktop.analyst import figures, lexicon
from desktop.analyst.catalogue import Catalogue
from desktop.analyst.chunks import Chunk
from desktop.analyst.figures import Figures, Option
from desktop.analyst.intent import Intent, Measure, Place
from desktop.analyst.names import PART_CALLED
from desktop.analyst.places import Places
from desktop.analyst.roles import Role
from desktop.analyst.unclear import Wording, ask, refuse
from desktop.analyst.wishes import Wishes


class Choosing:
    """For one question. ``assumed`` and ``explained`` (starts of chunks) fill while it chooses."""

    def __init__(
        self, catalogue: Catalogue, wording: Wording, wishes: Wishes, earlier: Intent | None, found: Figures
    ) -> None:
        self._catalogue = catalogue
        self._wording = wording
        self._wishes = wishes
        self._earlier = earlier
        self._figures = found
        self.assumed: list[tuple[str, str]] = []
        self.explained: set[int] = set()

    def measures(self) -> list[Measure]:
        wishes = self._wishes
        found = [(c.start, self._pick(c, aggregate)) for c, aggregate in wishes.measures]
        if wishes.counted:
            counts = self._counts(explicit=[m for _, m in found])
            found += [(chunk.start, m) for (chunk, _), m in zip(wishes.counted, counts, strict=True)]
        if not found or self._continues_list():
            found += self._from_loose([m for _, m in found])
        if not found:
            found += [(0, m) for m in self._from_conditions()]
        return list(dict.fromkeys(m for _, m in sorted(found, key=lambda each: each[0])))

    def nothing_to_show(self) -> Exception:
        groups = [*self._wishes.groups, *(c for c, _ in self._wishes.loose)]
        default = self._figures.default()
        if groups and self._wishes.order and default is not None:
            phrase = self._catalogue.short_phrase(Place(default.fact, default.column or ""))
            return ask("By which figure?", [(default.label, self._wording.added(f"by {phrase}"))])
        entity = [(c, t.table) for c, _ in self._wishes.loose for t in c.targets if not t.column]
        if len(entity) == 1:
            said = self._catalogue.tables[entity[0][1]].label
            return ask(
                f"What about {said}?",
                [(f"Number of {said}", self._wording.replaced(entity[0][0], f"number of {said}"))],
            )
        if default is not None and (self._wishes.values or self._wishes.times) and not self._wishes.loose:
            phrase = self._catalogue.short_phrase(Place(default.fact, default.column or ""))
            return ask("Which figure?", [(default.label, f"{phrase} {self._wording.from_token(0)}")])
        named = " and ".join(f"“{self._wording.original(c)}”" for c in groups[:2])
        what = f"for {named}" if named else "for this"
        return refuse(
            f"I can't tell which figure you want {what}: say a total, an average or a count of something."
        )

    def _continues_list(self) -> bool:
        """``sales and returns``, ``sales vs targets``: further nouns that are figures of their own."""
        return not self._wishes.counted and len(self._wishes.loose) > 0

    def _from_loose(self, found: list[Measure]) -> list[tuple[int, Measure]]:
        more: list[tuple[int, Measure]] = []
        for chunk, aggregate in self._wishes.loose:
            tables = {t.table for t in chunk.targets if not t.column}
            if any(m.fact in tables for m in found) and not self._listed(chunk):
                continue
            if found and not aggregate and not self._wishes.side_by_side and not self._listed(chunk):
                continue
            options = self._figures.options(chunk, whole_tables=True)
            if found and len(options) == 1 and not options[0].column:
                raise self._figures.how_much_or_many(chunk, options[0])
            if options:
                more.append((chunk.start, self._pick(chunk, aggregate)))
                self.explained.add(chunk.start)
        return more

    def _listed(self, chunk: Chunk) -> bool:
        """It stands in a list of figures: next to an "and", or with one between it and a figure."""
        figures_at = [c.start for c, _ in self._wishes.measures]
        between = any(
            min(chunk.start, at) < a < max(chunk.start, at) for at in figures_at for a in self._wishes.ands
        )
        return between or chunk.start in self._wishes.listed

    def _from_conditions(self) -> list[Measure]:
        for _, chunk in self._wishes.conditions:
            if chunk is not None and self._wishes.groups:
                return [self._pick(chunk, "")]
        return []

    def _pick(self, chunk: Chunk, aggregate: str) -> Measure:
        options = self._figures.options(chunk, whole_tables=True)
        if not options:
            raise refuse(f"I can't total or average “{self._wording.original(chunk)}”.")
        options = self._narrow(chunk, options)
        if len(options) > 1:
            raise self._which_figure(chunk, options)
        measure = self._figures.measure(chunk, options[0], aggregate)
        if any(not t.column and t.table == measure.fact for t in chunk.targets) and measure.column:
            self.assumed.append(("Measure", f"“{chunk.text}” read as {measure.column} in {measure.fact}"))
        return measure

    def _narrow(self, chunk: Chunk, options: list[Option]) -> list[Option]:
        """By tables that are named, then by what the question needs to reach, then by fit."""
        named = {
            t.table
            for other, _ in (*self._wishes.loose, *self._wishes.counted)
            for t in other.targets
            if not t.column and other.start != chunk.start
        }
        if self._earlier is not None and (self._wishes.follow or not named):
            named |= set(self._earlier.facts)
        kept = [o for o in options if o.table in named]
        if kept:
            return fittest(kept)
        vague = chunk.word in ("amount", "value", "total", "price", "cost", "count", "quantity", "amounts")
        if not vague:
            options = fittest(options)
        if len(options) > 1:
            options = [o for o in options if self._serves(o)] or options
            options = [o for o in options if o.strength > PART_CALLED] or options
        return options

    def _serves(self, option: Option) -> bool:
        """Whether the figure's table reaches every group and value of the question."""
        places = Places(self._catalogue, self._wording, (option.table,))
        for chunk in self._wishes.groups:
            if chunk.time is None and not any(
                places.distance(Place(t.table, t.column, t.via)) is not None for t in chunk.targets
            ):
                return False
        for chunk, _ in self._wishes.values:
            if not any(places.distance(Place(v.table, v.column)) is not None for v in chunk.values):
                return False
        return not (self._wishes.times and not self._catalogue.dates_of(option.table))

    def _which_figure(self, chunk: Chunk, options: Sequence[Option]) -> Exception:
        choices: list[tuple[str, str]] = []
        for option in options:
            if option.column in ("", "?"):
                phrase = f"number of {self._catalogue.tables[option.table].label}"
            else:
                phrase = self._catalogue.phrase(Place(option.table, option.column))
            choices.append((phrase[:1].upper() + phrase[1:], self._wording.replaced(chunk, phrase)))
        return ask(f"“{self._wording.original(chunk)}” could mean several things. Which one?", choices)

    # -- counting --------------------------------------------------------------------------

    def _counts(self, explicit: list[Measure]) -> list[Measure]:
        if explicit or len(self._wishes.counted) > 1:
            return [self._count_rows(chunk) for chunk, _ in self._wishes.counted]
        chunk, _ = self._wishes.counted[0]
        fact = self._counting_fact(chunk)
        if fact is not None:
            return [self._count_in(chunk, fact)]
        return [self._count_rows(chunk)]

    def _counting_fact(self, counted: Chunk) -> str | None:
        """``how many stores sold …``: the fact that a second noun names."""
        own = {t.table for t in counted.targets if not t.column}
        for chunk, _ in self._wishes.loose:
            if self._listed(chunk):
                continue
            facts = [t.table for t in chunk.targets if not t.column and t.table not in own]
            facts = [f for f in facts if self._catalogue.is_fact(f)]
            if len(facts) == 1:
                return facts[0]
        return None

    def _count_in(self, chunk: Chunk, fact: str) -> Measure:
        """Different things in the rows of a fact, by the key that the fact holds."""
        self._check_units(chunk, fact)
        for target in chunk.targets:
            ways = self._catalogue.links.paths(fact, target.table)
            if not target.column and len(ways) == 1 and len(ways[0]) == 1 and len(ways[0][0].columns) == 1:
                return figures.distinct(
                    fact, ways[0][0].columns[0], self._catalogue.tables[target.table].label
                )
            if target.column and target.table == fact:
                return figures.distinct(fact, target.column, chunk.word)
        raise refuse(
            f"I can't count “{self._wording.original(chunk)}” in {self._catalogue.tables[fact].label}."
        )

    def _check_units(self, chunk: Chunk, fact: str) -> None:
        """``how many items were returned`` may mean products or pieces."""
        distinct = any(c.start == chunk.start and different for c, different in self._wishes.counted)
        product = any(
            lexicon.CANON.get(w, w) == "product"
            for t in chunk.targets
            if not t.column
            for w in self._catalogue.tables[t.table].words[-1:]
        )
        units = [
            c for c in self._catalogue.tables[fact].columns if c.role is Role.ADD and "quantity" in c.words
        ]
        if distinct or not product or not units:
            return
        said, phrase = self._wording.original(chunk), self._catalogue.phrase(Place(fact, units[0].name))
        raise ask(
            f"“{said}”: how many different ones, or how many pieces?",
            [
                (f"Different {said}", self._wording.replaced(chunk, f"different {said}")),
                (f"Total {phrase}", self._wording.summed(chunk, f"total {phrase}")),
            ],
        )

    def _count_rows(self, chunk: Chunk) -> Measure:
        best = [t for t in chunk.targets if t.strength == chunk.targets[0].strength]
        tables = [t for t in best if not t.column]
        if len(tables) == 1:
            return self._count_table(chunk, tables[0].table)
        columns = list(dict.fromkeys((t.table, t.column) for t in best if t.column))
        kept = [c for c in columns if self._serves(Option(c[0], c[1], 0))] or columns
        home = [c for c in kept if not self._catalogue.is_fact(c[0])] or kept
        if len(home) != 1 or tables:
            raise ask(
                f"“{self._wording.original(chunk)}” could mean several things. Which one?",
                [
                    (p, self._wording.replaced(chunk, p))
                    for p in (self._catalogue.phrase(Place(*c)) for c in kept)
                ],
            )
        if self._catalogue.column(Place(*home[0])).role in (Role.DATE, Role.FLAG):
            raise refuse(f"I can't count “{self._wording.original(chunk)}” here.")
        return figures.distinct(*home[0], chunk.word)

    def _count_table(self, chunk: Chunk, name: str) -> Measure:
        table = self._catalogue.tables[name]
        units = [c for c in table.columns if c.role is Role.ADD and not c.money and "quantity" in c.words]
        noun = lexicon.CANON.get(table.words[-1], table.words[-1])
        clear = self._wishes.rows or noun not in lexicon.MONEY_NOUNS
        paid = table.main_money()
        if paid is not None and units and not clear:
            unit = self._catalogue.phrase(Place(name, units[0].name))
            money = self._catalogue.short_phrase(Place(name, paid.name))
            raise ask(
                f"“{self._wording.original(chunk)}”: the amount, the {units[0].name}, or the records?",
                [
                    (f"Total {money}", self._wording.summed(chunk, f"total {money}")),
                    (f"Rows of {table.label}", self._wording.replaced(chunk, f"{table.label} rows")),
                    (f"Total {unit}", self._wording.summed(chunk, f"total {unit}")),
                ],
            )
        return figures.rows(name, table.label)


def fittest(options: Sequence[Option]) -> list[Option]:
    best = max((o.strength for o in options), default=0)
    return [o for o in options if o.strength == best]

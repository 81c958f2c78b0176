"""From the chunks of a question to its wishes: each chunk takes its part by what stands beside it.

What stands there is told by neighbours.py; choosing tables and columns is left to resolve.py. A chunk that
finds no part to play stays in ``loose`` and must be explained there.
"""

from collections.abc import Sequence

import msgspec

from desktop.analyst.chunks import Chunk
from desktop.analyst.neighbours import Neighbours
from desktop.analyst.nouns import Nouns, narrowed, same_column
from desktop.analyst.roles import Table
from desktop.analyst.wishes import Wishes, settle_adding, settle_contrast

_HOW_MUCH = frozenset(("kitni", "kitne", "kitna"))
_MORE = "more"


def gather(chunks: Sequence[Chunk], tables: dict[str, Table]) -> Wishes:
    return settle_adding(_Gathering(chunks, tables).run(), chunks)


class _Gathering:
    def __init__(self, chunks: Sequence[Chunk], tables: dict[str, Table]) -> None:
        self._beside = Neighbours(chunks)
        self._nouns = Nouns(tables)
        self._wishes = Wishes()
        self._mode = ""
        self._by_word = ""
        self._aggregate = ""
        self._counting = ""
        self._waiting: Chunk | None = None
        self._top: Chunk | None = None

    def run(self) -> Wishes:
        for at, chunk in self._beside.in_turn():
            self._take(at, chunk)
        self._finish()
        return self._wishes

    def _take(self, at: int, chunk: Chunk) -> None:
        if self._by_word == _MORE and chunk.kind in ("noun", "time"):
            self._mode = self._mode if self._beside.goes_on(at, excluding=self._mode == "not") else ""
        match chunk.kind:
            case "noun":
                self._noun(at, chunk)
            case "time":
                self._time(at, chunk)
            case "aggregate":
                self._wishes.unplaced += [chunk] if self._aggregate else []
                self._aggregate = chunk.data
            case "count" | "distinct":
                self._wishes.unplaced += [chunk] if self._counting else []
                self._counting = chunk.kind
            case "top":
                self._rank(chunk)
            case "by" | "not" | "versus":
                self._wishes.unplaced += [self._waiting] if self._waiting else []
                self._mode, self._by_word, self._waiting = chunk.kind, chunk.word, chunk
            case "condition":
                self._condition(at, chunk)
            case _:
                self._flag(at, chunk)

    def _flag(self, at: int, chunk: Chunk) -> None:
        wishes = self._wishes
        kept = {
            "unknown": wishes.unknown, "why": wishes.why, "future": wishes.future,
            "number": wishes.unplaced, "wise": wishes.unplaced,
        }  # fmt: skip
        if chunk.kind in kept:
            kept[chunk.kind].append(chunk)
        if chunk.kind == "or":
            wishes.either = True
            wishes.unplaced += [] if self._beside.is_between_values(at) else [chunk]
        if chunk.kind == "share":
            wishes.share = True
            wishes.unplaced += [] if self._beside.asks_for_share(at) else [chunk]
        wishes.rows |= chunk.kind == "rows"
        wishes.sort = chunk.data if chunk.kind == "sort" else wishes.sort
        if chunk.kind == "and":
            wishes.ands.append(chunk.start)
        wishes.follow |= chunk.kind == "follow" or (chunk.kind == "and" and at == 0)
        wishes.back |= chunk.kind == "follow" and chunk.data == "back"
        if chunk.kind == "compare":
            self._compare(chunk)

    def _compare(self, chunk: Chunk) -> None:
        if self._wishes.compare in ("", "auto"):
            self._wishes.compare = chunk.data
        elif chunk.data not in ("auto", self._wishes.compare):
            self._wishes.unplaced.append(chunk)
        if self._mode == "versus":
            self._mode, self._waiting = "", None

    def _rank(self, chunk: Chunk) -> None:
        if self._wishes.order:
            self._wishes.unplaced.append(chunk)
            return
        self._top = chunk
        self._wishes.order = chunk.data
        self._wishes.limit = int(chunk.number) if chunk.number else None
        before = self._wishes.loose[-1][0] if self._wishes.loose else None
        if (
            before is not None
            and not chunk.number
            and self._nouns.can_group(before)
            and not self._nouns.is_fact_noun(before)
        ):
            self._wishes.loose.pop()
            self._wishes.groups.append(before)

    # -- nouns -----------------------------------------------------------------------------

    def _noun(self, at: int, chunk: Chunk) -> None:
        if chunk.values and (not chunk.targets or self._beside.reads_as_value(at)):
            self._value(at, chunk)
            return
        chunk = msgspec.structs.replace(chunk, values=())
        value = self._beside.value_after(at)
        if value is not None and self._mode != "by" and self._qualifies(chunk, self._beside.chunks[value]):
            self._narrow(value, chunk)
            return
        wise = self._beside.after(at, "wise")
        condition = self._beside.condition_after(at) if self._nouns.may_compare(chunk) else None
        if wise is not None:
            self._beside.take(wise)
            self._group(chunk)
        elif condition is not None:
            self._wishes.conditions.append((self._beside.take(condition), chunk))
        else:
            self._plain_noun(at, chunk)

    def _plain_noun(self, at: int, chunk: Chunk) -> None:
        wishes = self._wishes
        if self._mode == "not":
            wishes.unplaced.append(chunk)
            return
        only_measure = self._nouns.only_measure(chunk)
        asked = self._beside.is_asked_for(at)
        ranked = self._top is not None and not wishes.groups and not only_measure
        if self._mode == "by" and self._by_word == "per" and self._aggregate_used("average"):
            wishes.per, self._mode, self._waiting = chunk, "", None
        elif self._mode == "by" and self._by_word != _MORE and only_measure and not self._top:
            wishes.unplaced.append(chunk)
        elif self._mode == "by" and not (only_measure or self._ordering(chunk)):
            self._group(chunk)
        elif self._counting and self._beside.is_compound(at):
            wishes.unplaced.append(chunk)
        elif self._counting:
            self._count(chunk)
        elif (asked or ranked) and self._nouns.can_group(chunk) and not self._nouns.is_fact_noun(chunk):
            self._group(chunk)
        elif only_measure:
            wishes.unplaced += self._with(at)
            self._measure(chunk)
        else:
            wishes.side_by_side |= self._mode == "versus"
            if self._beside.is_listed(at):
                wishes.listed.add(chunk.start)
            wishes.loose.append((chunk, self._taken_aggregate()))
            self._settle()

    def _with(self, at: int) -> list[Chunk]:
        """``sales with discount`` are some of the sales, or both figures: the analyst leaves it."""
        before = self._beside.chunks[max(at - 2, 0) : at]
        joined = (
            len(before) == 2 and before[1].word in ("with", "having") and self._nouns.is_fact_noun(before[0])
        )
        return [before[1]] if joined else []

    def _measure(self, chunk: Chunk) -> None:
        aggregate = self._taken_aggregate()
        top = self._top
        alone = top is not None and not aggregate and not top.number and not self._wishes.groups
        if top is not None and alone and top.end == chunk.start and self._mode != "by":
            aggregate = "max" if top.data == "down" else "min"
            self._wishes.order = ""
            self._top = None
        self._wishes.side_by_side |= self._mode == "versus"
        self._settle()
        self._wishes.measures.append((chunk, aggregate))

    def _settle(self) -> None:
        """A figure ends a list; "versus" and the "by" of a ranking have found what they waited for."""
        if self._mode == "versus" or (self._mode == "by" and self._top and self._wishes.groups):
            self._waiting = None
        self._mode = ""

    def _count(self, chunk: Chunk) -> None:
        if self._aggregate not in ("", "sum"):
            self._wishes.unplaced.append(chunk)
        if self._nouns.only_measure(chunk):
            self._wishes.measures.append((chunk, "how many"))
        else:
            self._wishes.counted.append((chunk, self._counting == "distinct"))
        self._counting = ""
        self._aggregate = ""

    def _group(self, chunk: Chunk) -> None:
        self._wishes.groups.append(chunk)
        self._mode, self._by_word = "by", _MORE
        if self._waiting is not None and self._waiting.kind == "by":
            self._waiting = None

    def _value(self, at: int, chunk: Chunk) -> None:
        noun = self._beside.after(at, "noun")
        if noun is not None and self._qualifies(self._beside.chunks[noun], chunk, tables=False):
            chunk = narrowed(chunk, self._beside.take(noun))
        self._wishes.side_by_side |= self._mode == "versus"
        goes_on = self._mode == "not" and self._by_word == _MORE
        if self._after_excluded(at) or (goes_on and not same_column(self._wishes.values[-1][0], chunk)):
            self._wishes.unplaced.append(chunk)
        self._wishes.values.append((chunk, self._mode == "not"))
        self._by_word = _MORE
        if self._mode in ("not", "versus"):
            self._waiting = None
        if self._mode != "not":
            self._mode = ""

    def _after_excluded(self, at: int) -> bool:
        """``excluding Bihar UPI``: without a word between, the second value may be excluded too."""
        before = self._beside.before(at)
        last = self._wishes.values[-1] if self._wishes.values else None
        return last is not None and last[1] and before is not None and last[0].start == before.start

    def _narrow(self, value: int, noun: Chunk) -> None:
        chunk = narrowed(self._beside.chunks[value], noun)
        self._beside.chunks[value] = msgspec.structs.replace(chunk, targets=())
        self._mode = ""

    def _qualifies(self, noun: Chunk, value: Chunk, *, tables: bool = True) -> bool:
        if not value.values or not noun.targets:
            return False
        columns = {(t.table, t.column) for t in noun.targets if t.column}
        whole = {t.table for t in noun.targets if not t.column} if tables else set()
        named = any((v.table, v.column) in columns for v in value.values)
        return named or (self._mode != "by" and not self._counting and self._nouns.names_row(whole, value))

    # -- what waits --------------------------------------------------------------------

    def _ordering(self, chunk: Chunk) -> bool:
        """``top 5 cities by sales``: after a ranked group, "by" names the figure."""
        further = self._by_word == _MORE or (self._top and self._wishes.groups)
        return bool(further and self._nouns.is_fact_noun(chunk))

    def _taken_aggregate(self) -> str:
        taken, self._aggregate = self._aggregate, ""
        return taken

    def _aggregate_used(self, name: str) -> bool:
        used = [a for _, a in (*self._wishes.measures, *self._wishes.loose)]
        return name in used or self._aggregate == name

    # -- time, numbers ---------------------------------------------------------------------

    def _time(self, at: int, chunk: Chunk) -> None:
        time = chunk.time
        if time is None:
            return
        wise = self._beside.after(at, "wise")
        if time.grain:
            if wise is not None:
                self._beside.take(wise)
            adverb = time.alone and self._aggregate == "average"
            if adverb or (self._mode == "by" and self._by_word == "per" and self._aggregate_used("average")):
                self._wishes.per = chunk
                self._waiting = None if self._mode == "by" else self._waiting
                self._mode = ""
            elif time.alone or wise is not None or self._mode == "by" or self._asked(at):
                self._group(chunk)
            elif chunk.targets:
                self._noun(at, msgspec.structs.replace(chunk, kind="noun"))
            else:
                self._wishes.unplaced.append(chunk)
        elif self._mode == "versus":
            self._wishes.against.append(chunk)
            self._mode, self._waiting = "", None
        else:
            self._wishes.times.append(chunk)

    def _asked(self, at: int) -> bool:
        ranked = self._top is not None and not self._wishes.groups
        return ranked or self._beside.is_asked_for(at)

    def _condition(self, at: int, chunk: Chunk) -> None:
        after = self._beside.after(at, "noun")
        compared = after is not None and self._nouns.may_compare(self._beside.chunks[after])
        noun = self._beside.take(after) if after is not None and compared else None
        self._wishes.conditions.append((chunk, noun))

    def _finish(self) -> None:
        """A keyword that waited for a noun in vain is not understood."""
        waiting = {"count", "distinct"} if self._counting else set()
        waiting |= {"aggregate"} if self._aggregate else set()
        chunks = self._beside.chunks
        self._wishes.unplaced += [c for c in chunks if c.kind in waiting and c.word not in _HOW_MUCH]
        self._wishes.unplaced += [self._waiting] if self._waiting else []
        settle_contrast(self._wishes, chunks)
        if self._wishes.limit == 0:
            self._wishes.unplaced += [c for c in chunks if c.kind == "top"]

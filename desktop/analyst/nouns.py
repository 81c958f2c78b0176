"""What a noun of a question can be, by the columns and tables that it may name. Nothing is read here."""

import msgspec

from desktop.analyst import lexicon
from desktop.analyst.chunks import Chunk
from desktop.analyst.roles import Role, Table


class Nouns:
    """Judges the nouns of one schema."""

    def __init__(self, tables: dict[str, Table]) -> None:
        self._tables = tables

    def only_measure(self, chunk: Chunk) -> bool:
        best = [t for t in chunk.targets if t.strength == chunk.targets[0].strength]
        return bool(best) and all(
            t.column and self._tables[t.table].get(t.column).role.is_measure for t in best
        )

    def may_compare(self, chunk: Chunk) -> bool:
        figures = [t for t in chunk.targets if t.column]
        return self.is_fact_noun(chunk) or any(
            self._tables[t.table].get(t.column).role.is_measure for t in figures
        )

    def can_group(self, chunk: Chunk) -> bool:
        return not self.only_measure(chunk) and bool(chunk.targets)

    def is_fact_noun(self, chunk: Chunk) -> bool:
        tables = [self._tables[t.table] for t in chunk.targets if not t.column]
        return any(
            lexicon.CANON.get(w, w) in lexicon.MONEY_NOUNS | lexicon.UNCLEAR_NOUNS
            for t in tables
            for w in t.words[-1:]
        )

    def names_row(self, whole: set[str], value: Chunk) -> bool:
        """``store Patna Central``: the table's noun before the name or key of one of its rows."""
        return any(
            v.table in whole
            and (
                self._tables[v.table].get(v.column).role is Role.KEY
                or self._tables[v.table].get(v.column).words[-1:] == ("name",)
            )
            for v in value.values
        )


def same_column(one: Chunk, other: Chunk) -> bool:
    columns = {(v.table, v.column) for v in one.values}
    return any((v.table, v.column) in columns for v in other.values)


def narrowed(value: Chunk, noun: Chunk) -> Chunk:
    columns = {(t.table, t.column) for t in noun.targets if t.column}
    tables = {t.table for t in noun.targets if not t.column}
    kept = tuple(v for v in value.values if (v.table, v.column) in columns)
    return msgspec.structs.replace(value, values=kept or tuple(v for v in value.values if v.table in tables))

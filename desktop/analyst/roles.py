"""What a column may be used for, decided from its name, type and table. Looks at no data."""

from enum import StrEnum

import msgspec

from desktop.analyst import lexicon
from desktop.analyst.tokens import singular, words_of_name
from shared.results import ColumnType
from shared.wire import ColumnInfo, Schema, TableInfo


class Role(StrEnum):
    """``add`` may be summed, ``rate`` only averaged, ``open`` is a number that says neither,
    ``level`` may be summed over things but not over time, ``label`` is a number that is a name."""

    KEY = "key"
    DATE = "date"
    ADD = "add"
    RATE = "rate"
    OPEN = "open"
    LEVEL = "level"
    LABEL = "label"
    TEXT = "text"
    FLAG = "flag"
    OTHER = "other"

    @property
    def is_measure(self) -> bool:
        return self in (Role.ADD, Role.RATE, Role.OPEN, Role.LEVEL)


class Col(msgspec.Struct, frozen=True):
    """A column with its role. ``words`` are the singular words of its name."""

    table: str
    name: str
    type: ColumnType
    words: tuple[str, ...]
    role: Role
    money: bool

    @property
    def label(self) -> str:
        """As a heading: ``Net amount``."""
        text = " ".join(words_of_name(self.name)) or self.name
        return text[:1].upper() + text[1:]


class Table(msgspec.Struct, frozen=True):
    """A table with the roles of its columns. ``words`` are the singular words of its name."""

    name: str
    words: tuple[str, ...]
    columns: tuple[Col, ...]
    info: TableInfo

    @property
    def label(self) -> str:
        return " ".join(words_of_name(self.name.rsplit(".", 1)[-1].strip('"')))

    def find(self, column: str) -> Col | None:
        return next((c for c in self.columns if c.name == column), None)

    def get(self, column: str) -> Col:
        found = self.find(column)
        if found is None:
            raise KeyError(column)
        return found

    def dates(self) -> list[Col]:
        """Its date columns; those that only record when a row was written come in when alone."""
        found = [c for c in self.columns if c.role is Role.DATE]
        own = [c for c in found if not set(c.words) & lexicon.AUDIT_DATES]
        return own or found

    def main_money(self) -> Col | None:
        """The money that the table's own noun means; None when that is not clear."""
        money = [c for c in self.columns if c.money and c.role is Role.ADD]
        plain = [c for c in money if not set(c.words) & lexicon.QUALIFIER] or money
        for wanted in ({"net"}, {"amount", "total", "revenue", "sale", "value"}):
            if len(plain) == 1:
                return plain[0]
            named = [c for c in plain if set(c.words) & wanted]
            if len(named) == 1:
                return named[0]
        return None


def read_tables(schema: Schema) -> dict[str, Table]:
    return {info.name: _table(info) for info in schema.tables}


def _table(info: TableInfo) -> Table:
    words = tuple(singular(w) for w in words_of_name(info.name.rsplit(".", 1)[-1].strip('"')))
    keys = {c for key in info.foreign_keys for c in key.columns} | set(info.primary_key)
    columns = tuple(_column(info.name, words, c, c.name in keys) for c in info.columns)
    return Table(info.name, words, columns, info)


def _column(table: str, table_words: tuple[str, ...], info: ColumnInfo, is_key: bool) -> Col:
    words = tuple(singular(w) for w in words_of_name(info.name))
    role = _role(words, table_words, info.type, is_key)
    money = role.is_measure and bool(set(words) & lexicon.MONEY) and not set(words) & lexicon.NOT_MONEY
    return Col(table, info.name, info.type, words, role, money)


def _role(words: tuple[str, ...], table_words: tuple[str, ...], kind: ColumnType, is_key: bool) -> Role:
    if kind.is_temporal:
        return Role.DATE
    if is_key or (words and words[-1] in lexicon.KEY_ENDINGS):
        return Role.KEY
    if kind is ColumnType.TEXT:
        return Role.TEXT
    if kind is ColumnType.BOOLEAN:
        return Role.FLAG
    if not kind.is_number:
        return Role.OTHER
    return _number_role(set(words), words, set(table_words))


def _number_role(words: set[str], order: tuple[str, ...], table_words: set[str]) -> Role:
    last = order[-1] if order else ""
    if last in lexicon.LABEL or (words & {"zip", "pin", "pincode", "phone", "mobile", "year"}):
        spans_time = last in ("hour", "day", "month", "week", "minute") and len(order) > 1
        if not spans_time and not (last == "hour" and order == ("hour",) and "log" in table_words):
            return Role.LABEL
    if words & lexicon.RATE or (order[:1] == ("unit",) and len(order) > 1):
        return Role.RATE
    if words & lexicon.LEVEL or (table_words & lexicon.LEVEL):
        return Role.LEVEL
    if words & lexicon.OPEN:
        return Role.OPEN
    if words & lexicon.ADDITIVE or (lexicon.CANON.get(last, last) in lexicon.ADDITIVE):
        return Role.ADD
    return Role.OPEN


def entity_label(table: Table) -> Col | None:
    """The text column that names one row of the table: ``name``, ``store_name``, ``title``."""
    texts = [c for c in table.columns if c.role is Role.TEXT]
    noun = [c for c in texts if c.words == table.words[-1:]]
    if len(noun) == 1:
        return noun[0]
    for wanted in lexicon.LABEL_COLUMNS:
        words = tuple(wanted.split())
        for column in texts:
            if column.words in (words, (*table.words, *words)):
                return column
    tails = [c for c in texts if c.words[-1:] in (("name",), ("title",)) and _is_of(table, c.words[:-1])]
    return tails[0] if len(tails) == 1 else None


def _is_of(table: Table, words: tuple[str, ...]) -> bool:
    """``doc name`` is the name of a doctor; ``customer name`` in ``orders`` is not that of an order."""
    nouns = table.words[-1:]
    return all(w == "full" or any(noun.startswith(w[:3]) for noun in nouns) for w in words)

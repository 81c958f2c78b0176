"""From a noun to the figure it asks for: which table, which column, summed or averaged or counted."""

import msgspec

from desktop.analyst import lexicon
from desktop.analyst.catalogue import Catalogue
from desktop.analyst.chunks import Chunk
from desktop.analyst.intent import Measure, Place
from desktop.analyst.names import Target
from desktop.analyst.roles import Col, Role, Table
from desktop.analyst.tokens import singular
from desktop.analyst.unclear import Wording, ask, refuse
from shared.results import ColumnType

_SAID = {"sum": "total", "average": "average", "min": "lowest", "max": "highest", "median": "median"}


class Option(msgspec.Struct, frozen=True):
    """One thing a noun may measure: a column, or (``column`` empty) the rows of a table."""

    table: str
    column: str
    strength: int


class Figures:
    """Reads figures for one question."""

    def __init__(self, catalogue: Catalogue, wording: Wording) -> None:
        self._catalogue = catalogue
        self._wording = wording

    def options(self, chunk: Chunk, *, whole_tables: bool) -> list[Option]:
        """The columns, and tables' main money or rows, that a noun may ask for."""
        found: dict[tuple[str, str], Option] = {}
        for target in chunk.targets:
            for option in self._options(target, whole_tables=whole_tables):
                found.setdefault((option.table, option.column), option)
        return list(found.values())

    def _options(self, target: Target, *, whole_tables: bool) -> list[Option]:
        table = self._catalogue.tables[target.table]
        if target.column:
            role = table.get(target.column).role
            return [Option(table.name, target.column, target.strength)] if role.is_measure else []
        if not whole_tables or target.via:
            return []
        levels = [c for c in table.columns if c.role is Role.LEVEL]
        if levels and is_snapshot(table):
            return [Option(table.name, c.name, target.strength) for c in levels]
        column = self._of_table(table)
        return [] if column is None else [Option(table.name, column, target.strength)]

    def _of_table(self, table: Table) -> str | None:
        """What the table's noun measures: its money, its rows (empty), or one of both (``?``)."""
        noun = lexicon.CANON.get(table.words[-1], table.words[-1]) if table.words else ""
        money = table.main_money()
        if noun in lexicon.MONEY_NOUNS:
            return money.name if money else None
        if noun in lexicon.UNCLEAR_NOUNS and money is not None:
            return "?"
        return "" if self._catalogue.is_fact(table.name) else None

    def measure(self, chunk: Chunk, option: Option, aggregate: str) -> Measure:
        table = self._catalogue.tables[option.table]
        if option.column == "?":
            raise self.how_much_or_many(chunk, option)
        if not option.column:
            if aggregate not in ("", "sum", "how many", "count"):
                raise refuse(f"I don't know what {_SAID.get(aggregate, aggregate)} {table.label} means.")
            return rows(table.name, table.label)
        column = table.get(option.column)
        return self._of_column(chunk, column, aggregate)

    def _of_column(self, chunk: Chunk, column: Col, aggregate: str) -> Measure:
        said = " ".join(column.words)
        if aggregate == "how many":
            if column.role is Role.RATE or column.money:
                noun = self._catalogue.tables[column.table].label
                total = f"total {self._catalogue.short_phrase(_place(column))}"
                raise ask(
                    f"“{chunk.text}”: how much, or how many?",
                    [
                        (f"Total {said}", self._wording.summed(chunk, total)),
                        (f"Number of {noun}", self._wording.summed(chunk, f"number of {noun}")),
                    ],
                )
            aggregate = "sum"
        if not aggregate:
            aggregate = self._usual(chunk, column)
        if aggregate == "sum" and column.role is Role.RATE:
            raise refuse(
                f"Adding up {said} would say nothing: it is a rate or a price, not an amount.",
                [self._wording.replaced(chunk, f"average {said}").replace("total average", "average")],
            )
        if column.role is Role.LEVEL and not is_snapshot(self._catalogue.tables[column.table]):
            raise refuse(f"{column.label} is a running level; I can't add it up over the records beside it.")
        level = column.role is Role.LEVEL and bool(self._catalogue.dates_of(column.table))
        if level and aggregate != "sum":
            raise refuse(
                f"{column.label} is a level at a point in time; I can total it on a day, nothing else yet.",
                [f"total {said}"],
            )
        label = column.label
        if set(column.words) <= lexicon.GENERIC | {"quantity", "count", "number"}:
            noun = singular(self._catalogue.tables[column.table].label)
            label = f"{noun[:1].upper()}{noun[1:]} {label.lower()}"
        if aggregate != "sum":
            label = f"{_SAID[aggregate].capitalize()} {label[:1].lower()}{label[1:]}"
        return Measure(column.table, column.name, aggregate, label, column.money, level)

    def _usual(self, chunk: Chunk, column: Col) -> str:
        gathered = self._catalogue.is_fact(column.table) or column.role is Role.LEVEL
        if column.role in (Role.ADD, Role.LEVEL) and gathered:
            return "sum"
        if column.role is Role.RATE:
            return "average"
        said = self._wording.original(chunk)
        raise ask(
            f"Should {said} be added up or averaged?",
            [
                (f"{w.capitalize()} {said}", self._wording.replaced(chunk, f"{w} {said}"))
                for w in ("total", "average")
            ],
        )

    def how_much_or_many(self, chunk: Chunk, option: Option) -> Exception:
        table = self._catalogue.tables[option.table]
        number = f"number of {table.label}"
        choices = [(number.capitalize(), self._wording.replaced(chunk, number))]
        money = table.main_money()
        if money is not None:
            named = f"total {self._catalogue.short_phrase(_place(money))}"
            choices.insert(0, (named.capitalize(), self._wording.replaced(chunk, named)))
        return ask(f"“{self._wording.original(chunk)}”: how much, or how many?", choices)

    def default(self) -> Measure | None:
        """The one money that sales mean, when the schema has one."""
        found = [
            money
            for table in self._catalogue.tables.values()
            if any(lexicon.CANON.get(w, w) == "sale" for w in table.words)
            and (money := table.main_money()) is not None
        ]
        if len(found) != 1:
            return None
        return Measure(found[0].table, found[0].name, "sum", found[0].label, found[0].money)


def is_snapshot(table: Table) -> bool:
    """Its levels were all taken on the same days: it records nothing that happens beside them."""
    dates = [c for c in table.columns if c.role is Role.DATE]
    moments = any(c.type is ColumnType.TIMESTAMP for c in dates)
    return not moments and not any(c.role is Role.ADD for c in table.columns)


def rows(table: str, label: str) -> Measure:
    return Measure(table, None, "count", f"Number of {label}")


def distinct(table: str, column: str, said: str) -> Measure:
    return Measure(table, column, "distinct", f"Number of {said}")


def reading(measure: Measure, catalogue: Catalogue) -> str:
    """How a figure was read: ``sum of net_amount in sales``."""
    table = catalogue.tables[measure.fact].name
    if measure.column is None:
        return f"count of rows in {table}"
    words = {
        "sum": "sum of", "average": "average over rows of", "min": "lowest", "max": "highest",
        "median": "median of", "distinct": "count of different",
    }  # fmt: skip
    text = f"{words[measure.aggregate]} {measure.column} in {table}"
    if measure.level:
        text += ", on the latest day of each period"
    if measure.per:
        text += f", divided by how many different {measure.per_label or measure.per.column} its rows have"
    return text


def _place(column: Col) -> Place:
    return Place(column.table, column.name)

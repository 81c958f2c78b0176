"""Queries over the shop, made by dice: joins, CTEs, subqueries, set operations, windows and the rest.

They are what an analyst could write and what a curious one would: names come with and without quotes, schema
and alias, CTEs take the names of tables, and some columns and tables are those that the policy hides.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shared.results import ColumnType
from tests.server.governance.shop import COLUMNS, SEEN_COLUMNS

T = ColumnType
Columns = dict[str, ColumnType]


@dataclass
class Traits:
    """What a dialect takes. ``schema`` is that of the tables."""

    dialect: str
    schema: str
    quote: str = '"'
    lateral: bool = True
    windows: bool = True
    natural: bool = True
    correlated: bool = True
    whole_row: Callable[[str], str] | None = None
    year_of_text: bool = False


TRAITS = {
    "postgres": Traits("postgres", "seen", whole_row=lambda name: f"row_to_json({name})::text"),
    "duckdb": Traits("duckdb", "seen", whole_row=lambda name: f"CAST(to_json({name}) AS TEXT)"),
    "oracle": Traits("oracle", "seen", quote="", lateral=False),
    "tsql": Traits("tsql", "seen", lateral=False, natural=False),
    "clickhouse": Traits("clickhouse", "seen", quote="`", lateral=False, natural=False, correlated=False),
}


@dataclass
class Source:
    """Something in FROM: its SQL, the name by which its columns are called, and its columns."""

    sql: str
    name: str
    columns: Columns


@dataclass
class Maker:
    """``hidden`` is how often a name is one that the policy hides."""

    dice: random.Random
    traits: Traits
    hidden: float = 0.02
    ctes: list[tuple[str, Columns]] = field(default_factory=list)
    count: int = 0
    bare: set[str] = field(default_factory=set)

    def query(self) -> str:
        """One query, whose rows may come in any order."""
        self.ctes, self.count, self.bare = [], 0, set()
        shapes = [self._select, self._select, self._grouped, self._set, self._with, self._with, self._starred]
        if self.traits.windows:
            shapes.append(self._windowed)
        return self.dice.choice(shapes)(2)[0]

    # -- Whole queries: SQL and columns ---------------------------------------------------------

    def _select(self, depth: int) -> tuple[str, Columns]:
        sources, joined = self._from(depth)
        columns = self._columns_of(sources)
        shown: Columns = {}
        texts: list[str] = []
        for number in range(self.dice.randint(1, 4)):
            text, kind = self._value(columns, depth)
            texts.append(f"{text} AS c{number}")
            shown[f"c{number}"] = kind
        distinct = "DISTINCT " if self.dice.random() < 0.15 else ""
        return f"SELECT {distinct}{', '.join(texts)} FROM {joined}{self._where(columns, depth)}", shown

    def _starred(self, depth: int) -> tuple[str, Columns]:
        source = self._source(depth)
        star = "*" if self.dice.random() < 0.6 else f"{source.name}.*"
        if self.traits.whole_row and self.dice.random() < 0.25:
            text = f"SELECT {self.traits.whole_row(source.name)} AS c0 FROM {source.sql}"
            return text, {"c0": T.TEXT}
        return (
            f"SELECT {star} FROM {source.sql}{self._where(self._columns_of([source]), depth)}",
            source.columns,
        )

    def _grouped(self, depth: int) -> tuple[str, Columns]:
        sources, joined = self._from(depth)
        columns = self._columns_of(sources)
        key, kind = self._column(columns)
        aggregates = ["count(*) AS n"]
        number, _ = self._column(columns, (T.INTEGER, T.DECIMAL))
        aggregates.append(
            self.dice.choice([f"sum({number})", f"max({number})", f"count(DISTINCT {number})"]) + " AS s"
        )
        having = f" HAVING count(*) > {self.dice.randint(0, 3)}" if self.dice.random() < 0.3 else ""
        where = self._where(columns, depth)
        sql = f"SELECT {key} AS k, {', '.join(aggregates)} FROM {joined}{where} GROUP BY {key}{having}"
        return sql, {"k": kind, "n": T.INTEGER, "s": T.DECIMAL}

    def _windowed(self, depth: int) -> tuple[str, Columns]:
        source = self._source(depth)
        columns = self._columns_of([source])
        by, _ = self._column(columns)
        number, _ = self._column(columns, (T.INTEGER, T.DECIMAL))
        order = ", ".join(text for text, _ in columns)
        call = self.dice.choice([f"sum({number})", "count(*)", f"max({number})"])
        sql = f"SELECT {by} AS c0, {call} OVER (PARTITION BY {by}) AS c1 FROM {source.sql}"
        if self.dice.random() < 0.5:
            sql = f"SELECT {by} AS c0, row_number() OVER (ORDER BY {order}) AS c1 FROM {source.sql}"
        return sql, {"c0": T.TEXT, "c1": T.INTEGER}

    def _set(self, depth: int) -> tuple[str, Columns]:
        kind = self.dice.choice([T.INTEGER, T.TEXT])
        union = "UNION DISTINCT" if self.traits.dialect == "clickhouse" else "UNION"
        word = self.dice.choice(["UNION ALL", "UNION ALL", "EXCEPT", "INTERSECT", union])
        sides = []
        for _ in range(2):
            source = self._source(depth - 1)
            columns = self._columns_of([source])
            text, _ = self._column(columns, (kind,))
            sides.append(f"SELECT {text} AS c0 FROM {source.sql}{self._where(columns, 0)}")
        return f" {word} ".join(sides), {"c0": kind}

    def _with(self, depth: int) -> tuple[str, Columns]:
        """CTEs, some of which are called as a table is."""
        made: list[str] = []
        for _ in range(self.dice.randint(1, 2)):
            sql, columns = self._inner(depth - 1)
            taken = {name for name, _ in self.ctes}
            free = [name for name in ("sales", "stores", "staff", "recent", "few") if name not in taken]
            name = self.dice.choice(free)
            made.append(f"{self._quoted(name)} AS ({sql})")
            self.ctes.append((name, columns))
        sql, columns = self._inner(depth)
        return f"WITH {', '.join(made)} {sql}", columns

    def _inner(self, depth: int) -> tuple[str, Columns]:
        shapes = [self._select, self._grouped, self._starred, self._set]
        return self.dice.choice(shapes)(max(depth, 0))

    # -- FROM ---------------------------------------------------------------------------------

    def _from(self, depth: int) -> tuple[list[Source], str]:
        first = self._source(depth)
        sources, sql = [first], first.sql
        for _ in range(self.dice.choice([0, 0, 0, 1, 1, 2]) if depth else 0):
            other = self._source(depth - 1)
            sql, usable = self._join(sql, sources, other)
            sources = [*sources, other] if usable else [other]
        if self.traits.lateral and depth and self.dice.random() < 0.1:
            inner = self._table()
            outer, _ = self._column(self._columns_of(sources), (T.INTEGER,))
            mine, _ = self._column(self._columns_of([inner]), (T.INTEGER,))
            name = self._fresh()
            counted = f"SELECT count(*) AS n FROM {inner.sql} WHERE {mine} = {outer}"
            sql += f" CROSS JOIN LATERAL ({counted}) AS {name}"
            sources.append(Source("", name, {"n": T.INTEGER}))
        return sources, sql

    def _join(self, sql: str, sources: Sequence[Source], other: Source) -> tuple[str, bool]:
        if len(sources) == 1:
            both = [name for name in sources[0].columns if name in other.columns]
            same = [name for name in both if sources[0].columns[name] is other.columns[name]]
            if same and self.dice.random() < 0.25:
                return f"{sql} JOIN {other.sql} USING ({self.dice.choice(same)})", True
            if both == same and same and self.traits.natural and self.dice.random() < 0.15:
                return f"{sql} NATURAL JOIN {other.sql}", True
        word = self.dice.choice(["JOIN", "LEFT JOIN"] + ["FULL JOIN"] * (self.traits.dialect != "clickhouse"))
        kinds = (T.INTEGER,) if self.dice.random() < 0.7 else (T.TEXT,)
        left, _ = self._column(self._columns_of(sources), kinds)
        right, _ = self._column(self._columns_of([other]), kinds)
        return f"{sql} {word} {other.sql} ON {left} = {right}", True

    def _source(self, depth: int) -> Source:
        if self.ctes and self.dice.random() < 0.5:
            name, columns = self.dice.choice(self.ctes)
            alias = self._fresh() if self.dice.random() < 0.7 else ""
            sql = self._quoted(name) + (f" AS {alias}" if alias else "")
            return Source(sql, alias or self._quoted(name), columns)
        if depth > 0 and self.dice.random() < 0.25:
            sql, columns = self._inner(depth - 1)
            name = self._fresh()
            return Source(f"({sql}) AS {name}", name, columns)
        return self._table()

    def _table(self) -> Source:
        name = self.dice.choice(["sales", "sales", "sales", "stores", "products"])
        columns = SEEN_COLUMNS[name]
        if self.dice.random() < self.hidden:
            name, columns = "staff", COLUMNS["staff"]
        if any(cte == name for cte, _ in self.ctes):  # a bare name would be the CTE's
            sql = f"{self.traits.schema}.{self._quoted(name)}"
        elif self.dice.random() < 0.2:
            sql = f"{self.traits.schema}.{name}"
        else:
            sql = self._cased(name)
        alias = self._fresh() if name in self.bare or self.dice.random() < 0.8 else ""
        if not alias:  # two sources of one name can only be told apart where they stand without a schema
            self.bare.add(name)
        return Source(f"{sql} AS {alias}" if alias else sql, alias or name, columns)

    # -- Values and conditions --------------------------------------------------------------------

    def _columns_of(self, sources: Sequence[Source]) -> list[tuple[str, ColumnType]]:
        found = [(f"{one.name}.{name}", kind) for one in sources for name, kind in one.columns.items()]
        if len(sources) == 1 and self.dice.random() < 0.25:
            found = [(name, kind) for name, kind in sources[0].columns.items()]
        return found

    def _column(
        self, columns: Sequence[tuple[str, ColumnType]], kinds: Sequence[ColumnType] = ()
    ) -> tuple[str, ColumnType]:
        if self.dice.random() < self.hidden:
            return self.dice.choice([("margin", T.INTEGER), ("rent", T.INTEGER)])
        fitting = [one for one in columns if not kinds or one[1] in kinds]
        if fitting:
            return self.dice.choice(fitting)
        return ("1", T.INTEGER) if T.INTEGER in kinds else ("'a'", T.TEXT)

    def _value(self, columns: Sequence[tuple[str, ColumnType]], depth: int) -> tuple[str, ColumnType]:
        text, kind = self._column(columns)
        roll = self.dice.random()
        if roll < 0.1 and kind in (T.INTEGER, T.DECIMAL):
            return f"{text} + 1", kind
        if roll < 0.2 and kind is T.TEXT:
            return f"lower({text})", kind
        if roll < 0.3:
            return f"CASE WHEN {self._condition(columns, 0)} THEN {text} END", kind
        if roll < 0.38 and depth and self.traits.correlated:
            inner = self._table()
            mine, _ = self._column(self._columns_of([inner]), (T.INTEGER,))
            outer, _ = self._column(columns, (T.INTEGER,))
            return f"(SELECT max({mine}) FROM {inner.sql} WHERE {mine} <= {outer})", T.INTEGER
        return text, kind

    def _where(self, columns: Sequence[tuple[str, ColumnType]], depth: int) -> str:
        return "" if self.dice.random() < 0.4 else f" WHERE {self._condition(columns, depth)}"

    def _condition(  # noqa: PLR0911 - one kind after the other
        self, columns: Sequence[tuple[str, ColumnType]], depth: int
    ) -> str:
        roll = self.dice.random()
        if roll < 0.15:
            word = self.dice.choice(["AND", "OR"])
            return f"({self._condition(columns, depth)} {word} {self._condition(columns, 0)})"
        if roll < 0.22:
            return f"NOT ({self._condition(columns, depth)})"
        if roll < 0.34 and depth:
            inner = self._table()
            mine, kind = self._column(self._columns_of([inner]), (T.INTEGER, T.TEXT))
            outer, _ = self._column(columns, (kind,))
            if roll < 0.28 and self.traits.correlated:
                return f"EXISTS (SELECT 1 FROM {inner.sql} WHERE {mine} = {outer})"
            return f"{outer} IN (SELECT {mine} FROM {inner.sql})"
        text, kind = self._column(columns)
        if roll < 0.4:
            return f"{text} IS NULL"
        match kind:
            case T.TEXT:
                values = ["North", "East", "12", "****0001", "9876500001", "kids", "Store 2", "123"]
                chosen = [f"'{self.dice.choice(values)}'" for _ in range(2)]
                return self.dice.choice([f"{text} = {chosen[0]}", f"{text} IN ({', '.join(chosen)})"])
            case T.DATE:
                return f"{text} > '2020-01-01'"
        word = self.dice.choice(["=", "<", ">", "<>"])
        return f"{text} {word} {self.dice.choice([1, 2, 3, 5, 2024, 2025])}"

    def _fresh(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def _quoted(self, name: str) -> str:
        return f"{self.traits.quote}{name}{self.traits.quote}" if self.dice.random() < 0.3 else name

    def _cased(self, name: str) -> str:
        if self.traits.dialect == "clickhouse" or self.dice.random() < 0.7:
            return self._quoted(name)
        return name.upper()

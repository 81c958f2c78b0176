"""The same answers as from one database: random queries over tables that lie apart, and over their copies.

The tables lie in PostgreSQL and in files; the copies are all files, asked through one connection. Rows have
NULLs, duplicates, decimals, dates, moments, and texts that differ only in case, accents or spaces.
"""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec
import pytest

from tests.peers.postgres import PostgresServer
from tests.server.running import RunningBackend

_TEXTS = [
    "East",
    "east",
    "EAST",
    "Éast",
    "West",
    "West ",
    "",
    "it's",
    'say "hi"',
    "a\\b",
    "नमस्ते",
    "two\nlines",
    "%",
    "_",
]
_COLUMNS = {
    "id": "integer",
    "k": "integer",
    "amount": "numeric(10,2)",
    "note": "text",
    "d": "date",
    "flag": "boolean",
}
_COLUMNS |= {"moment": "timestamp"}
_TABLES = {"a": ("shop", "a"), "b": ("shop", "b"), "c": ("apart", "c"), "e": ("apart", "e")}
"""Each with its connection and its name there; e is empty."""


def _rows(chance: random.Random, count: int) -> list[tuple[object, ...]]:
    def maybe(value: object) -> object:
        return None if chance.random() < 0.15 else value

    return [
        (
            number,
            maybe(chance.randrange(8)),
            maybe(f"{chance.randrange(-300, 300) / 4:.2f}"),
            maybe(chance.choice(_TEXTS)),
            maybe(f"2026-0{chance.randrange(1, 4)}-1{chance.randrange(3)}"),
            maybe(chance.random() < 0.5),
            maybe(f"2026-01-1{chance.randrange(4)} {chance.randrange(10, 24)}:00:00"),
        )
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def apart(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer, backend: RunningBackend
) -> Iterator[None]:
    chance = random.Random(20261128)
    home = tmp_path_factory.mktemp("exactness")
    typed = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    maker = duckdb.connect()
    for name, (connection, _) in _TABLES.items():
        rows = _rows(chance, 0 if name == "e" else 40)
        maker.execute(f"CREATE TABLE {name} ({typed})")
        if rows:
            maker.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(_COLUMNS))})", rows)
        for folder in ("one", "apart") if connection == "apart" else ("one",):
            path = home / folder / f"{name}.parquet"
            path.parent.mkdir(exist_ok=True)
            maker.execute(f"COPY {name} TO '{path}' (FORMAT parquet)")
        if connection == "shop":
            _into_postgres(postgres, name, typed, rows)
    for name in ("one", "apart"):
        body = {"name": name, "type": "filesystem", "params": {"root": str(Path(home, name))}}
        assert backend.ask("POST", "/api/connections", body).status == 201
    assert backend.ask("GET", "/api/schema/shop?refresh=1").status == 200
    yield
    for name in ("one", "apart"):
        backend.ask("DELETE", f"/api/connections/{name}")
    postgres.execute("DROP TABLE a", "DROP TABLE b")


def _into_postgres(postgres: PostgresServer, name: str, typed: str, rows: list[tuple[object, ...]]) -> None:
    connection = postgres.connect()
    try:
        connection.run(f"CREATE TABLE {name} ({typed})")
        names = ", ".join(f":p{place}" for place in range(len(_COLUMNS)))
        casts = ", ".join(
            f"CAST({one} AS {kind})" for one, kind in zip(names.split(", "), _COLUMNS.values(), strict=True)
        )
        for row in rows:
            connection.run(
                f"INSERT INTO {name} VALUES ({casts})",
                **{f"p{place}": None if value is None else str(value) for place, value in enumerate(row)},
            )
        connection.run(f"GRANT SELECT ON {name} TO reader")
        connection.run(f"ANALYZE {name}")
    finally:
        connection.close()


class _Writer:
    """Queries at random. Tables are written ``{a}``, to be filled with their places."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._aliases = 0

    def query(self) -> str:
        shape = self._chance.randrange(10)
        if shape == 0:
            kind = self._chance.choice(["UNION", "UNION ALL", "INTERSECT", "EXCEPT"])
            return f"{self._plain()} {kind} {self._plain()}"
        if shape == 1:
            more = "SELECT y.k, count(*) FROM x AS y JOIN {c} AS z USING (k) GROUP BY ALL"
            return f"WITH x AS ({self._plain()}) {more}"
        if shape == 2:
            return f"SELECT s.note, max(s.d) FROM ({self._plain()}) AS s GROUP BY 1 HAVING count(*) > 1"
        return self._aggregated() if shape < 6 else self._plain()

    def _plain(self) -> str:
        joined, aliases = self._joined()
        one, other = self._chance.choice(aliases), self._chance.choice(aliases)
        distinct = "DISTINCT " if self._chance.random() < 0.2 else ""
        return (
            f"SELECT {distinct}{one}.k, {other}.note, {one}.d, {other}.amount, {one}.flag FROM {joined}"
            f"{self._where(aliases)}"
        )

    def _aggregated(self) -> str:
        joined, aliases = self._joined()
        one, other = self._chance.choice(aliases), self._chance.choice(aliases)
        return (
            f"SELECT {one}.note, count(*), count({other}.k), sum({other}.amount), min({one}.moment),"
            f" sum({one}.amount * {other}.amount) FROM {joined}{self._where(aliases)} GROUP BY {one}.note"
        )

    def _joined(self) -> tuple[str, list[str]]:
        aliases = [self._alias()]
        text = f"{self._table()} AS {aliases[0]}"
        for _ in range(self._chance.choice([0, 1, 1, 1, 2])):
            alias = self._alias()
            kind = self._chance.choice(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN"])
            left = self._chance.choice(aliases)
            column = self._chance.choice(["k", "k", "note", "d"])
            more = f" AND {self._condition([left, alias])}" if self._chance.random() < 0.5 else ""
            text += f" {kind} {self._table()} AS {alias} ON {left}.{column} = {alias}.{column}{more}"
            if kind != "SEMI JOIN":
                aliases.append(alias)
        return text, aliases

    def _where(self, aliases: list[str]) -> str:
        if self._chance.random() < 0.2:
            return ""
        conditions = [self._condition(aliases) for _ in range(self._chance.choice([1, 1, 2, 3]))]
        if self._chance.random() < 0.15:
            alias = self._alias()
            inside = f"SELECT {alias}.k FROM {self._table()} AS {alias} WHERE {self._condition([alias])}"
            conditions.append(
                f"{self._chance.choice(aliases)}.k {self._chance.choice(['IN', 'NOT IN'])} ({inside})"
            )
        return f" WHERE {' AND '.join(conditions)}"

    def _condition(self, aliases: list[str]) -> str:  # noqa: PLR0911 - one kind after the other
        alias = self._chance.choice(aliases)
        match self._chance.randrange(16):
            case 0:
                return f"NOT ({self._condition(aliases)} AND {self._condition(aliases)})"
            case 1 | 2:
                return f"({self._condition(aliases)} OR {self._condition(aliases)})"
            case 3:
                column = self._chance.choice(list(_COLUMNS))
                return f"{alias}.{column} IS {self._chance.choice(['', 'NOT '])}NULL"
            case 4 | 5:
                return f"{alias}.k {self._compare()} {self._chance.randrange(8)}"
            case 6:
                return f"{alias}.k {self._chance.choice(['', 'NOT '])}IN (1, 2, {self._chance.randrange(8)})"
            case 7 | 8:
                return f"{alias}.amount {self._compare()} {self._chance.choice(['10.25', '-3', '0.0'])}"
            case 9 | 10:
                how = self._chance.choice(["=", "=", "<>", "<", ">="])
                return f"{alias}.note {how} {self._text()}"
            case 11:
                pattern = self._chance.choice(["%ast", "West%", "_ast", "%", "%a%"])
                return f"{alias}.note {self._chance.choice(['', 'NOT '])}LIKE '{pattern}'"
            case 12:
                return f"{alias}.d {self._compare()} '2026-0{self._chance.randrange(1, 4)}-11'"
            case 13:
                return f"{alias}.moment BETWEEN '2026-01-11' AND TIMESTAMP '2026-01-12 12:00:00'"
            case 14:
                return self._chance.choice([f"{alias}.flag", f"NOT {alias}.flag", f"{alias}.flag = TRUE"])
            case _:
                return f"{alias}.amount BETWEEN -20 AND {self._chance.choice(['5', '40.5'])}"

    def _compare(self) -> str:
        return self._chance.choice(["=", "<>", "<", "<=", ">", ">="])

    def _text(self) -> str:
        return "'" + self._chance.choice(_TEXTS[:11]).replace("'", "''") + "'"

    def _table(self) -> str:
        return "{" + self._chance.choice("aaabbbccce") + "}"

    def _alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"


def _answer(backend: RunningBackend, connection: str, sql: str) -> Counter[bytes] | str:
    body = {"connection": connection, "query": sql, "max_rows": 100_000}
    answered = backend.ask("POST", "/api/query", body, headers={"Cache-Control": "no-cache"})
    if answered.status != 200:
        return str(answered.json["code"])
    rows = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode(answered.body)["rows"]
    return Counter(msgspec.json.encode(row) for row in msgspec.json.decode(rows, type=list[list[object]]))


def _differing(backend: RunningBackend, seeds: range) -> list[str]:
    wrong = []
    for seed in seeds:
        sql = _Writer(seed).query()
        places = {name: f"{connection}.{table}" for name, (connection, table) in _TABLES.items()}
        across = sql.format(**places)
        expected = _answer(backend, "one", sql.format(**{name: name for name in _TABLES}))
        got = _answer(backend, "*", across)
        if got != expected:
            wrong.append(f"{seed}: {across}\n  {got}\n  {expected}")
    return wrong


@pytest.mark.usefixtures("apart")
def test_random_queries_give_what_one_database_gives(backend: RunningBackend) -> None:
    assert _differing(backend, range(25)) == []


@pytest.mark.slow
@pytest.mark.usefixtures("apart")
def test_many_random_queries_give_what_one_database_gives(backend: RunningBackend) -> None:
    assert _differing(backend, range(1000, 1060)) == []


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM {a} JOIN {c} USING (k) WHERE k = 3 ORDER BY ALL",
        "SELECT * FROM {a} FULL JOIN {c} USING (k, note) WHERE k IS NULL",
        "SELECT a1, c1 FROM {a} AS a1 LEFT JOIN {c} AS c1 ON a1.k = c1.k AND c1.flag WHERE a1.amount IS NULL",
        "SELECT x.note, y.note FROM {a} x ASOF JOIN {c} y ON x.k = y.k AND x.d >= y.d WHERE y.flag",
        "SELECT note, k FROM {a} WHERE k > 2 QUALIFY row_number() OVER (ORDER BY note, id) < 4",
        "SELECT (SELECT max(y.amount) FROM {c} y WHERE y.k = x.k) AS m FROM {b} x WHERE x.id < 9",
        "SELECT * FROM {e} RIGHT JOIN {b} ON {e}.k = {b}.k WHERE {b}.d > '2026-02-01'",
        "SELECT sum(x.amount), avg(x.amount), sum(x.amount / 3) FROM {a} x, {e}",
        "SELECT count(*) FROM {a}, {c} WHERE {a}.id % 7 = {c}.id % 5",
        "SELECT DISTINCT ON (x.k) x.k, x.id FROM {a} x JOIN {b} y ON x.k = y.k ORDER BY x.k, x.id",
        "WITH RECURSIVE r AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5)"
        " SELECT r.n, count(x.id) FROM r LEFT JOIN {b} x ON x.k = r.n GROUP BY 1",
        "SELECT strftime(x.moment, '%Y-%m'), x.d + INTERVAL 1 DAY, upper(x.note)"
        " FROM {a} x SEMI JOIN {c} y USING (k)",
    ],
)
def test_what_sql_can_say_is_answered_as_one_database_would(backend: RunningBackend, sql: str) -> None:
    places = {name: f"{connection}.{table}" for name, (connection, table) in _TABLES.items()}
    got = _answer(backend, "*", sql.format(**places))
    assert isinstance(got, Counter), got
    assert got == _answer(backend, "one", sql.format(**{name: name for name in _TABLES}))

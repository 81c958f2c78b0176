"""The engine that joins: rows in, exact types out; limits, stops, and nothing left of the query before."""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from server.engine import messages
from server.engine.gathering import Gathering, Part
from shared.errors import QueryCancelled, QueryFailed, QueryRefused, SourceUnavailable
from shared.results import Column, ColumnType, JsonRows
from tests.server.running import wait_until


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gathering]:
    """One for all: each query forgets what was there before."""
    spill = tmp_path_factory.mktemp("gathering") / "spill"
    gathering = Gathering(spill, memory_mb=150, disk_mb=20, threads=2)
    yield gathering
    gathering.close()


def fill(
    engine: Gathering, columns: Sequence[Column], *batches: bytes, sql: str = "SELECT * FROM c.t"
) -> None:
    engine.prepare(sql, [Part(0, [("c", "main", "t")], list(columns))])
    engine.begin(0, columns)
    for batch in batches:
        engine.add(0, batch)
    engine.settle([0])


def rows(engine: Gathering, sql: str) -> bytes:
    with engine.query(sql, 1000, 20) as result:
        return b"".join(batch.data for batch in result.batches() if isinstance(batch, JsonRows))


@pytest.mark.parametrize(
    ("kind", "values", "typed"),
    [
        ("integer", b"[1]\n[-9223372036854775808]\n[null]\n", "BIGINT"),
        ("integer", b"[1]\n[18446744073709551616]\n", "HUGEINT"),
        ("integer", b"[" + b"9" * 60 + b"]\n[-1]\n", "BIGNUM"),
        ("decimal", b"[10.50]\n[3]\n[null]\n", "DECIMAL(18,2)"),
        ("decimal", b"[0.1234567890123456789]\n[12345678901234567]\n", "DECIMAL(38,19)"),
        ("decimal", b"[1e3]\n[2.5E-2]\n[-0E-8]\n", "DECIMAL(18,8)"),
        ("decimal", b"[null]\n", "DECIMAL(18,0)"),
        ("float", b"[0.1]\n[1e300]\n[null]\n", "DOUBLE"),
        ("text", b'["a,b"]\n[""]\n[null]\n["say \\"hi\\"\\n"]\n', "VARCHAR"),
        ("boolean", b"[true]\n[false]\n[null]\n", "BOOLEAN"),
        ("date", b'["2026-11-28"]\n[null]\n', "DATE"),
        ("time", b'["18:40:00.125"]\n', "TIME"),
        ("time", b'["18:40:00"]\n["25 hours"]\n', "VARCHAR"),
        ("timestamp", b'["2026-11-28T18:40:00"]\n[null]\n', "TIMESTAMP"),
        ("timestamp", b'["2026-11-28T18:40:00+05:30"]\n[null]\n', "TIMESTAMP WITH TIME ZONE"),
        ("binary", b'["AAEC/w=="]\n[null]\n', "BLOB"),
        ("json", b'[{"a":[1,"x"]}]\n["text"]\n[null]\n', "JSON"),
    ],
)
def test_values_come_back_as_they_went_in(engine: Gathering, kind: str, values: bytes, typed: str) -> None:
    fill(engine, [Column("v", ColumnType(kind))], values)
    assert rows(engine, "SELECT DISTINCT typeof(v) FROM c.t").decode() == f'["{typed}"]\n'
    expected = {
        b"[1e3]\n[2.5E-2]\n[-0E-8]\n": b"[1000.00000000]\n[0.02500000]\n[0.00000000]\n",
        b"[10.50]\n[3]\n[null]\n": b"[10.50]\n[3.00]\n[null]\n",
    }.get(values, values)
    if "e" not in kind[:1] and kind not in ("float", "timestamp") and typed != "DECIMAL(38,19)":
        assert rows(engine, "SELECT v FROM c.t") == expected


def test_a_type_holds_for_all_batches_although_only_the_last_one_shows_it(engine: Gathering) -> None:
    columns = [
        Column("n", ColumnType.INTEGER),
        Column("d", ColumnType.DECIMAL),
        Column("t", ColumnType.TIMESTAMP),
    ]
    fill(
        engine,
        columns,
        b'[1,1.5,"2026-01-01T00:00:00Z"]\n' * 1000,
        b'[36893488147419103232,0.12345,"2026-01-02T05:30:00+05:30"]\n',
    )
    assert rows(engine, "SELECT typeof(n), typeof(d), typeof(t), count(*) FROM c.t GROUP BY ALL") == (
        b'["HUGEINT","DECIMAL(18,5)","TIMESTAMP WITH TIME ZONE",1001]\n'
    )
    assert rows(engine, "SELECT sum(d) FROM c.t") == b"[1500.12345]\n"


def test_what_a_source_knows_of_its_columns_decides(engine: Gathering) -> None:
    told = [
        Column("d", ColumnType.DECIMAL, precision=10, scale=3),
        Column("t", ColumnType.TIMESTAMP, zoned=True),
    ]
    fill(engine, told, b'[1.5,"2026-01-01T10:00:00"]\n')
    assert rows(engine, "SELECT typeof(d), typeof(t), d FROM c.t") == (
        b'["DECIMAL(10,3)","TIMESTAMP WITH TIME ZONE",1.500]\n'
    )


def test_a_part_that_begins_again_forgets_its_rows_and_a_new_query_forgets_all(engine: Gathering) -> None:
    column = [Column("v", ColumnType.INTEGER)]
    engine.prepare("SELECT * FROM c.t", [Part(0, [("c", "main", "t"), ("c", "s", "t")], column)])
    for value in (b"[1]\n", b"[2]\n"):
        engine.begin(0, column)
        engine.add(0, value)
    assert engine.settle([0], [(0, "v")], 5) == [[2]]
    assert rows(engine, "SELECT a.v, b.v FROM c.t a, c.s.t b") == b"[2,2]\n"
    engine.prepare("SELECT 1", [])
    with pytest.raises(QueryFailed):
        rows(engine, "SELECT * FROM c.t")


def test_keys_are_told_when_they_are_few(engine: Gathering) -> None:
    columns = [Column("n", ColumnType.INTEGER), Column("t", ColumnType.TEXT)]
    engine.prepare("SELECT * FROM c.t", [Part(0, [("c", "main", "t")], columns)])
    engine.begin(0, columns)
    engine.add(0, b'[1,"a"]\n[1,"b"]\n[null,"c"]\n')
    assert engine.settle([0], [(0, "n"), (0, "t")], 2) == [[1], None]


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '/tmp/never.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "ATTACH '/tmp/never.db' AS x",
        "SET memory_limit = '10GB'",
        "INSTALL httpfs",
        "SELECT 1; SELECT 2",
        "CREATE TABLE c.x (n int)",
    ],
)
def test_the_engine_by_itself_lets_nothing_out(engine: Gathering, sql: str) -> None:
    fill(engine, [Column("v", ColumnType.INTEGER)], b"[1]\n")
    with pytest.raises((QueryFailed, QueryRefused)):
        rows(engine, sql)
    with pytest.raises((QueryFailed, QueryRefused)):
        engine.prepare(sql, [])
    assert not Path("/tmp/never.csv").exists()


def test_more_than_memory_and_disk_may_hold_is_a_sentence_and_the_engine_goes_on(tmp_path: Path) -> None:
    engine = Gathering(tmp_path / "spill", memory_mb=50, disk_mb=5, threads=1)
    try:
        columns = [Column("t", ColumnType.TEXT)]
        engine.prepare("SELECT * FROM c.t", [Part(0, [("c", "main", "t")], columns)])
        engine.begin(0, columns)
        for _ in range(40):
            unlike = os.urandom(2_000_000).hex().encode()
            engine.add(0, b"".join(b'["%s"]\n' % unlike[at : at + 4000] for at in range(0, 4_000_000, 4000)))
        with pytest.raises(QueryFailed, match="more memory and disk"):
            engine.settle([0])
        fill(engine, [Column("v", ColumnType.INTEGER)], b"[1]\n")
        assert rows(engine, "SELECT * FROM c.t") == b"[1]\n"
    finally:
        engine.close()


def test_a_cancel_ends_the_query_and_not_the_engine(engine: Gathering) -> None:
    fill(engine, [Column("v", ColumnType.INTEGER)], b"[1]\n" * 1000)
    slow = "SELECT count(*) FROM c.t a, c.t b, c.t c, c.t d"
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            rows(engine, slow)
        except QueryCancelled as error:
            failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    wait_until(lambda: engine._running is not None)
    engine.cancel()
    asking.join(20)
    assert len(failures) == 1
    assert rows(engine, "SELECT count(*) FROM c.t") == b"[1000]\n"


def test_a_cancel_that_comes_before_its_query_stops_it_all_the_same(engine: Gathering) -> None:
    fill(engine, [Column("v", ColumnType.INTEGER)], b"[1]\n" * 1000)
    process, order = engine._engine, engine._order + 1
    with process.killed_after(20):
        process.send(messages.Cancel(order))
        process.send(messages.Query(order, "SELECT count(*) FROM c.t a, c.t b, c.t c, c.t d", 10))
        replies = [process.receive()]
        while isinstance(replies[-1], messages.Looked | messages.Head):
            replies.append(process.receive())
    assert replies[-1] == messages.Failure("interrupted", "")


def test_an_engine_that_was_killed_is_told_and_leaves_its_files_to_the_next(tmp_path: Path) -> None:
    spill = tmp_path / "spill"
    first = Gathering(spill, memory_mb=150, disk_mb=20, threads=1)
    left = spill / str(first.pid)
    assert left.is_dir()
    (left / "duckdb_temp_storage-0.tmp").write_bytes(b"rows")
    os.kill(first.pid, signal.SIGKILL)
    with pytest.raises(SourceUnavailable, match="ended while it worked"):
        first.prepare("SELECT 1", [])
    first.close()
    second = Gathering(spill, memory_mb=150, disk_mb=20, threads=1)
    second.close()
    assert not left.exists()

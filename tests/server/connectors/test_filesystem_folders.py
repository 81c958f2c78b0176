"""Folders as they are in life: partitions, links, pipes, files that change, drives that hang, large files."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from server.connectors.filesystem.kind import FilesystemConnector
from server.engine import folder, running_query
from server.engine.conversions import Conversions
from server.engine.folder import FolderEngine
from server.engine.messages import OpenConverter
from server.engine.shelf import Shelf
from server.engine.tables import rules, scan
from shared import guard
from shared.engine import text_tables
from shared.engine.quoting import literal
from shared.errors import InvalidRequest, QueryFailed, SourceUnavailable
from shared.results import ColumnType
from tests.server.connectors.contract import rows_of
from tests.server.connectors.folders import Opener, ask, opened, until

__all__ = ["opened"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def parquet(path: Path, query: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"COPY ({query}) TO {literal(path)} (FORMAT parquet)")
    return path


# -- Tables of several files --------------------------------------------------------------------


def test_partitions_are_one_table_with_a_column_for_each_level(opened: Opener, root: Path) -> None:
    for month in ("03", "04"):
        for store in ("a b", "it's", "50%[x]*"):
            parquet(root / f"sales/year=2026/store={store}/m{month}.parquet", f"SELECT {int(month)} AS net")
    write(root / "hr/visits/day=2026-04-01/x.csv", "n;net\n1;1,5\n")
    write(root / "hr/visits/day=2026-04-02/x.csv", "n,net,more\n2,2.5,x\n")
    connector = opened(root)
    assert connector.warnings() == []
    names = {table.name: table for table in connector.schema().tables}
    assert set(names) == {"sales", "hr.visits"}
    assert [c.name for c in names["sales"].columns] == ["net", "store", "year"]
    assert names["sales"].comment.startswith("6 files, such as sales/year=2026/")
    assert "partitioned by year, store" in names["sales"].comment
    assert ask(connector, "SELECT store, sum(net) FROM sales WHERE year = 2026 GROUP BY 1 ORDER BY 1") == [
        ["50%[x]*", 7],
        ["a b", 7],
        ["it's", 7],
    ]
    assert ask(connector, "SELECT * FROM hr.visits ORDER BY n") == [
        [1, Decimal("1.50"), None, "2026-04-01"],
        [2, Decimal("2.50"), "x", "2026-04-02"],
    ]


def test_files_are_joined_by_a_rule_and_by_nothing_else(opened: Opener, root: Path) -> None:
    for month in ("01", "02"):
        write(root / f"sales_2026_{month}.csv", f"month,net\n{int(month)},10\n")
        write(root / f"old/sales_2025_{month}.csv", f"month,net\n{int(month)},5\n")
    connector = opened(root)
    assert {table.name for table in connector.schema().tables} == {
        *("sales_2026_01", "sales_2026_02", "old.sales_2025_01", "old.sales_2025_02"),
    }
    ruled = opened(root, tables="sales = sales_*.csv; everything = **/sales_2025_*.csv")
    assert {table.name for table in ruled.schema().tables} == {"sales", "everything"}
    assert ask(ruled, "SELECT sum(net) FROM sales") == [[20]]
    assert ask(ruled, "SELECT sum(net) FROM everything") == [[10]]


@pytest.mark.parametrize("text", ["sales", "= x.csv", "a b = *.csv", "select = *.csv"])
def test_a_rule_that_is_none_is_said_so(opened: Opener, root: Path, text: str) -> None:
    with pytest.raises(InvalidRequest, match="'tables' can not be used"):
        opened(root, tables=text)


def test_a_table_with_a_broken_file_says_so_instead_of_leaving_rows_out(opened: Opener, root: Path) -> None:
    parquet(root / "sales/day=1/a.parquet", "SELECT 1 AS n")
    write(root / "sales/day=2/b.parquet", "no parquet")
    parquet(root / "other.parquet", "SELECT 1 AS n")
    connector = opened(root)
    with pytest.raises(QueryFailed, match="can not be read"):
        ask(connector, "SELECT sum(n) FROM sales")
    assert ask(connector, "SELECT n FROM other") == [[1]]


# -- What is left out ---------------------------------------------------------------------------


def test_what_leads_out_of_the_folder_or_is_no_file_is_left_out_and_said(
    opened: Opener, root: Path, tmp_path: Path
) -> None:
    secret = write(tmp_path / "secret.csv", "secret\n42\n")
    write(root / "real.csv", "a\n1\n")
    (root / "link.csv").symlink_to(secret)
    (root / "hard.csv").hardlink_to(secret)
    (root / "twice.csv").hardlink_to(root / "real.csv")
    os.mkfifo(root / "pipe.csv")
    (root / "device.csv").symlink_to("/dev/zero")
    (root / "loop").symlink_to(root)
    (root / "dangling.csv").symlink_to(root / "nowhere.csv")
    connector = opened(root)
    assert {table.name for table in connector.schema().tables} == {"real", "twice"}
    said = " ".join(connector.warnings())
    for name in ("link.csv", "hard.csv", "pipe.csv", "device.csv"):
        assert f"{name} is left out" in said
    assert str(tmp_path) not in said


@pytest.mark.skipif(os.name != "posix", reason="pipes and links")
def test_what_is_put_in_the_place_of_a_file_is_never_opened(
    opened: Opener, root: Path, tmp_path: Path
) -> None:
    """Between looking and opening: a link that leads out, a pipe that would hang."""
    secret = parquet(tmp_path / "secret.parquet", "SELECT 42 AS secret")
    for number in range(2):
        parquet(root / f"t{number}.parquet", "SELECT 1 AS a")
        write(root / f"c{number}.csv", "a\n1\n")
    connector = opened(root)
    puts: list[Callable[[Path], None]] = [lambda path: path.symlink_to(secret), os.mkfifo]
    for number, replace in enumerate(puts):
        for name in (f"t{number}", f"c{number}"):
            file = next(root.glob(f"{name}.*"))
            file.unlink()
            replace(file)
            with pytest.raises(QueryFailed, match="does not exist"):
                ask(connector, f"SELECT * FROM {name}")


def test_a_file_that_may_not_be_read_is_said_so(opened: Opener, root: Path) -> None:
    """Root may read everything, until it lays down the two capabilities that say so."""
    write(root / "a.csv", "a\n1\n").chmod(0)
    if os.geteuid() != 0:
        assert "may not read it" in " ".join(opened(root).warnings())
        return
    capabilities = "-dac_override,-dac_read_search"
    asking = "print(KIND.open({'root': sys.argv[1]}, 5).warnings())"
    code = f"import sys; from server.connectors.filesystem import KIND; {asking}"
    command = ["setpriv", f"--bounding-set={capabilities}", f"--inh-caps={capabilities}", sys.executable]
    done = subprocess.run([*command, "-c", code, str(root)], capture_output=True, text=True, check=False)
    assert "may not read it" in done.stdout, done.stderr


# -- What changes and what hangs ----------------------------------------------------------------


def test_an_answer_never_mixes_two_versions_of_a_file(opened: Opener, root: Path) -> None:
    """Replaced as a whole, written over in place, and removed, while it is asked."""
    stop = threading.Event()
    versions = [f"SELECT {n} AS v, i FROM range(20000) t(i)" for n in range(3)]
    parquet(root / "whole.parquet", versions[0])
    bodies = ["v,i\n" + f"{n},1\n" * 20_000 for n in range(3)]
    write(root / "inplace.csv", bodies[0])

    def change() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            parquet(root / "new.tmp", versions[turn % 3]).replace(root / "whole.parquet")
            (root / "inplace.csv").write_text(bodies[turn % 3])
            stop.wait(0.1)

    connector = opened(root)
    changing = threading.Thread(target=change)
    changing.start()
    try:
        give_up = time.monotonic() + 2.5
        while time.monotonic() < give_up:
            for name in ("whole", "inplace"):
                try:
                    found = ask(connector, f"SELECT count(*), count(DISTINCT v) FROM {name}")
                except QueryFailed as error:
                    said = str(error)
                    assert any(w in said for w in ("written", "changed", "change faster", "is empty")), said
                except SourceUnavailable:  # a busy machine: no answer is no mixed answer
                    continue
                else:
                    assert found == [[20_000, 1]]
    finally:
        stop.set()
        changing.join()
    until(connector, "SELECT count(*), count(DISTINCT v) FROM whole", [[20_000, 1]])
    until(connector, "SELECT count(*), count(DISTINCT v) FROM inplace", [[20_000, 1]])


def test_a_drive_that_hangs_is_told_of_and_given_up(
    opened: Opener, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process stands in for one that waits for a drive: it does nothing, and does not obey."""
    write(root / "a.csv", "a\n1\n")
    connector = opened(root)
    monkeypatch.setattr(running_query, "LOOK_SECONDS", 0.3)
    os.kill(connector.engine_pid, signal.SIGSTOP)
    with pytest.raises(SourceUnavailable, match="does not answer"):
        ask(connector, "SELECT * FROM a")
    monkeypatch.setattr(running_query, "LOOK_SECONDS", 15)
    assert ask(connector, "SELECT * FROM a") == [[1]]


def test_a_folder_that_goes_away_is_said_so_and_found_again(opened: Opener, root: Path) -> None:
    write(root / "a.csv", "a\n1\n")
    connector = opened(root)
    assert ask(connector, "SELECT * FROM a") == [[1]]
    root.rename(root.with_name("away"))
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        try:
            connector.ping()
        except SourceUnavailable as error:
            assert "does not exist" in str(error)  # noqa: PT017 - it comes within a second or so
            break
        time.sleep(0.05)
    root.with_name("away").rename(root)
    until(connector, "SELECT * FROM a", [[1]])


# -- Large files, many files, little room -------------------------------------------------------


@pytest.fixture
def early(root: Path, tmp_path: Path) -> Iterator[FolderEngine]:
    """An engine that takes files for large that are not."""
    cache = tmp_path / "cache"
    cache.mkdir()
    engine = FolderEngine(root, cache, memory_mb=256, threads=1, direct_bytes=100_000)
    yield engine
    engine.close()


def large(path: Path, *, odd: str = "") -> None:
    lines = (f"{n},2026-01-01,12.50,some words to fill the line\n" for n in range(20_000))
    path.write_text("n,day,net,words\n" + "".join(lines) + odd)


def put(engine: FolderEngine, text: str) -> list[list[object]]:
    with engine.query(guard.check(text, "duckdb"), {}, 1000, 60) as result:
        return rows_of(result)


def test_a_large_text_file_answers_before_it_is_converted_and_the_same_after(
    early: FolderEngine, root: Path, tmp_path: Path
) -> None:
    large(root / "big.csv")
    (big,) = early.schema().tables
    assert [c.type for c in big.columns[:3]] == [ColumnType.INTEGER, ColumnType.DATE, ColumnType.DECIMAL]
    assert big.row_estimate is None
    question = "SELECT count(*), sum(net), max(day) FROM big"
    expected: list[list[object]] = [[20_000, Decimal("250000.00"), "2026-01-01"]]
    assert put(early, question) == expected
    give_up = time.monotonic() + 60
    while not list((tmp_path / "cache").glob("*/*.msgpack")) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert put(early, question) == expected
    assert early.schema().tables[0].row_estimate == 20_000


def test_rows_of_bare_separators_are_no_rows_also_before_the_file_is_converted(
    early: FolderEngine, root: Path
) -> None:
    large(root / "big.csv", odd=',,,\n"",,"",\n7,,,\n')
    assert early.schema().tables[0].row_estimate is None, "it is read as it is"
    assert put(early, "SELECT count(*) FROM big") == [[20_001]]


def test_a_last_line_that_the_reader_would_lose_is_refused(early: FolderEngine, root: Path) -> None:
    large(root / "big.csv", odd="7,2026-01-01,1.00," + "x" * 70_000_000)
    with pytest.raises(QueryFailed, match=r"big.csv can not be read: .*longer than 16 MB"):
        put(early, "SELECT count(*) FROM big")


@pytest.mark.parametrize(
    ("longest", "is_long"), [(10, False), (3_999_998, False), (4_000_001, True), (9_000_000, True)]
)
@pytest.mark.parametrize("behind", [0, 30, 5_000_000])
def test_a_line_too_long_for_the_reader_is_found_wherever_it_is(
    tmp_path: Path, longest: int, is_long: bool, behind: int
) -> None:
    file = tmp_path / "lines.csv"
    for before in (0, 17, 4_100_000):
        file.write_bytes(b"short\n" * (before // 6) + b"x" * longest + b"\n" + b"short\n" * (behind // 6))
        with file.open("rb") as raw:
            assert text_tables.has_long_line(raw) is is_long


def test_what_the_first_rows_did_not_show_waits_for_the_whole_file(early: FolderEngine, root: Path) -> None:
    large(root / "big.csv", odd="007,2026-01-01,1.255,x\n")
    assert put(early, "SELECT count(*), sum(net) FROM big") == [[20_001, Decimal("250001.2550")]]
    assert put(early, "SELECT n FROM big WHERE words = 'x'") == [["007"]]


def test_a_middling_file_answers_at_once_where_nothing_can_go_wrong(
    early: FolderEngine, root: Path, tmp_path: Path
) -> None:
    lines = "".join(f"{n},{n % 7}\n" for n in range(4_000))
    for name, odd in (("plain", ""), ("surprise", "x,1.5\n")):
        (root / f"{name}.csv").write_text("n,net\n" + lines + odd)
    early._conversions.close()  # what is not converted stays so
    assert put(early, "SELECT count(*), sum(net) FROM plain") == [[4_000, 11_994]]
    assert len(put(early, "SELECT n FROM plain")) == 1_000
    for question, most in (("SELECT n FROM plain", 1_000_000), ("SELECT max(n) FROM surprise", 9)):
        with pytest.raises(SourceUnavailable):
            early.query(guard.check(question, "duckdb"), {}, most, 5)


def test_what_a_middling_file_seemed_to_be_is_no_reason_to_refuse_a_query(
    early: FolderEngine, root: Path
) -> None:
    lines = "".join(f"{n},01/02/2026\n" for n in range(4_000))
    (root / "late.csv").write_text("n,day\n" + lines + "7,25/02/2026\n")  # only the last tells day from month
    assert put(early, "SELECT max(day) - min(day) FROM late") == [[24]]


def test_a_schema_waits_so_long_and_tells_what_is_missing(
    early: FolderEngine, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "SCHEMA_SECONDS", 0.0)
    for number in range(60):
        write(root / f"t{number}.csv", f"a,b\n{number},x\n")
    begun = early.schema()
    assert begun.unread
    assert "read for the first time; ask again" in begun.unread[0].error
    give_up = time.monotonic() + 60
    while (found := early.schema()).unread and time.monotonic() < give_up:
        time.sleep(0.05)
    assert len(found.tables) == 60
    assert not found.unread


def test_a_small_file_is_described_as_a_large_one_with_the_same_rows(opened: Opener, root: Path) -> None:
    """Small ones are looked at as they are written, all others by queries."""
    rows = "".join(
        f"{n},+{n},{'' if n % 3 else f'{n}.5'},2026-01-{n % 28 + 1:02d},{n % 28 + 1:02d}/02/2026,"
        f'"a ""{n % 4}""",{"NA" if n % 5 else n},{"x" * 90 if n % 2 else ""},{n % 9}e3,TRUE\n'
        for n in range(300)
    )
    heading = "store_id,code,net,day,written,words,gaps,long,about,yes\n"
    (root / "small.csv").write_text(heading + rows)
    (root / "long.csv").write_text(heading + rows * 7)
    (root / "alone.csv").write_text("one\n1\n\n2\n")
    connector = opened(root)
    alone, long, small = connector.schema().tables
    assert (alone.row_estimate, small.row_estimate, long.row_estimate) == (2, 300, 2_100)
    assert small.primary_key == ["code"]
    assert small.columns == long.columns
    assert small.comment.partition(": ")[2] == long.comment.partition(": ")[2]
    for table in ("small", "long"):
        (row,) = ask(
            connector, f"SELECT sum(net), max(written), count(gaps), count(long), max(about) FROM {table}"
        )
        assert row[1:2] + row[4:] == ["2026-02-28", 8_000.0]


def test_hundreds_of_files_are_ready_at_once_and_read_when_asked(opened: Opener, root: Path) -> None:
    for number in range(500):
        write(root / f"f{number // 100}" / f"t{number}.csv", f"a,b\n{number},x\n")
    began = time.monotonic()
    connector = opened(root)
    assert ask(connector, "SELECT a FROM f4.t444") == [[444]]
    assert time.monotonic() - began < 15, "about 0.6 s; the bound only catches the reading of all of them"


def test_converted_copies_keep_within_their_room(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    for number in range(6):
        write(root / f"t{number}.csv", "a\n" + "".join(f"{n * 7919 % 10_007}\n" for n in range(20_000)))
    conversions = Conversions(OpenConverter(str(root), str(cache), 256, 1, 60_000))
    files = scan(root).files
    try:
        conversions.ask(files)
        assert conversions.wait(files, 60, threading.Event())
    finally:
        conversions.close()
    shelf = Shelf(cache, root)
    kept = [file for file in files if shelf.find(file)]
    assert 0 < len(kept) < 6
    assert files[-1] in kept
    assert sum(path.stat().st_size for path in cache.rglob("*.parquet")) <= 60_000


def test_many_connections_convert_a_file_once(opened: Opener, root: Path, tmp_path: Path) -> None:
    write(root / "t.csv", "a\n" + "".join(f"{n}\n" for n in range(200_000)))
    connectors: list[FilesystemConnector] = [opened(root) for _ in range(4)]
    answers: list[object] = []
    asking = [
        threading.Thread(target=lambda c=c: answers.append(ask(c, "SELECT count(*) FROM t")))
        for c in connectors
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert answers == [[[200_000]]] * 4
    inodes = {path.stat().st_ino for path in (tmp_path / "home").rglob("table.parquet")}
    assert len(inodes) == 1


def test_a_conversion_that_was_killed_is_done_again(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    write(root / "t.csv", "a\n" + "".join(f"{n}\n" for n in range(300_000)))
    (file,) = scan(root).files
    shelf = Shelf(cache, root)
    shelf.folder(file).mkdir(parents=True)
    (shelf.folder(file) / "table.parquet").write_bytes(b"half")
    assert shelf.find(file) is None
    conversions = Conversions(OpenConverter(str(root), str(cache), 256, 1, 10**9))
    try:
        conversions.ask([file])
        assert conversions.wait([file], 60, threading.Event())
    finally:
        conversions.close()
    kept = shelf.find(file)
    assert kept is not None
    count = duckdb.execute(f"SELECT count(*) FROM '{kept.sources[0].parquet}'")
    assert count.fetchall() == [(300_000,)]


def test_rules_are_read_one_by_one() -> None:
    found = rules("sales = sales_*.csv;\n visits=**/v?.csv ;")
    assert [(rule.table, rule.pattern) for rule in found] == [
        ("sales", "sales_*.csv"),
        ("visits", "**/v?.csv"),
    ]

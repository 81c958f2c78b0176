"""The connector over a folder of files: the contract, the files, the keys, the accidents."""

import contextlib
import json
import os
import shutil
import signal
import threading
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest

from server.connectors.base import Limits
from server.connectors.filesystem.kind import FilesystemConnector
from shared import guard
from shared.errors import QueryCancelled, QueryFailed, QueryTimeout, SourceUnavailable
from shared.results import ColumnType, JsonRows
from tests.server.connectors.contract import SqlConnectorContract, rows_of
from tests.server.connectors.folders import Opener, ask, opened, table, until

__all__ = ["opened"]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "hr" / "old").mkdir(parents=True)
    duckdb.execute(f"""
        COPY (SELECT i AS store_id, 'Store ' || i AS name,
                     CASE WHEN i % 2 = 0 THEN 'North' ELSE 'East' END AS zone
              FROM range(1, 41) t(i)) TO '{root}/stores.parquet';
        COPY (SELECT i AS sale_id, 1 + i % 40 AS store_id, (i * 1.25)::DECIMAL(12, 2) AS amount,
                     DATE '2026-01-01' + (i % 90)::INT AS sold_on
              FROM range(5000) t(i)) TO '{root}/sales.parquet';
    """)
    (root / "returns.csv").write_text("return_id,store_id,reason\n1,1,torn\n2,40,size\n3,41,size\n")
    (root / "hr" / "Staff List.tsv").write_text("id\tname\n1\tAsha\n2\tRavi\n")
    (root / "hr" / "old" / "2024 staff.csv").write_text("a;b\n1;x\n")
    (root / "events.ndjson").write_text('{"n": 1, "tags": ["a"]}\n{"n": 2, "tags": []}\n')
    return root


def test_nothing_is_run_from_the_folder_where_the_backend_was_started(
    opened: Opener, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "__init__.py").write_text("raise SystemExit('this is not ours')\n")
    monkeypatch.chdir(tmp_path)
    opened(shop).ping()


class TestFilesystemContract(SqlConnectorContract):
    @pytest.fixture
    def connector(self, opened: Opener, shop: Path) -> FilesystemConnector:
        return opened(shop)


def test_files_and_folders_become_tables_and_schemas(opened: Opener, shop: Path) -> None:
    names = {table.name for table in opened(shop).schema().tables}
    assert names == {"stores", "sales", "returns", "events", "hr.staff_list", "hr_old.t_2024_staff"}


def test_files_that_would_share_a_name_get_their_endings(opened: Opener, tmp_path: Path) -> None:
    root = tmp_path / "same"
    root.mkdir()
    for name in (
        "sales.csv",
        "sales.tsv",
        "Order.csv",
        "a b.csv",
        "a-b.csv",
        ".hidden.csv",
        "~$lock.xlsx",
        "x.txt",
    ):
        (root / name).write_text("a,b\n1,2\n")
    names = {table.name for table in opened(root).schema().tables}
    assert names == {"sales_csv", "sales_tsv", "order_", "a_b_csv", "a_b_csv_2"}


def test_keys_that_hold_for_every_row_are_found(opened: Opener, shop: Path) -> None:
    connector = opened(shop)
    assert table(connector, "stores").primary_key == ["store_id"]
    (key,) = table(connector, "sales").foreign_keys
    assert (key.columns, key.references_table, key.references_columns) == (
        ["store_id"],
        "stores",
        ["store_id"],
    )
    assert table(connector, "returns").foreign_keys == [], "store 41 does not exist"
    assert table(connector, "sales").row_estimate == 5000


def test_few_distinct_texts_are_shown_as_samples(opened: Opener, shop: Path) -> None:
    zone = table(opened(shop), "stores").columns[2]
    assert (zone.samples, zone.samples_complete) == (["East", "North"], True)


def test_workbooks_keep_their_types(opened: Opener, tmp_path: Path) -> None:
    root = tmp_path / "books"
    root.mkdir()
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Targets 2026"
    sheet.append([None, None])
    sheet.append(["Store", "Month", "Amount", "Count", "When", "Open", "Mixed", None, "Store"])
    sheet.append(
        [
            'A, "B"\nC',
            date(2026, 4, 1),
            10.5,
            3,
            datetime.fromisoformat("2026-04-01T18:40"),
            True,
            1,
            "note",
            "é",
        ]
    )
    sheet.append(
        [
            "D",
            datetime.fromisoformat("2026-05-01"),
            1234567.25,
            4,
            datetime.fromisoformat("2026-04-02"),
            False,
            "x",
        ]
    )
    book.create_sheet("Empty")
    book.create_sheet("Other").append(["only", "head"])
    book.save(root / "plan.xlsx")
    connector = opened(root)
    assert {table.name for table in connector.schema().tables} == {"plan_targets_2026", "plan_other"}
    kinds = [(column.name, column.type) for column in table(connector, "plan_targets_2026").columns]
    assert kinds == [
        ("Store", ColumnType.TEXT),
        ("Month", ColumnType.DATE),
        ("Amount", ColumnType.DECIMAL),
        ("Count", ColumnType.INTEGER),
        ("When", ColumnType.TIMESTAMP),
        ("Open", ColumnType.BOOLEAN),
        ("Mixed", ColumnType.TEXT),
        ("column_8", ColumnType.TEXT),
        ("Store_2", ColumnType.TEXT),
    ]
    first, second = ask(connector, "SELECT * FROM plan_targets_2026")
    assert first == [
        'A, "B"\nC', "2026-04-01", Decimal("10.50"), 3, "2026-04-01T18:40:00", True, "1", "note", "é"
    ]  # fmt: skip
    assert second[-2:] == [None, None]
    assert ask(connector, "SELECT sum(Amount) FROM plan_targets_2026") == [[Decimal("1234577.75")]]


def test_money_in_a_csv_is_exact(opened: Opener, tmp_path: Path) -> None:
    root = tmp_path / "money"
    root.mkdir()
    (root / "bills.csv").write_text(
        "rupees,rate,measured,empty\n0.1,1.2345,0.123456,\n0.2,,2,\n0.3,7,1e300,\n"
    )
    connector = opened(root)
    kinds = [column.type for column in table(connector, "bills").columns]
    assert kinds[:3] == [ColumnType.DECIMAL, ColumnType.DECIMAL, ColumnType.FLOAT]
    assert ask(connector, "SELECT sum(rupees), sum(rate) FROM bills") == [
        [Decimal("0.60"), Decimal("8.2345")]
    ]


def test_a_csv_may_have_line_breaks_in_quotes(opened: Opener, tmp_path: Path) -> None:
    root = tmp_path / "notes"
    root.mkdir()
    (root / "notes.csv").write_text('id,note,amount\n1,"two\nlines",1.5\n2,short\n3,"",2\n')
    connector = opened(root)
    assert connector.warnings() == []
    assert ask(connector, "SELECT id, note FROM notes ORDER BY id")[:2] == [[1, "two\nlines"], [2, "short"]]


def test_a_broken_file_is_named_and_the_others_work(opened: Opener, shop: Path) -> None:
    (shop / "bad.parquet").write_bytes(b"not parquet at all")
    (shop / "bad.xlsx").write_bytes(b"PK nonsense")
    (shop / "bad.json").write_text('{"a": ')
    connector = opened(shop)
    warned = " ".join(connector.warnings())
    for name in ("bad.parquet", "bad.xlsx", "bad.json"):
        assert name in warned
    assert str(shop) not in warned
    assert ask(connector, "SELECT count(*) FROM stores") == [[40]]


def test_a_missing_folder_is_said_plainly(opened: Opener, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="does not exist"):
        opened(tmp_path / "nowhere")


def test_links_that_lead_out_are_no_tables(opened: Opener, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("secret\n42\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "more.csv").write_text("secret\n42\n")
    (shop / "link.csv").symlink_to(tmp_path / "secret.csv")
    (shop / "folder").symlink_to(tmp_path / "outside")
    (shop / "inside.csv").symlink_to(shop / "returns.csv")
    names = {table.name for table in opened(shop).schema().tables}
    assert "inside" in names
    assert not names & {"link", "folder.more"}


def test_a_file_that_changes_is_read_anew(opened: Opener, shop: Path) -> None:
    connector = opened(shop)
    assert ask(connector, "SELECT count(*) FROM returns") == [[3]]
    (shop / "returns.csv").write_text("return_id,store_id,reason\n1,1,torn\n")
    (shop / "new.csv").write_text("a\n1\n")
    until(connector, "SELECT count(*) FROM returns", [[1]])
    until(connector, "SELECT a FROM new", [[1]])
    (shop / "new.csv").unlink()
    (shop / "newer.csv").write_text("a\n1\n")
    until(connector, "SELECT a FROM newer", [[1]])
    with pytest.raises(QueryFailed, match="new"):
        ask(connector, "SELECT a FROM new")


def test_a_killed_engine_is_said_plainly_and_replaced(opened: Opener, shop: Path) -> None:
    connector = opened(shop)
    slow = guard.check("SELECT count(*) FROM range(9000000) a, range(9000000) b", "duckdb")
    pid = connector.engine_pid
    with pytest.raises(SourceUnavailable, match="try again"):  # noqa: PT012 - the kill belongs to the story
        result = connector.query(slow, {}, Limits(10, 30))
        os.kill(pid, signal.SIGKILL)
        list(result.batches())
    assert ask(connector, "SELECT 1") == [[1]]


def test_an_engine_that_does_not_obey_is_killed(opened: Opener, shop: Path) -> None:
    connector = opened(shop)
    pid = connector.engine_pid
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(QueryTimeout):
        ask_within(connector, 0.2)
    assert ask(connector, "SELECT 1") == [[1]]
    assert connector.engine_pid != pid


def test_a_cancel_at_any_moment_leaves_the_engine_fit_for_the_next_query(opened: Opener, shop: Path) -> None:
    connector = opened(shop)
    pid = connector.engine_pid
    for step in range(60):
        timer = threading.Timer(step / 5000, connector.cancel)
        timer.start()
        with contextlib.suppress(QueryCancelled):
            ask(connector, "SELECT count(*) FROM range(3000000) a")
        timer.join()
        assert ask(connector, "SELECT 1") == [[1]]
    assert connector.engine_pid == pid


def ask_within(connector: FilesystemConnector, seconds: float) -> None:
    with connector.query(guard.check("SELECT 1", "duckdb"), {}, Limits(10, seconds)) as result:
        rows_of(result)


def test_the_engine_ends_with_the_connector(opened: Opener, shop: Path) -> None:
    connector = opened(shop)
    pid = connector.engine_pid
    connector.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_query_that_needs_too_much_memory_fails_and_the_engine_stays(opened: Opener, shop: Path) -> None:
    connector = opened(shop)
    pid = connector.engine_pid
    with pytest.raises(QueryFailed, match="memory"):
        ask(connector, "SELECT length(list(i || 'some text')::VARCHAR) FROM range(30000000) t(i)")
    assert ask(connector, "SELECT 1") == [[1]]
    assert connector.engine_pid == pid


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="the limit is the system's")
def test_a_text_that_duckdb_does_not_count_is_stopped_by_the_system(opened: Opener, shop: Path) -> None:
    """It would take eight gigabytes, with half a gigabyte allowed."""
    connector = opened(shop)
    with pytest.raises((QueryFailed, SourceUnavailable), match="memory"):
        ask(connector, "SELECT length(repeat('x', 4000000000) || i) FROM range(2) t(i)")
    assert ask(connector, "SELECT 1") == [[1]]


def test_a_long_result_streams_in_flat_memory(opened: Opener, shop: Path) -> None:
    connector = opened(shop)
    text = "SELECT i, repeat('x', 180) AS t, i * 1.25 AS d FROM range(1000000) t(i)"
    size, status = 0, Path(f"/proc/{connector.engine_pid}/status")
    with connector.query(guard.check(text, "duckdb"), {}, Limits(10**7, 120)) as result:
        for batch in result.batches():
            assert isinstance(batch, JsonRows)
            size += len(batch.data)
    assert size > 190_000_000
    if status.exists():
        peak = int(status.read_text().split("VmHWM:")[1].split()[0])
        assert peak < 250_000, "kilobytes"


def test_two_connectors_share_what_was_converted(opened: Opener, shop: Path, tmp_path: Path) -> None:
    opened(shop).schema()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "home" / "cache").rglob("table.parquet")}
    assert kept
    opened(shop).schema()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert (tmp_path / "home" / "cache" / "files").stat().st_mode & 0o077 == 0


def test_errors_do_not_show_the_machines_paths(opened: Opener, shop: Path) -> None:
    connector = opened(shop)
    shutil.rmtree(shop / "hr")
    (shop / "stores.parquet").unlink()
    with pytest.raises(QueryFailed) as caught:
        ask(connector, "SELECT * FROM stores")
    assert str(shop) not in str(caught.value)


def test_the_demo_of_rows_is_json_whatever_the_type(opened: Opener, shop: Path) -> None:
    text = """
        SELECT [1.5, 'NaN'::DOUBLE, 'inf'::DOUBLE] AS a, {'x': [DATE '2026-01-01'], 'y': NULL} AS b,
               MAP {'k': 1} AS c,
               'x'::ENUM('x', 'y') AS d, INTERVAL 1 DAY AS e, '\\xAA'::BLOB AS f,
               170141183460469231731687303715884105727::HUGEINT AS g,
               'infinity'::DATE AS h, NULL AS i, '{"a":\n [1]}'::JSON AS j
    """
    (row,) = ask(opened(shop), text)
    assert row[0] == [Decimal("1.5"), None, None]
    assert row[1] == {"x": ["2026-01-01"], "y": None}
    assert row[3:] == ["x", "1 day", "qg==", 170141183460469231731687303715884105727, None, None, {"a": [1]}]
    assert json.dumps(row[2]) == '{"k": 1}'


def test_days_that_four_digits_of_a_year_cannot_say_are_null(opened: Opener, shop: Path) -> None:
    text = """
        SELECT d, d::TIMESTAMP, d::TIMESTAMP::TIMESTAMPTZ, d::TIMESTAMP::TIMESTAMP_S
        FROM (VALUES (DATE '0044-03-15 (BC)'), (DATE '0001-01-01'), (DATE '9999-12-31'), (DATE '10000-01-01'),
                     (DATE '-infinity')) AS days (d)
    """
    rows = ask(opened(shop), text)
    first, last = (
        [day, f"{day}T00:00:00", f"{day}T00:00:00+00:00", f"{day}T00:00:00"]
        for day in ("0001-01-01", "9999-12-31")
    )
    assert rows == [[None] * 4, first, last, [None] * 4, [None] * 4]
    fine = ask(opened(shop), "SELECT TIMESTAMP_NS '2026-03-31 18:40:00.123456789'")
    assert fine == [["2026-03-31T18:40:00.123456789"]]


def test_starting_is_quick_enough_to_be_done_for_a_single_question(opened: Opener, shop: Path) -> None:
    opened(shop).schema()
    start = time.monotonic()
    connector = opened(shop)
    connector.schema()
    ask(connector, "SELECT 1")
    assert time.monotonic() - start < 10, "it is about 0.4 s; the bound only catches a hang"

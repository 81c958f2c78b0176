"""The demo data: always the same, whole, with what its document says is in it."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from server import demo
from server.demo import parquet
from shared.errors import Conflict
from tests.server.demo_docs import Example, drawn, examples


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo.ensure(tmp_path_factory.mktemp("demo") / "retail", lambda _: None)


@pytest.fixture
def db(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as db:
        for table in parquet.TABLES:
            db.execute(f"CREATE VIEW {table} AS FROM '{folder / table}.parquet'")
        yield db


FIGURES: dict[str, tuple[str, tuple[object, ...]]] = {
    "sales": (
        "count(*), sum(sale_id * (net_amount * 100)::BIGINT % 1000003), sum(store_id * product_id),"
        " sum(quantity * day(date)), sum(net_amount)::VARCHAR, count(payment_mode)",
        (995363, 497591229178, 31192674058, 20743291, "688672578.10", 993435),
    ),
    "returns": (
        "sum(return_id::BIGINT * sale_id), sum(refund_amount)::VARCHAR, sum(day(date) * quantity)",
        (249800518970140, "17765845.45", 535641),
    ),
    "inventory": ("sum(on_hand * day(week_date)), sum(on_order * store_id)", (52582450, 76720032)),
    "targets": (
        "count(*), sum(amount * store_id)::VARCHAR, sum(month(month) * store_id)",
        (2705, "42315636000.00", 1057361),
    ),
    "stores": (
        "sum(store_id * area_sqft), sum(store_id * (opened_on - DATE '2000-01-01'))",
        (74677000, 47613213),
    ),
    "products": (
        "sum(product_id * mrp)::VARCHAR, sum(product_id * length(name))",
        ("429341100.00", 25912621),
    ),
}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def one(db: duckdb.DuckDBPyConnection, sql: str) -> object:
    row = db.execute(sql).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.title)
def test_the_document_shows_what_its_query_gives(db: duckdb.DuckDBPyConnection, example: Example) -> None:
    assert drawn(db, example.sql) == example.shown


def test_every_machine_makes_the_same_rows(db: duckdb.DuckDBPyConnection) -> None:
    """These figures were written down once; a change of the data is a change of VERSION and of them."""
    assert demo.VERSION == "1"
    for table, (sql, figures) in FIGURES.items():
        assert db.execute(f"SELECT {sql} FROM {table}").fetchone() == figures, table


def test_keys_are_unique_and_point_at_rows_that_exist(db: duckdb.DuckDBPyConnection) -> None:
    for table, key in (("stores", "store_id"), ("products", "product_id"), ("sales", "sale_id")):
        assert one(db, f"SELECT count(*) - count(DISTINCT {key}) FROM {table}") == 0
    for table, key, parent in (
        ("sales", "store_id", "stores"),
        ("sales", "product_id", "products"),
        ("returns", "sale_id", "sales"),
        ("inventory", "store_id", "stores"),
        ("inventory", "category", "products"),
        ("targets", "store_id", "stores"),
    ):
        lost = (
            f"SELECT count(*) FROM {table} WHERE {key} IS NULL OR {key} NOT IN (SELECT {key} FROM {parent})"
        )
        assert one(db, lost) == 0, (table, key)


def test_amounts_agree_with_prices_and_returns_with_sales(db: duckdb.DuckDBPyConnection) -> None:
    assert (
        one(
            db,
            "SELECT count(*) FROM sales JOIN products USING (product_id)"
            " WHERE net_amount + discount <> quantity * mrp OR quantity < 1 OR net_amount <= 0",
        )
        == 0
    )
    assert (
        one(
            db,
            "SELECT count(*) FROM returns r JOIN sales s USING (sale_id) WHERE r.date <= s.date"
            " OR r.store_id <> s.store_id OR r.product_id <> s.product_id OR r.quantity > s.quantity"
            " OR r.refund_amount > s.net_amount",
        )
        == 0
    )


def test_no_store_sells_before_it_opens_and_both_years_are_whole(db: duckdb.DuckDBPyConnection) -> None:
    early = "SELECT count(*) FROM sales JOIN stores USING (store_id) WHERE date < opened_on"
    assert one(db, early) == 0
    assert one(db, "SELECT count(DISTINCT date) FROM sales WHERE date >= '2024-04-01'") == 730
    assert str(one(db, "SELECT max(date) FROM sales")) == "2026-03-31"


def test_chhath_is_bought_for_in_bihar_and_not_in_the_south(db: duckdb.DuckDBPyConnection) -> None:
    lift = (
        "SELECT (count(*) FILTER (date BETWEEN '2025-10-24' AND '2025-10-26'))"
        " / (count(*) FILTER (date BETWEEN '2025-11-21' AND '2025-11-23'))"
        " FROM sales JOIN stores USING (store_id) WHERE "
    )
    in_bihar, in_south = one(db, lift + "state = 'Bihar'"), one(db, lift + "zone = 'South'")
    assert isinstance(in_bihar, float)
    assert isinstance(in_south, float)
    assert in_bihar > 1.4 * in_south


def test_finished_data_is_left_alone_and_another_version_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "retail"
    said: list[str] = []
    demo.ensure(folder, said.append)
    assert said
    said.clear()
    demo.ensure(folder, said.append)
    assert not said
    (folder / demo.MARKER).write_text("0")
    (folder / "sales.parquet").write_bytes(b"old")
    demo.ensure(folder, said.append)
    assert said
    assert (folder / "sales.parquet").stat().st_size > 1_000_000
    assert names(tmp_path) == ["retail"]


def test_a_folder_with_somebodys_files_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(Conflict, match="nothing in it was touched"):
        demo.ensure(tmp_path, lambda _: None)
    assert names(tmp_path) == ["letter.txt"]


def _make_and_wait(folder: Path, reached: Path) -> None:
    def progress(_: str) -> None:
        if any(folder.parent.glob(".*/sales.parquet")):
            reached.touch()
            time.sleep(60)

    demo.ensure(folder, progress)


@pytest.mark.skipif(os.name == "nt", reason="kills a process the Unix way")
def test_a_run_killed_half_way_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    folder, reached = tmp_path / "data" / "retail", tmp_path / "reached"
    process = multiprocessing.get_context("spawn").Process(target=_make_and_wait, args=(folder, reached))
    process.start()
    while not reached.exists() and process.is_alive():
        time.sleep(0.02)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert reached.exists()
    assert not folder.exists()
    left = next(folder.parent.iterdir())
    os.utime(left, (0, 0))
    demo.ensure(folder, lambda _: None)
    assert names(folder.parent) == ["retail"]


def test_two_runs_at_once_both_end_with_the_whole_data(tmp_path: Path) -> None:
    folder = tmp_path / "retail"
    context = multiprocessing.get_context("spawn")
    runs = [context.Process(target=demo.ensure, args=(folder, print)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0]
    assert names(folder) == sorted([demo.MARKER, *(f"{t}.parquet" for t in parquet.TABLES)])
    assert names(tmp_path) == ["retail"]

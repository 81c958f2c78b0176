"""The client's results as tables and files, from the real backend: types, nothing lost, nothing half."""

import datetime as dt
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from shared.backend_client import (
    ArrowStream,
    BackendClient,
    BackendProtocolError,
    NotFound,
    Progress,
    QueryCancelled,
    QueryFailed,
    StreamedResult,
)
from shared.errors import InvalidRequest, NotAcceptable
from tests.peers.backend import BackendPeer, Reply, query_answer
from tests.peers.typed import COLUMNS, LOCAL, typed_kind
from tests.server.running import RunningBackend, start, wait_until

FORMATS = ("json", "ndjson", "csv", "arrow", "parquet", "xlsx")


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    running = start(tmp_path_factory.mktemp("tables"), [typed_kind()])
    running.ask("POST", "/api/connections", {"name": "typed", "type": "typed", "params": {}})
    yield running
    running.stop()


@pytest.fixture
def client(backend: RunningBackend) -> Iterator[BackendClient]:
    with BackendClient(backend.url, backend.admin, timeout=20, retry_attempts=0) as client:
        yield client


def check(table: pa.Table) -> None:
    assert table.column_names == [column.name for column in COLUMNS]
    first, second, _ = table.to_pylist()
    assert (first["id"], first["amount"], first["open"]) == (2**53 + 1, Decimal("10.50"), True)
    assert first["day"] == dt.date(2026, 3, 31)
    assert first["at"] == LOCAL.replace(tzinfo=dt.UTC) - dt.timedelta(hours=5, minutes=30)
    assert (first["local"], first["hour"], first["raw"]) == (LOCAL, dt.time(18, 40), b"\0\xff")
    assert first["doc"] == '{"a":[1,null]}'
    assert first["sum"] == Decimal("12345678901234567890.123456789")
    assert set(second.values()) == {None}
    assert table.schema.field("amount").type == pa.decimal128(12, 2)


def test_every_way_to_a_table_gives_the_same_one(client: BackendClient, backend: RunningBackend) -> None:
    sql = "SELECT * FROM lines"
    ways = [
        client.execute_query("typed", sql).to_arrow(),
        client.stream_query("typed", sql).to_arrow(),
        client.stream_arrow("typed", sql).to_arrow(),
    ]
    reader = BackendClient(backend.url, backend.key("db_read"), retry_attempts=0)
    with reader, reader.stream_arrow("typed", sql) as stream:
        ways.append(stream.to_arrow())  # this key gets no files: it comes as NDJSON
    for table in ways:
        check(table)
    assert all(table.equals(ways[0]) for table in ways)


def test_an_empty_result_keeps_its_columns(client: BackendClient) -> None:
    names = [column.name for column in COLUMNS]
    assert client.execute_query("typed", "SELECT * FROM none").to_arrow().column_names == names
    assert list(client.stream_arrow("typed", "SELECT * FROM none").to_pandas().columns) == names
    assert client.stream_query("typed", "SELECT * FROM none").to_polars().columns == names


def test_pandas_gets_types_that_lose_nothing(client: BackendClient) -> None:
    frame = client.stream_arrow("typed", "SELECT * FROM lines").to_pandas()
    assert (str(frame["id"].dtype), frame["id"][0], frame["id"].isna()[1]) == ("Int64", 2**53 + 1, True)
    assert (frame["amount"][0], frame["day"][0]) == (Decimal("10.50"), dt.date(2026, 3, 31))
    assert (str(frame["open"].dtype), str(frame["at"].dtype)) == ("boolean", "datetime64[us, UTC]")


def test_polars_gets_types_that_lose_nothing(client: BackendClient) -> None:
    frame = client.stream_arrow("typed", "SELECT * FROM lines").to_polars()
    assert frame.schema["amount"] == pl.Decimal(12, 2)
    assert frame.schema["day"] == pl.Date
    assert (frame["amount"][0], frame["id"].to_list()) == (Decimal("10.50"), [2**53 + 1, None, -1])


def test_columns_of_one_name_are_no_table_of_polars_and_this_is_said() -> None:
    twice = query_answer([("n", "integer"), ("n", "integer")], b"[[1,2]]", 1)
    with BackendPeer(lambda _: twice) as peer, BackendClient(peer.url, "k", retry_attempts=0) as client:
        result = client.execute_query("any", "SELECT 1 AS n, 2 AS n")
    assert result.to_arrow().column_names == ["n", "n"]
    with pytest.raises(NotAcceptable, match="Several columns are called 'n', which polars cannot hold"):
        result.to_polars()


def test_arrow_comes_batch_by_batch_and_tells_how_it_ended(client: BackendClient) -> None:
    seen: list[Progress] = []
    with client.stream_arrow("typed", "SELECT * FROM long", max_rows=50_000, progress=seen.append) as stream:
        assert stream.schema.names == ["n", "t"]
        sizes = [batch.num_rows for batch in stream.batches()]
    assert (sum(sizes), stream.row_count, stream.truncated) == (50_000, 50_000, False)
    assert len(seen) == len(sizes) >= 2
    assert seen[-1].rows == 50_000
    assert stream.query_id


def test_batches_of_values_come_as_they_are_read(client: BackendClient) -> None:
    seen: list[Progress] = []
    batches = client.query_batches("typed", "SELECT * FROM long", max_rows=30_000, progress=seen.append)
    first = next(batches)
    assert first[0] == [0, "row, 0"]
    assert len(first) + sum(map(len, batches)) == 30_000
    assert seen[-1].rows == 30_000


def test_leaving_the_loop_stops_the_query(client: BackendClient, backend: RunningBackend) -> None:
    for rows in client.query_batches("typed", "SELECT * FROM endless", max_rows=10_000_000):
        assert rows
        break
    wait_until(lambda: len(backend.serving.backend.queries) == 0)


@pytest.mark.parametrize("arrow", [False, True])
def test_a_stream_is_cancelled_from_another_thread(
    client: BackendClient, backend: RunningBackend, arrow: bool
) -> None:
    ask = client.stream_arrow if arrow else client.stream_query
    result: ArrowStream | StreamedResult = ask("typed", "SELECT * FROM endless", max_rows=10_000_000)
    timer = threading.Timer(0.2, result.cancel)
    timer.start()
    with result, pytest.raises(QueryCancelled):
        for _ in result.batches():
            pass
    wait_until(lambda: len(backend.serving.backend.queries) == 0)


@pytest.mark.parametrize("arrow", [False, True])
def test_a_failure_in_mid_stream_is_raised_as_what_it_is(client: BackendClient, arrow: bool) -> None:
    ask = client.stream_arrow if arrow else client.stream_query
    with pytest.raises(QueryFailed, match="Division by zero"):
        ask("typed", "SELECT * FROM failing", max_rows=100_000).to_arrow()


@pytest.mark.parametrize("name", FORMATS)
def test_a_query_is_saved_in_every_format(client: BackendClient, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"result.{name}"
    assert client.download_query("typed", "SELECT * FROM rows", path) == path
    match name:
        case "parquet":
            check(parquet.read_table(path))
        case "arrow":
            with pa.ipc.open_stream(path) as reader:
                check(reader.read_all())
        case "csv":
            assert csv.read_csv(path).num_rows == 3
        case "xlsx":
            assert openpyxl.load_workbook(path).sheetnames == ["Result", "Receipt"]
        case _:
            assert b"2026-03-31" in path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_cannot_be_whole_is_not_there(client: BackendClient, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"result.{name}"
    path.write_bytes(b"of yesterday")
    with pytest.raises((QueryFailed, BackendProtocolError)):
        client.download_query("typed", "SELECT * FROM failing", path, max_rows=100_000)
    assert path.read_bytes() == b"of yesterday"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_download_says_what_it_cannot_do(client: BackendClient, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no format 'pdf'"):
        client.download_query("typed", "SELECT * FROM rows", tmp_path / "result.pdf")
    with pytest.raises(NotFound, match="no folder"):
        client.download_query("typed", "SELECT * FROM rows", tmp_path / "nowhere" / "result.csv")


@pytest.mark.parametrize("end", [-200, -5_000, 100, 0])
def test_an_arrow_stream_that_was_cut_off_is_never_a_whole_one(
    client: BackendClient, tmp_path: Path, end: int
) -> None:
    file = client.download_query("typed", "SELECT * FROM long", tmp_path / "a.arrow", max_rows=3_000)
    headers = {"Content-Type": "application/vnd.apache.arrow.stream"}
    reply = Reply(body=file.read_bytes()[:end], headers=headers)
    with (
        BackendPeer(lambda asked: reply) as peer,
        BackendClient(peer.url, "vmart_key", retry_attempts=0) as other,
        pytest.raises(BackendProtocolError),
    ):
        other.stream_arrow("typed", "SELECT * FROM long").to_arrow()


def test_compressed_answers_are_read_as_they_come(backend: RunningBackend) -> None:
    with BackendClient(backend.url, backend.admin, timeout=20, retry_attempts=0) as client:
        client._transport._session.headers["Accept-Encoding"] = "gzip"  # not asked for on this computer
        assert client.execute_query("typed", "SELECT * FROM long", max_rows=5_000).row_count == 5_000
        assert sum(map(len, client.query_batches("typed", "SELECT * FROM long", max_rows=30_000))) == 30_000
        assert (
            client.stream_arrow("typed", "SELECT * FROM long", max_rows=30_000).to_arrow().num_rows == 30_000
        )


def test_what_is_not_installed_is_named_and_nothing_heavy_is_imported() -> None:
    code = """
import sys
for name in ("pyarrow", "pandas", "polars", "numpy"):
    sys.modules[name] = None
from shared.backend_client import BackendClient, DriverMissing, QueryResult
assert "asyncio" not in sys.modules
from shared.results import Column, ColumnType
result = QueryResult((Column("n", ColumnType.INTEGER),), [[1]], 1, False, 1.0, "q")
for to in ("to_arrow", "to_pandas", "to_polars"):
    try:
        getattr(result, to)()
    except DriverMissing as error:
        print(error)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "This takes pyarrow, which is not installed here. Install it with: pip install" in done.stdout
    assert [line.split()[2] for line in done.stdout.splitlines()] == ["pyarrow,", "pandas,", "polars,"]

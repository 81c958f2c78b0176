"""Answers in every format: types, nothing lost, first bytes early, failures that are seen."""

import datetime as dt
import http.client
import io
import sys
import tempfile
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import pyarrow as pa
import pytest
import zstandard
from pyarrow import ipc, parquet

from server.encodings.arrow import ParquetEncoder
from shared.results import Column, ColumnType, Rows
from shared.wire import QueryEnd
from tests.peers.typed import COLUMNS, INDIA, LOCAL, typed_kind
from tests.server.running import Answered, RunningBackend, start, wait_until

ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS_OF_BATCHES = ["rows", "lines", "arrays"]


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    running = start(tmp_path_factory.mktemp("formats"), [typed_kind()])
    running.ask("POST", "/api/connections", {"name": "typed", "type": "typed", "params": {}})
    yield running
    running.stop()


def ask(
    backend: RunningBackend,
    table: str,
    accept: str,
    *,
    key: str | None = None,
    encoding: str = "",
    **more: Any,
) -> Answered:
    body = {"connection": "typed", "query": f"SELECT * FROM {table}", **more}
    headers = {"Accept": accept} | ({"Accept-Encoding": encoding} if encoding else {})
    return backend.ask("POST", "/api/query", body, key=key, headers=headers)


def arrow(answered: Answered) -> pa.Table:
    assert answered.status == 200, answered.body
    return ipc.open_stream(answered.body).read_all()


def check_typed(table: pa.Table) -> None:
    assert table.column_names == [column.name for column in COLUMNS]
    rows = [list(row.values()) for row in table.to_pylist()]
    assert rows[0] == [
        2**53 + 1,
        Decimal("10.50"),
        0.5,
        '=HYPERLINK("http://x","click")',
        True,
        dt.date(2026, 3, 31),
        LOCAL.replace(tzinfo=INDIA),
        LOCAL,
        dt.time(18, 40),
        b"\0\xff",
        '{"a":[1,null]}',
        Decimal("12345678901234567890.123456789"),
    ]
    assert rows[1] == [None] * 12
    assert rows[2][3] == ""
    assert rows[2][5] == dt.date(1, 1, 1)
    assert (table.schema.field("amount").type, table.schema.field("at").type) == (
        pa.decimal128(12, 2),
        pa.timestamp("us", "UTC"),
    )


@pytest.mark.parametrize("table", KINDS_OF_BATCHES)
def test_an_arrow_stream_has_every_type_and_loses_no_digit(backend: RunningBackend, table: str) -> None:
    answered = ask(backend, table, ARROW)
    assert answered.headers["content-type"] == ARROW
    check_typed(arrow(answered))


@pytest.mark.parametrize("table", KINDS_OF_BATCHES)
def test_parquet_has_every_type_and_loses_no_digit(backend: RunningBackend, table: str) -> None:
    check_typed(parquet.read_table(io.BytesIO(ask(backend, table, PARQUET).body)))


def test_a_name_that_stands_twice_is_told_apart_in_parquet() -> None:
    """Else pyarrow and pandas could not open the file."""
    columns = [Column(name, ColumnType.INTEGER) for name in ("id", "id", "id_2", "ID", "id")]
    encoder = ParquetEncoder()
    pieces = [encoder.head("q", columns), encoder.batch(Rows([[1, 2, 3, 4, 5]]))]
    pieces += encoder.end(QueryEnd(1, truncated=False, elapsed_ms=0.1))
    table = parquet.read_table(io.BytesIO(b"".join(pieces)))
    assert table.to_pylist() == [{"id": 1, "id_3": 2, "id_2": 3, "ID": 4, "id_4": 5}]


@pytest.mark.parametrize("table", KINDS_OF_BATCHES)
def test_text_formats_take_every_kind_of_batch(backend: RunningBackend, table: str) -> None:
    want = b'"=HYPERLINK(""http://x"",""click"")",true,2026-03-31,'
    assert want in ask(backend, table, "text/csv").body
    rows = ask(backend, table, "application/json").json["rows"]
    assert rows[0][10] == {"a": [1, None]}
    assert rows[1] == [None] * 12
    line = ask(backend, table, "application/x-ndjson").body.splitlines()[1]
    assert msgspec.json.decode(line)[9] == "AP8="


@pytest.mark.parametrize("accept", [ARROW, PARQUET, XLSX, "text/csv"])
def test_an_empty_result_has_its_columns(backend: RunningBackend, accept: str) -> None:
    body = ask(backend, "none", accept).body
    names = [column.name for column in COLUMNS]
    if accept == ARROW:
        assert ipc.open_stream(body).read_all().column_names == names
    elif accept == PARQUET:
        assert parquet.read_table(io.BytesIO(body)).column_names == names
    elif accept == XLSX:
        assert [cell.value for cell in next(openpyxl.load_workbook(io.BytesIO(body))["Result"].rows)] == names
    else:
        assert body.decode() == ",".join(names) + "\r\n"


def test_the_last_batch_of_an_arrow_stream_tells_how_it_ended(backend: RunningBackend) -> None:
    reader = ipc.open_stream(ask(backend, "long", ARROW, max_rows=30_000).body)
    seen, last = 0, None
    while True:
        try:
            batch, metadata = reader.read_next_batch_with_custom_metadata()
        except StopIteration:
            break
        seen, last = seen + batch.num_rows, metadata
    assert last is not None
    assert (seen, last[b"row_count"], last[b"truncated"]) == (30_000, b"30000", b"false")


@pytest.mark.parametrize("table", KINDS_OF_BATCHES)
def test_a_workbook_has_types_a_frozen_header_and_a_receipt(backend: RunningBackend, table: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(ask(backend, table, XLSX).body))
    sheet = book["Result"]
    assert sheet.freeze_panes == "A2"
    header, first, second, third = sheet.rows
    assert [cell.value for cell in header] == [column.name for column in COLUMNS]
    assert all(cell.font.bold for cell in header)
    values = [cell.value for cell in first]
    assert values[0] == str(2**53 + 1)  # as a number Excel would round it
    assert (values[1], first[1].number_format) == (10.5, "0.00")
    assert (values[4], values[5]) == (True, dt.datetime(2026, 3, 31))  # noqa: DTZ001
    assert values[6] == (LOCAL - dt.timedelta(hours=5, minutes=30))
    assert (values[7], values[8]) == (LOCAL, dt.time(18, 40))
    assert values[11] == "12345678901234567890.123456789"
    assert all(cell.value is None for cell in second)
    assert third[5].value == "0001-01-01"
    receipt = {row[0].value: row[1].value for row in book["Receipt"].rows}
    assert receipt["SQL"] == f"SELECT * FROM {table}"
    assert (receipt["Connection"], receipt["Rows"], receipt["Complete"]) == ("typed", "3", "yes")
    assert len(receipt["SHA-256"].split()[0]) == 64
    assert receipt["Asked at"].endswith(" UTC")


def test_text_in_a_workbook_is_never_a_formula_or_a_link(backend: RunningBackend) -> None:
    book = openpyxl.load_workbook(io.BytesIO(ask(backend, "rows", XLSX).body))
    cell = book["Result"]["D2"]
    assert (cell.data_type, cell.value, cell.hyperlink) == ("s", '=HYPERLINK("http://x","click")', None)


def test_a_workbook_leaves_no_temporary_file(backend: RunningBackend) -> None:
    ask(backend, "long", XLSX, max_rows=2_000)
    ask(backend, "failing", XLSX)
    wait_until(lambda: not list(Path(tempfile.gettempdir()).glob("vmart-xlsx-*")))


def test_a_failure_before_the_first_byte_of_a_file_is_a_plain_refusal(backend: RunningBackend) -> None:
    answered = ask(backend, "failing", XLSX)
    assert (answered.status, answered.json["code"]) == (400, "query_failed")


@pytest.mark.parametrize("accept", ["text/csv", ARROW])
@pytest.mark.parametrize("encoding", ["", "gzip", "zstd"])
def test_a_failure_in_mid_stream_of_a_file_cuts_the_connection(
    backend: RunningBackend, accept: str, encoding: str
) -> None:
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        ask(backend, "failing", accept, encoding=encoding)


def test_a_value_that_does_not_fit_is_refused_and_never_rounded(backend: RunningBackend) -> None:
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        ask(backend, "odd", ARROW)
    assert "not_acceptable" in {line["code"] for line in _audited(backend)}


def _audited(backend: RunningBackend) -> list[dict[str, Any]]:
    wait_until(lambda: any(line["code"] == "not_acceptable" for line in backend.audit()))
    return backend.audit()


@pytest.mark.parametrize("accept", ["text/csv", ARROW, PARQUET, XLSX])
def test_files_take_the_permission_to_take_a_whole_result_away(backend: RunningBackend, accept: str) -> None:
    reader = backend.key("db_read")
    refused = ask(backend, "rows", accept, key=reader)
    assert (refused.status, refused.json["code"]) == (403, "not_permitted")
    either = ask(backend, "rows", f"{accept}, application/x-ndjson;q=0.5", key=reader)
    assert either.headers["content-type"] == "application/x-ndjson"


def test_a_file_that_would_be_short_is_refused_unless_so_many_were_asked_for(backend: RunningBackend) -> None:
    assert arrow(ask(backend, "long", ARROW, max_rows=5)).num_rows == 5


@pytest.mark.parametrize(
    ("encoding", "used"),
    [
        ("gzip", "gzip"),
        ("gzip, zstd", "zstd"),
        ("zstd;q=0, gzip;q=0.5", "gzip"),
        ("br", None),
        ("identity", None),
        ("*", "zstd"),
        ("gzip;q=0.1, identity;q=0.5", None),
    ],
)
@pytest.mark.parametrize("rows", [500, 50_000])
def test_answers_are_compressed_when_asked(
    backend: RunningBackend, encoding: str, used: str, rows: int
) -> None:
    plain = ask(backend, "long", "text/csv", max_rows=rows)
    packed = ask(backend, "long", "text/csv", max_rows=rows, encoding=encoding)
    assert packed.headers.get("content-encoding") == used
    assert "accept-encoding" in packed.headers["vary"]
    assert _unpacked(packed.body, used) == plain.body
    if used is not None:
        assert len(packed.body) < len(plain.body) / 2


def test_a_tiny_answer_and_a_compressed_format_are_left_alone(backend: RunningBackend) -> None:
    assert "content-encoding" not in ask(backend, "rows", "text/csv", encoding="gzip").headers
    assert "content-encoding" not in ask(backend, "long", PARQUET, encoding="gzip", max_rows=9_000).headers


def _unpacked(body: bytes, used: str | None) -> bytes:
    if used == "gzip":
        return zlib.decompress(body, wbits=31)
    return zstandard.ZstdDecompressor().decompressobj().decompress(body) if used == "zstd" else body


@pytest.mark.parametrize(
    "accept", ["application/json", "application/x-ndjson", "text/csv", ARROW, PARQUET, XLSX]
)
def test_a_client_that_leaves_cancels_its_query_in_every_format(backend: RunningBackend, accept: str) -> None:
    body = {"connection": "typed", "query": "SELECT * FROM endless"}
    queries = backend.serving.backend.queries
    connection = backend.connect()
    headers = backend.headers(body, None, {"Accept": accept})
    connection.request("POST", "/api/query", msgspec.json.encode(body), headers)
    wait_until(lambda: len(queries) > 0)
    assert connection.sock is not None
    connection.sock.close()
    connection.close()
    wait_until(lambda: len(queries) == 0)


def test_what_is_not_installed_is_said_in_one_sentence(
    backend: RunningBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answered = ask(backend, "none", f"{ARROW};q=0.9")  # a wish that nobody had before
    assert (answered.status, answered.json["code"]) == (501, "driver_missing")
    assert "pyarrow is not installed" in answered.json["error"]
    assert ask(backend, "none", f"{ARROW}, text/csv;q=0.1").headers["content-type"].startswith("text/csv")

"""Every change to the audit trail is found, and a line that was taken is never lost."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from server.app import build
from server.cli import main
from server.store.audit import AuditLine, AuditTrail, open_trail
from server.store.audit.chain import Mark, Sealer, Witness
from server.store.audit.pruning import prune
from server.store.audit.searching import AuditSearch, Filters
from server.store.audit.spool import Spool
from server.store.audit.verifying import Verified, parsed_mark, verify
from server.store.state import State, open_state
from shared.errors import InvalidRequest
from shared.settings import BackendSettings
from tests.peers.postgres import SUPERUSER, PostgresServer, password_of

KEY = b"k" * 32
ROW = AuditLine(
    at="2026-11-28T10:00:00.000+00:00",
    request_id="r",
    key_id="k",
    key_name="till",
    address="10.0.0.1",
    action="query.run",
    connection="shop",
    query_id="q",
    sql_text="SELECT 1",
    tables="",
    row_count=1,
    status=200,
    code="",
    elapsed_ms=0.1,
)


class Trail:
    """Ten lines, written and closed."""

    def __init__(self, home: Path, url: str = "") -> None:
        self.home = home
        self.url = url
        self.folder = home / "audit"
        self.write(range(1, 11))

    def write(self, numbers: range) -> None:
        state, trail = self.open()
        for number in numbers:
            assert trail.write(msgspec.structs.replace(ROW, request_id=f"r{number}"))
        trail.close()
        state.close()

    def open(self) -> tuple[State, AuditTrail]:
        state = open_state(self.url, self.home)
        return state, open_trail(state, self.folder, KEY)

    def verify(self, noted: Mark | None = None, first: int = 0) -> Verified:
        sealer = Sealer(KEY)
        state = open_state(self.url, self.home)
        try:
            return verify(state, sealer, Witness(self.folder / "head", sealer), noted, first=first)
        finally:
            state.close()

    @contextmanager
    def state(self) -> Iterator[sa.Connection]:
        state = open_state(self.url, self.home)
        with state.begin() as connection:
            yield connection
        state.close()

    def execute(self, *statements: str) -> None:
        with sqlite3.connect(self.home / "backend" / "state.db") as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    return Trail(tmp_path)


def test_a_trail_that_nobody_touched_is_whole_over_several_starts(trail: Trail) -> None:
    trail.write(range(11, 16))
    found = trail.verify()
    assert found.findings == []
    assert (found.lines, found.first, found.head.sequence) == (15, 1, 15)
    assert list(trail.folder.glob("*.spool")) == []


SWAP = (
    "UPDATE audit SET id = -5 WHERE id = 5",
    "UPDATE audit SET id = 5 WHERE id = 6",
    "UPDATE audit SET id = 6 WHERE id = -5",
)
INVENTED = f"INSERT INTO audit VALUES (0, {', '.join(['0'] * 18)}, 'aa')"
COPY = (
    "UPDATE audit SET id = id + 1000 WHERE id > 4",
    "INSERT INTO audit SELECT 5, at, request_id, key_id, key_name, address, action, connection, query_id,"
    " sql_text, tables, row_count, status, code, elapsed_ms, user_name, scope, target, detail, mac"
    " FROM audit WHERE id = 3",
    "UPDATE audit SET id = id - 999 WHERE id > 1000",
)


@pytest.mark.parametrize(
    ("statements", "finding"),
    [
        (["UPDATE audit SET key_name = 'nobody' WHERE id = 4"], "Line 4 was changed, put in, or moved."),
        (["UPDATE audit SET row_count = NULL WHERE id = 1"], "Line 1 was changed, put in, or moved."),
        (["UPDATE audit SET elapsed_ms = 0.2 WHERE id = 10"], "Line 10 was changed, put in, or moved."),
        (["UPDATE audit SET mac = '' WHERE id = 7"], "Lines 7 to 8 were changed, put in, or moved."),
        (["DELETE FROM audit WHERE id = 6"], "Line 6 is missing."),
        (["DELETE FROM audit WHERE id IN (1, 2)"], "Lines 1 to 2 are missing."),
        (["DELETE FROM audit WHERE id > 8"], "Lines 9 to 10 are missing at the end."),
        (["DELETE FROM audit"], "Lines 1 to 10 are missing at the end."),
        (SWAP, "Lines 5 to 7 were changed, put in, or moved."),
        (COPY, "Lines 5 to 10 were changed, put in, or moved."),
        (
            [INVENTED],
            "Line 0 stands before the beginning of the audit trail: it was put there.",
        ),
        (
            ["UPDATE audit_chain SET sequence = 8 WHERE name = 'head'", "DELETE FROM audit WHERE id > 8"],
            "The head of the audit trail was changed: it is not as we sealed it.",
        ),
        (["DELETE FROM audit_chain WHERE name = 'start'"], "The start of the audit trail is not there."),
        (["DELETE FROM audit_chain WHERE name = 'head'"], "The head of the audit trail is not there."),
    ],
)  # fmt: skip
def test_what_is_done_to_the_trail_is_found_and_placed(
    trail: Trail, statements: list[str], finding: str
) -> None:
    trail.execute(*statements)
    assert trail.verify().findings[0] == finding


def test_what_is_known_to_be_broken_can_be_left_out(trail: Trail) -> None:
    trail.execute("DELETE FROM audit WHERE id IN (3, 4)", "UPDATE audit SET code = 'x' WHERE id = 9")
    assert trail.verify(first=5).findings == ["Line 9 was changed, put in, or moved."]
    assert trail.verify(first=10).findings == []
    assert (trail.verify(first=6).first, trail.verify(first=6).lines) == (6, 5)
    assert trail.verify(first=1).findings[0] == "Lines 3 to 4 are missing."


def _with_yesterdays_end(trail: Trail) -> None:
    """Takes the last lines away and puts back the head that there was before them."""
    file = trail.home / "backend" / "state.db"
    with sqlite3.connect(file) as connection:
        head = connection.execute(
            "SELECT sequence, mac, seal FROM audit_chain WHERE name = 'head'"
        ).fetchone()
    connection.close()
    trail.write(range(11, 21))
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM audit WHERE id > 10")
        connection.execute("UPDATE audit_chain SET sequence = ?, mac = ?, seal = ? WHERE name = 'head'", head)
    connection.close()


def test_an_end_that_was_cut_off_with_an_old_head_put_back_is_found_by_the_note_beside(trail: Trail) -> None:
    _with_yesterdays_end(trail)
    assert trail.verify().findings == [
        "The audit trail had reached line 20, as was noted elsewhere; it ends at line 10."
    ]


def test_the_backend_itself_notices_a_cut_end_and_leaves_the_gap_to_be_seen(trail: Trail) -> None:
    _with_yesterdays_end(trail)
    trail.write(range(31, 33))
    found = trail.verify()
    assert found.head.sequence == 23
    assert found.findings == [
        "Lines 11 to 20 are missing.",
        "Before line 21 the backend itself noticed: The audit trail ended at line 10, and had been at 20.",
    ]


def test_a_note_that_was_taken_away_leaves_the_head_that_somebody_keeps(trail: Trail) -> None:
    trail.write(range(11, 21))
    noted = parsed_mark(str(trail.verify().head))
    (trail.folder / "head").unlink()
    trail.execute(
        "DELETE FROM audit", "DELETE FROM audit_chain WHERE name <> 'lock'", "DELETE FROM audit_writers"
    )
    trail.write(range(1, 11))
    assert trail.verify().findings == []
    assert trail.verify(noted).findings == [
        "The audit trail had reached line 20, as was noted elsewhere; it ends at line 10."
    ]


def test_a_trail_that_was_begun_anew_with_another_key_is_found(trail: Trail) -> None:
    sealer = Sealer(b"o" * 32)
    state = open_state("", trail.home)
    found = verify(state, sealer, Witness(trail.folder / "head", sealer))
    state.close()
    assert found.findings[:2] == [
        "The start of the audit trail was changed: it is not as we sealed it.",
        "The head of the audit trail was changed: it is not as we sealed it.",
    ]
    assert found.findings[-1].startswith("What this machine had noted of the audit trail was changed")


def test_lines_that_somebody_put_past_the_end_hold_nothing_up_and_are_found(trail: Trail) -> None:
    trail.execute("UPDATE audit SET id = 12 WHERE id = 3")
    trail.write(range(11, 14))
    found = trail.verify()
    assert found.head.sequence == 16
    assert found.findings[:2] == ["Line 3 is missing.", "Line 11 is missing."]


def test_what_a_killed_process_left_goes_into_the_chain_once(trail: Trail) -> None:
    state, dead = open_state("", trail.home), trail.folder / "0123456789abcdef.0.spool"
    whole = b"".join(_spooled(number) for number in range(1, 4))
    dead.write_bytes(whole + _spooled(4)[:-3])
    trail.write(range(11, 12))
    dead.write_bytes(whole)  # as if it had been killed before it took it away
    with state.begin() as connection:
        connection.exec_driver_sql("INSERT INTO audit_writers VALUES ('0123456789abcdef', 2)")
    trail.write(range(12, 13))
    state.close()
    assert trail.verify().findings == []
    assert not dead.exists()
    assert trail.verify().lines == 10 + 3 + 1 + 1 + 1


def test_what_a_killed_process_was_at_is_on_record_once_unless_it_had_ended(trail: Trail) -> None:
    dead = Spool(trail.folder)
    under_way = [_interrupted("download"), _interrupted("download"), _interrupted("left \ud800 half\0")]
    for line in under_way:
        dead.mark(line)
    dead.append(1, msgspec.structs.replace(ROW, request_id="download"))  # one of the two had just ended
    (trail.folder / f"{dead.writer}.9.begun").write_bytes(b"\xff\xff\0\0half")
    (trail.folder / f"{dead.writer}.10.begun").write_bytes(b"")
    left = {file.name: file.read_bytes() for file in trail.folder.glob(f"{dead.writer}.*")}
    dead.close(settled=False)
    trail.write(range(11, 12))
    assert not list(trail.folder.glob(f"{dead.writer}.*"))
    for name, data in left.items():  # as if its heir had been killed before it took the files away
        (trail.folder / name).write_bytes(data)
    with trail.state() as connection:
        last = (1 << 62) + 3
        connection.exec_driver_sql(f"INSERT INTO audit_writers VALUES ('{dead.writer}', {last})")
    trail.write(range(12, 13))
    with trail.state() as connection:
        found = connection.exec_driver_sql("SELECT request_id, code FROM audit WHERE id > 10")
        assert sorted(map(tuple, found)) == [
            ("download", ""),
            ("download", "interrupted"),
            ("left ? half\N{REPLACEMENT CHARACTER}", "interrupted"),
            ("r11", ""),
            ("r12", ""),
        ]
    assert trail.verify().findings == []


def test_a_mark_is_gone_with_the_line_that_it_stood_for(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, open_ = trail.open()
    marks = [open_.begun(_interrupted(f"b{number}")) for number in range(3)]
    assert len(list(trail.folder.glob("*.begun"))) == 3
    assert open_.write(msgspec.structs.replace(ROW, request_id="b0"), marks[0])
    open_.write_slowly(msgspec.structs.replace(ROW, request_id="b1"), marks[1])
    with monkeypatch.context() as patch:
        patch.setattr("os.write", _no_room)
        assert open_.begun(_interrupted("b3")) is None
        open_.write_slowly(msgspec.structs.replace(ROW, request_id="b2"), marks[2])
    assert not list(trail.folder.glob("*.begun"))
    open_.close()
    state.close()
    assert trail.verify().lines == 13


def _interrupted(request_id: str) -> AuditLine:
    return msgspec.structs.replace(ROW, request_id=request_id, status=503, code="interrupted")


def _spooled(number: int) -> bytes:
    data = msgspec.msgpack.encode((number, msgspec.structs.replace(ROW, request_id=f"dead {number}")))
    return len(data).to_bytes(4, "little") + data


def test_a_disk_that_takes_no_line_makes_its_caller_wait_until_it_is_in_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = open_state("", tmp_path)
    trail = open_trail(state, tmp_path / "audit", KEY)
    monkeypatch.setattr("os.write", _no_room)
    assert not trail.write(ROW)
    trail.write_slowly(ROW)
    with state.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM audit").scalar() == 1
    trail.close()
    state.close()


def _no_room(*_arguments: object) -> int:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("text", ["", "1:", "one:aa", "-1:aa", "1:!!", "1" * 30 + ":aa"])
def test_a_head_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parsed_mark(text)


def test_the_chain_is_the_same_in_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    postgres.execute("CREATE DATABASE audit_chain", database="postgres")
    address = f"{postgres.host}:{postgres.port}/audit_chain"
    trail = Trail(tmp_path, f"postgresql+pg8000://{SUPERUSER}:{password_of(SUPERUSER)}@{address}")
    assert trail.verify().findings == []
    postgres.execute("DELETE FROM audit WHERE id = 4", database="audit_chain")
    assert trail.verify().findings == ["Line 4 is missing."]
    state = open_state(trail.url, tmp_path)
    search = AuditSearch(state)
    assert [found.id for found in search.newest(Filters(search="R7", outcome="ok"), limit=5).lines] == [7]
    part = search.newest(Filters(since=datetime(2026, 11, 28, tzinfo=UTC), key="till"), limit=3)
    assert ([found.id for found in part.lines], part.next) == ([10, 9, 8], 8)
    assert search.newest(Filters(search="%"), limit=3).lines == []
    assert len([found for batch in search.everything(Filters()) for found in batch]) == 9
    late = datetime(2027, 11, 28, tzinfo=UTC)
    assert prune(state, Sealer(KEY), 30, late).lines == 3  # up to the line that is missing
    state.close()
    assert trail.verify().findings == ["Line 4 is missing."]


def test_the_command_tells_what_it_found_and_its_exit_code_says_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMART_HOME", str(tmp_path))
    assert main(["verify-audit"]) == 1
    assert "no audit trail yet" in capsys.readouterr().err
    state, backend = build(BackendSettings(), tmp_path)
    assert main(["verify-audit"]) == 0
    assert "whole: 0 lines" in capsys.readouterr().out
    for number in range(3):
        assert backend.audit.write(msgspec.structs.replace(ROW, request_id=f"r{number}"))
    backend.audit.close()
    state.close()
    assert main(["verify-audit"]) == 0
    out = capsys.readouterr().out
    assert "The audit trail is whole: 3 lines, 1 to 3" in out
    head = out.split("head is ")[1].split(". ")[0]
    assert main(["verify-audit", "--head", head]) == 0
    assert main(["verify-audit", "--head", f"9:{'a' * 32}"]) == 1
    assert "had reached line 9" in capsys.readouterr().err
    assert main(["verify-audit", "--head", "nonsense"]) == 1
    assert "A head is a number and a seal" in capsys.readouterr().err


def test_the_trail_is_exported_into_a_file_of_its_owner_and_to_a_pipe(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMART_HOME", str(tmp_path))
    state, backend = build(BackendSettings(), tmp_path)
    assert backend.audit.write(ROW)
    backend.audit.close()
    state.close()
    file = tmp_path / "audit.jsonl"
    assert main(["export-audit", "--to", str(file)]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    line = msgspec.json.decode(file.read_bytes())
    assert (line["id"], line["sql_text"], line["key_name"]) == (1, "SELECT 1", "till")
    capfdbinary.readouterr()
    assert main(["export-audit"]) == 0
    assert capfdbinary.readouterr().out == file.read_bytes()
    assert main(["export-audit", "--until", "2020-01-01T00:00:00+00:00"]) == 0
    assert capfdbinary.readouterr().out == b""
    assert main(["export-audit", "--to", str(file)]) == 1
    assert main(["export-audit", "--since", "yesterday"]) == 1

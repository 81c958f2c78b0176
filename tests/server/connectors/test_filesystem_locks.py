"""The second lock of the files' engine: every attack, with the guard switched off, does nothing."""

import hashlib
import threading
from pathlib import Path

import duckdb

from server.engine import messages
from server.engine.process import EngineProcess
from tests.server.guard_data import attacks, queries

MARK = "the-content-of-a-file-outside"


def test_no_attack_reads_writes_or_changes_anything_without_the_guard(tmp_path: Path) -> None:
    root, out, secret = tmp_path / "root", tmp_path / "out", tmp_path / "secret.csv"
    for folder in (root, out, tmp_path / "cache"):
        folder.mkdir()
    secret.write_text(f"a\n{MARK}\n")
    table = root / "stores.parquet"
    duckdb.execute(f"COPY (SELECT 1 AS store_id, 'Sunder' AS name) TO '{table}'")
    before = _state(tmp_path)
    engine = EngineProcess()
    engine.send(messages.Open(str(root), str(tmp_path / "cache"), 256, 1))
    assert isinstance(engine.receive(), messages.Ready)
    hostile = queries("hostile_common") + queries("hostile_duckdb") + queries("hostile_postgres")
    try:
        for number, text in enumerate(attacks(hostile, secret=secret, out=out, table=table), 1):
            answer = _answer(engine, number, text)
            assert MARK not in answer, text
            assert "root:x:0" not in answer, text
        settings = "current_setting('threads'), current_setting('memory_limit')"
        after = _answer(engine, 9_999, f"SELECT count(*), min(name), {settings} FROM stores")
        assert after == '[1,"Sunder",1,"244.1 MiB"]\n'
        databases = "SELECT count(*) FROM duckdb_databases() WHERE NOT internal"
        assert _answer(engine, 10_000, databases) == "[1]\n"
        assert engine.alive()
    finally:
        engine.end()
    assert _state(tmp_path) == before


def _state(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _answer(engine: EngineProcess, order: int, text: str) -> str:
    """What comes back, of whatever kind; stopped after two seconds."""
    timer = threading.Timer(2, engine.send, args=(messages.Cancel(order),))
    timer.start()
    engine.send(messages.Query(order, text, 100))
    said = ""
    try:
        while True:
            match engine.receive():
                case messages.Rows(_, data):
                    said += data.decode()
                case messages.Head() | messages.Looked():
                    pass
                case messages.Failure(_, message):
                    return said + message
                case messages.End():
                    return said
                case other:
                    raise AssertionError(f"{text!r} ended the engine: {other}")
    finally:
        timer.cancel()

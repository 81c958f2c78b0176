"""SQL Server's wire (TDS 7.4, by pysqlbridge) in front of a translating engine: real ODBC drivers log in.

What it cannot do: Transact-SQL beyond queries, real privileges, the server's own errors of the parser.
Scripted instead: ``script`` maps a piece of text to what happens when a batch holds it.
"""

import contextlib
import logging
import os
import re
import select
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import mssql_python_odbc
import pytest
from pysqlbridge.certificate import Certificate, self_signed
from pysqlbridge.tds import connection as tds
from pysqlbridge.tds.batch import parse_sql_batch
from pysqlbridge.tds.packet import PacketType
from pysqlbridge.tds.result import Query, QueryError, QueryResult
from pysqlbridge.tds.rpc import ProcId, parse_rpc
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tests.peers import sqlserver_data
from tests.peers.sqlserver_types import column
from tests.peers.translated import Engine, Interrupted, Session, Watch

READER, READER_PASSWORD = "reader", "reader-Secret-1"
DATABASE = "shop"

_SETTINGS = re.compile(r"\s*(SET|BEGIN|COMMIT|ROLLBACK|SAVE|IF|USE|EXEC|DECLARE)\b", re.IGNORECASE)
_PREPARED = {ProcId.PREP_EXEC, ProcId.EXECUTE, ProcId.UNPREPARE, ProcId.PREPARE}


class SqlServerPeer:
    """``batches`` are the texts of all sessions in order."""

    def __init__(self, certificate: Certificate | None = None) -> None:
        self.batches: list[str] = []
        self.values: list[dict[str, object]] = []
        self.script: dict[str, Callable[[], None]] = {}
        self.attentions = 0
        self.logins = _Logins({READER: READER_PASSWORD})
        self.engine = Engine("tsql", _rewritten, schema="dbo")
        self.engine.run(*sqlserver_data.tables())
        self.certificate = certificate or self_signed()
        logging.getLogger("pysqlbridge").setLevel(logging.CRITICAL)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def params(self, **changed: Any) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "database": DATABASE,
            "user": READER,
            "password": READER_PASSWORD,
            **changed,
        }

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.engine.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        connection = _Connection(self, client)
        with contextlib.suppress(Exception), client:
            while data := client.recv(65536):
                for response in connection.receive(data):
                    client.sendall(response)
        connection.session.close()


def message(number: int, text: str = "scripted", *, severity: int = 16) -> Callable[[], None]:
    def fail() -> None:
        raise QueryError(text, number=number, severity=severity)

    return fail


def sleep(seconds: float) -> Callable[[], None]:
    return lambda: time.sleep(seconds)


class _Logins(dict[str, str]):
    """Who may come in; what pysqlbridge asks for."""

    configured = True

    def admits(self, user: str, password: str) -> bool:
        return self.get(user) == password


class _Connection(tds.Connection):  # type: ignore[misc]
    """One client. Beyond its base: prepared statements, and a cancel that reaches a running query."""

    def __init__(self, peer: SqlServerPeer, client: socket.socket) -> None:
        super().__init__(
            peer.certificate, query_handler=self._answered, database=DATABASE, logins=peer.logins
        )
        self.session: Session = peer.engine.session()
        self._peer = peer
        self._client = client
        self._prepared: dict[int, tuple[str, str]] = {}
        self._stopped = False

    def _step_query(self, responses: list[bytes]) -> bool:
        asked = self._take_message()
        if asked is None:
            return False
        match asked.type:
            case PacketType.SQL_BATCH:
                self._reply(responses, parse_sql_batch(asked.payload, self._tds_version), {})
            case PacketType.RPC:
                self._call(responses, asked.payload)
            case PacketType.TRANSACTION_MANAGER:
                self._answer_transaction(asked.payload, responses)
            case PacketType.ATTENTION:
                self._peer.attentions += 1
                status = tds.DoneStatus.FINAL | tds.DoneStatus.ATTENTION
                self._send(responses, tds.done(status=status, tds_version=self._tds_version))
        return True

    def _call(self, responses: list[bytes], payload: bytes) -> None:
        call = parse_rpc(payload, self._tds_version)
        given = [parameter.value for parameter in call.parameters]
        if call.proc_id not in _PREPARED and call.procedure.lower() not in (
            "sp_prepexec", "sp_prepare", "sp_execute", "sp_unprepare",
        ):  # fmt: skip
            names = {parameter.name: parameter.value for parameter in call.parameters if parameter.name}
            self._reply(responses, call.sql or f"EXEC {call.procedure}", names)
            return
        kind = call.procedure.lower()
        handle: int | None = None
        text, declared = "SET NOCOUNT ON", ""
        if kind in ("sp_prepexec", "sp_prepexec", "sp_prep_exec", "sp_prepare"):
            text, declared = str(given[2]), str(given[1] or "")
            handle = len(self._prepared) + 1
            self._prepared[handle] = (text, declared)
            given = given[3:]
            if kind == "sp_prepare":
                text = "SET NOCOUNT ON"
        elif kind == "sp_execute":
            text, declared = self._prepared[int(str(given[0]))]
            given = given[1:]
        names = dict(zip(re.findall(r"(@\w+)\s", declared), given, strict=False))
        self._reply(responses, text, names, handle)

    def _reply(
        self, responses: list[bytes], text: str, names: Mapping[str, object], handle: int | None = None
    ) -> None:
        try:
            answer = self._answered(Query(sql=text, parameters=dict(names)))
            payload = answer.encode(self._tds_version, server="peer")
        except QueryError as error:
            if self._stopped:
                self._stopped = False
                return
            said = tds.error_token(
                error.number,
                str(error),
                server="peer",
                severity=error.severity,
                tds_version=self._tds_version,
            )
            payload = said + tds.done(status=tds.DoneStatus.ERROR, tds_version=self._tds_version)
        if handle is not None:
            # RETURNVALUE with the handle, an int, before the last DONE
            value_of = b"\xac" + struct.pack("<HB", 0, 0) + b"\x01" + bytes(6) + b"\x26\x04\x04"
            payload = payload[:-13] + value_of + struct.pack("<i", handle) + payload[-13:]
        self._send(responses, payload)

    def _answered(self, query: Query) -> QueryResult:
        text = query.sql
        self._peer.batches.append(text)
        self._peer.values.append(dict(query.parameters))
        for piece, act in self._peer.script.items():
            if piece in text:
                act()
        if _SETTINGS.match(text):
            return QueryResult(columns=[], rows=[])
        bound = {name.lstrip("@"): _bound(given) for name, given in query.parameters.items()}
        try:
            with Watch(self._has_more, self.session.interrupt):
                answer = self.session.ask(text, bound)
                rows: list[tuple[Any, ...]] = []
                while more := answer.fetch(20_000):
                    rows += more
        except Interrupted as error:
            self._stopped = True
            raise QueryError("cancelled") from error
        except (duckdb.Error, SqlglotError) as error:
            raise _failure(str(error)) from error
        columns = [column(name, kind, rows, at) for at, (name, kind) in enumerate(answer.columns)]
        return QueryResult(columns=columns, rows=[list(row) for row in rows])

    def _has_more(self) -> bool:
        """What comes while the client waits for an answer can only be an attention."""
        return self._client.fileno() >= 0 and bool(select.select([self._client], [], [], 0.02)[0])


def _failure(text: str) -> QueryError:
    codes = {
        r"Table with name (\S+) does not exist": (208, "Invalid object name '{}'."),
        r'Referenced column "([^"]+)" not found': (207, "Invalid column name '{}'."),
        r"Conversion Error|Could not convert": (245, "Conversion failed when converting the value 'x'."),
        r"[Dd]ivi(de|sion) by zero": (8134, "Divide by zero error encountered."),
    }
    for pattern, (number, said) in codes.items():
        if found := re.search(pattern, text):
            return QueryError(said.format(found[1] if found.lastindex else ""), number=number)
    return QueryError(text.split("\n", maxsplit=1)[0], number=102)


def _bound(given: object) -> object:
    return int(given) if isinstance(given, Decimal) and given == int(given) else given


def _rewritten(tree: exp.Expr) -> exp.Expr:
    while add := next(filter(_joins_texts, tree.find_all(exp.Add)), None):
        add.replace(exp.DPipe(this=add.this.copy(), expression=add.expression.copy()))
    for kind in tree.find_all(exp.DataType):
        if kind.this == exp.DataType.Type.BIT:
            kind.set("this", exp.DataType.Type.BOOLEAN)
        if any(part.name.upper() == "MAX" for part in kind.expressions):
            kind.set("expressions", [])
    for text in list(tree.find_all(exp.National)):
        text.replace(exp.Literal.string(text.name))
    for parameter in list(tree.find_all(exp.Parameter)):
        parameter.replace(exp.Placeholder(this=parameter.name))
    return tree


def _joins_texts(add: exp.Expr) -> bool:
    return any(isinstance(part, exp.National) or part.is_string for part in add.flatten())


@pytest.fixture(scope="session")
def odbc_drivers() -> Iterator[None]:
    """Microsoft's driver, registered beside FreeTDS for this process."""
    libs = Path(mssql_python_odbc.get_libs_dir()) if hasattr(mssql_python_odbc, "get_libs_dir") else Path()
    (microsoft,) = [path for path in libs.rglob("libmsodbcsql-18*") if "debian_ubuntu" in str(path)]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "odbcinst.ini").write_text(
            f"[ODBC Driver 18 for SQL Server]\nDriver={microsoft}\n\n[FreeTDS]\nDriver={_freetds()}\n"
        )
        before = os.environ.get("ODBCSYSINI")
        os.environ["ODBCSYSINI"] = folder
        yield
        if before is None:
            del os.environ["ODBCSYSINI"]
        else:
            os.environ["ODBCSYSINI"] = before


def _freetds() -> str:
    places = [*Path("/usr/lib").glob("*/odbc/libtdsodbc.so"), *Path("/usr/lib64").glob("libtdsodbc.so*")]
    if not places:
        reason = "FreeTDS's ODBC driver is not installed (apt install tdsodbc)."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return str(places[0])


@pytest.fixture(scope="session")
def sqlserver(odbc_drivers: None) -> Iterator[SqlServerPeer]:
    """With the login READER, in the database shop."""
    peer = SqlServerPeer()
    yield peer
    peer.close()

"""Oracle's wire protocol (seerdb's server side) in front of a translating engine: the real driver logs in.

What it cannot do: PL/SQL, Oracle's optimiser, its own parser's errors, real privileges. Scripted instead:
``script`` maps a piece of text to what happens when a statement holds it.
"""

import datetime
import logging
import re
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, cast

import duckdb
import pytest
from seerdb.common import tns_consts
from seerdb.server import BackendError, Capability, ColumnMeta, Result, Server, credential_lookup
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tests.peers import oracle_data
from tests.peers.translated import Engine, Interrupted, Session, Watch

READER, READER_PASSWORD = "reader", "reader-Secret-1"
SERVICE = "SHOP"
_ZONE = "Asia/Kolkata"

_SETTINGS = re.compile(r"\s*(ALTER\s+SESSION|SET\s+TRANSACTION)\b", re.IGNORECASE)
_MOST_ROWS = 400_000


class _Wire:
    """A client's socket that can leave one reply out: who is interrupted hears of nothing else."""

    def __init__(self, sock: socket.socket, peer: "OraclePeer") -> None:
        self._sock, self._peer = sock, peer
        self.leave_out_one = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: bytes) -> None:
        self._peer.replies += 1
        if self.leave_out_one:
            self.leave_out_one = False
        else:
            self._sock.sendall(data)

    def has_more(self) -> bool:
        """Waits a moment. While the client waits for a reply, what comes can only be a break."""
        return self._sock.fileno() >= 0 and bool(select.select([self._sock], [], [], 0.02)[0])


class _Current(threading.local):
    wire: _Wire


class OraclePeer:
    """``statements`` are those of all sessions in order, each with its session's module and action in
    ``named``; ``sleep`` and ``ora`` are made for ``script``."""

    def __init__(
        self, *, field_version: int = tns_consts.FIELD_VERSION_19_1, tls: ssl.SSLContext | None = None
    ) -> None:
        self.statements: list[str] = []
        self.named: list[tuple[str, str]] = []
        self.replies = 0
        self.binds: list[list[object]] = []
        self.rollbacks = 0
        self.script: dict[str, Callable[[], None]] = {}
        self.passwords = {READER: READER_PASSWORD}
        self.engine = Engine("oracle", _rewritten)
        self.engine.run(*oracle_data.tables())
        self._current = current = _Current()
        peer = self

        class Listener(Server):
            def _serve(self, client: socket.socket, addr: tuple[Any, ...]) -> None:
                try:
                    if tls is not None:
                        client = tls.wrap_socket(client, server_side=True)
                except OSError:
                    client.close()
                    return
                current.wire = _Wire(client, peer)
                super()._serve(cast("socket.socket", current.wire), addr)

        logging.getLogger("seerdb").setLevel(logging.CRITICAL)
        self._server = Listener(
            "127.0.0.1",
            0,
            backend_factory=lambda: _Backend(self),
            field_version=field_version,
        )
        self.port = int(self._server.port)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def params(self, **changed: Any) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "service_name": SERVICE,
            "user": READER,
            "password": READER_PASSWORD,
            **changed,
        }

    def close(self) -> None:
        self._server.close()
        self.engine.close()


def ora(code: int, message: str = "scripted") -> Callable[[], None]:
    def fail() -> None:
        raise BackendError(message, ora_code=code)

    return fail


def sleep(seconds: float) -> Callable[[], None]:
    return lambda: time.sleep(seconds)


class _Backend:
    """One session."""

    capabilities = frozenset({Capability.TRANSACTIONS})

    def __init__(self, peer: OraclePeer) -> None:
        self._peer = peer
        self._wire = peer._current.wire
        self._session: Session = peer.engine.session()
        self._in_transaction = False
        self._told: dict[str, str] = {}

    def set_end_to_end(self, told: dict[str, str | None]) -> None:
        """What a call brings along of what its session is at."""
        self._told.update({name: value or "" for name, value in told.items()})

    def authenticate(self, user: str) -> str | None:
        return credential_lookup(self._peer.passwords, user)

    def describe(self, sql: str) -> list[ColumnMeta]:
        return list(self._answered(f"SELECT * FROM ({sql}) q_ WHERE 1 = 0", None).columns)

    def execute(self, sql: str, binds: Sequence[Any] = ()) -> Result:
        self._peer.statements.append(sql)
        self._peer.named.append((self._told.get("module", ""), self._told.get("action", "")))
        values = [getattr(bind, "value", bind) for bind in binds]
        self._peer.binds.append(values)
        for piece, act in self._peer.script.items():
            if piece in sql:
                act()
        if sql.startswith("SET TRANSACTION"):
            if self._in_transaction:
                raise BackendError("SET TRANSACTION must be first statement of transaction", ora_code=1453)
            self._in_transaction = True
        if _SETTINGS.match(sql):
            return Result()
        return self._answered(sql, values)

    def commit(self) -> None:
        self._peer.statements.append("COMMIT")

    def rollback(self) -> None:
        self._in_transaction = False
        self._peer.rollbacks += 1

    def close(self) -> None:
        self._session.close()

    def _answered(self, sql: str, values: list[object] | None) -> Result:
        """``values`` is None when the statement is only described."""
        names = list(dict.fromkeys(re.findall(r":(\w+)", re.sub(r"'[^']*'", "", sql))))
        given = [None] * len(names) if values is None else values
        bound = {name: _bound(value) for name, value in zip(names, given, strict=True)}
        try:
            with Watch(self._wire.has_more, self._session.interrupt):
                answer = self._session.ask(sql, bound)
                rows: list[tuple[Any, ...]] = []
                while len(rows) < _MOST_ROWS and (more := answer.fetch(20_000)):
                    rows += more
        except Interrupted as error:
            self._wire.leave_out_one = True
            raise BackendError("user requested cancel of current operation", ora_code=1013) from error
        except (duckdb.Error, SqlglotError) as error:
            raise _failure(str(error)) from error
        metas = [_meta(name, kind) for name, kind in answer.columns]
        return Result(columns=metas, rows=[tuple(map(_value, metas, row)) for row in rows])


def _failure(message: str) -> BackendError:
    codes = {
        r"Table with name (\S+) does not exist": (942, "table or view does not exist"),
        r'Referenced column "([^"]+)" not found': (904, '"{}": invalid identifier'),
        r"Conversion Error|Could not convert": (1722, "invalid number"),
        r"[Dd]ivi(de|sion) by zero": (1476, "divisor is equal to zero"),
    }
    for pattern, (code, text) in codes.items():
        if found := re.search(pattern, message):
            return BackendError(text.format(found[1] if found.lastindex else ""), ora_code=code)
    return BackendError(message.split("\n", maxsplit=1)[0], ora_code=900)


_KINDS = {
    "VARCHAR": tns_consts.TNS_TYPE_VARCHAR,
    "DATE": tns_consts.TNS_TYPE_DATE,
    "TIMESTAMP": tns_consts.TNS_TYPE_TIMESTAMP,
    "TIMESTAMP_NS": tns_consts.TNS_TYPE_TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": tns_consts.TNS_TYPE_TIMESTAMPTZ,
    "DOUBLE": tns_consts.TNS_TYPE_BDOUBLE,
    "FLOAT": tns_consts.TNS_TYPE_BFLOAT,
    "BLOB": tns_consts.TNS_TYPE_RAW,
    "INTERVAL": tns_consts.TNS_TYPE_INTERVALDS,
}


def _meta(name: str, kind: str) -> ColumnMeta:
    """A name that ends in _clob or _blob leaves as a LOB."""
    encoded = name.encode()
    if name.lower().endswith(("_clob", "_blob")):
        lob = tns_consts.TNS_TYPE_CLOB if name.lower().endswith("_clob") else tns_consts.TNS_TYPE_BLOB
        return ColumnMeta(encoded, lob, 4000, 4000)
    if decimal := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind):
        precision, scale = map(int, decimal.groups())
        return ColumnMeta(encoded, tns_consts.TNS_TYPE_NUMBER, 22, 22, precision=precision, scale=scale)
    tns = _KINDS.get(kind)
    if tns is None:
        return ColumnMeta(encoded, tns_consts.TNS_TYPE_NUMBER, 22, 22)
    size = 4000 if tns in (tns_consts.TNS_TYPE_VARCHAR, tns_consts.TNS_TYPE_RAW) else 13
    scale = {"TIMESTAMP_NS": 9}.get(kind, 6 if kind.startswith("TIMESTAMP") else 0)
    return ColumnMeta(encoded, tns, size, size, scale=scale)


def _value(meta: ColumnMeta, value: Any) -> Any:
    match value:
        case "":
            return None  # Oracle has no empty text
        case bool():
            return int(value)
        case datetime.date() if not isinstance(value, datetime.datetime):
            return datetime.datetime.combine(value, datetime.time())
        case float() if meta.data_type == tns_consts.TNS_TYPE_NUMBER:
            return Decimal(repr(value))
        case _:
            return value


def _bound(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) and value == int(value) else value


def _rewritten(tree: exp.Expr) -> exp.Expr:
    """Oracle folds names to capitals; and the ways in which the connector asks for times."""
    for identifier in tree.find_all(exp.Identifier):
        if not identifier.quoted:
            identifier.set("this", identifier.name.upper())
    for literal in list(tree.find_all(exp.StrToTime)):
        literal.replace(exp.cast(literal.this.copy(), "TIMESTAMP"))
    for column in list(tree.find_all(exp.Column)):
        if column.name == "USER" and not column.table:
            column.replace(exp.Literal.string(READER.upper()))
    for call in list(tree.find_all(exp.ToChar, exp.TimeToStr, exp.Anonymous)):
        name = call.name.upper() if isinstance(call, exp.Anonymous) else ""
        if name == "TRUNC" and len(call.expressions) == 1:
            call.replace(exp.cast(call.expressions[0].copy(), "DATE"))
        elif name == "SYS_EXTRACT_UTC":
            call.replace(_plain(call.expressions[0]))
        elif not name or name == "TO_CHAR":
            value = call.this if not name else call.expressions[0]
            if "TZH" in call.sql(dialect="oracle"):
                call.replace(exp.DPipe(this=_text(_at_home(value)), expression=exp.Literal.string("+05:30")))
            elif "FF9" in call.sql(dialect="oracle"):
                call.replace(_text(value.copy()))
    return tree


def _at_home(value: exp.Expr) -> exp.Expr:
    return exp.AtTimeZone(this=value.copy(), zone=exp.Literal.string(_ZONE))


def _plain(value: exp.Expr) -> exp.Expr:
    return exp.AtTimeZone(this=value.copy(), zone=exp.Literal.string("UTC"))


def _text(value: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="strftime", expressions=[value, exp.Literal.string("%Y-%m-%dT%H:%M:%S.%n")])


@pytest.fixture(scope="session")
def oracle() -> Iterator[OraclePeer]:
    """With the account READER, in the service SHOP."""
    peer = OraclePeer()
    yield peer
    peer.close()

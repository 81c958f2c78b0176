"""PostgreSQL's wire protocol after log-in: messages out, messages in. What they mean stays in the callers.

Version 3.0, as in the chapter "Frontend/Backend Protocol" of PostgreSQL's manual. pg8000 opens
and authenticates the socket; after that we speak on it ourselves, because the driver would turn
every cell into a Python object.
"""

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Sequence

import msgspec

READ_SIZE = 1 << 18
LENGTH = struct.Struct("!i")
_SHORT = struct.Struct("!h")
_FIELD = struct.Struct("!ihihih")

ERROR, READY, PARAMETERS, ROW_DESCRIPTION, DATA_ROW, COPY_DATA, COMPLETE = b"EZtTDdC"
_UNASKED = frozenset(b"NSA")
"""Notice, parameter status, notification: they may come at any time."""


class ConnectionLost(Exception):
    """The socket is closed, reset, or speaks something else."""


class Silence(ConnectionLost):
    """Nothing came until the deadline."""


class ServerError(Exception):
    """An ErrorResponse; ``fields`` by their one-letter names (C is the SQLSTATE, M the message)."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields.get("M", ""))
        self.fields = fields
        self.sqlstate = fields.get("C", "")


class Described(msgspec.Struct, frozen=True):
    """One column as PostgreSQL describes it: its name, the OID of its type, and the type's modifier, which is
    -1 when there is none."""

    name: str
    oid: int
    modifier: int = -1


class Wire:
    """One socket.

    ``pending`` holds bytes received and not yet taken, from the start of a message on; ``readies``
    is how many ReadyForQuery messages are still to come; ``lost`` is final.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.pending = bytearray()
        self.readies = 0
        self.lost = False
        self._socket = sock
        self.deadline = 0.0
        """On the monotonic clock: every read and write fails once it is over."""

    def wait_at_most(self, seconds: float) -> None:
        """From now on."""
        self.deadline = time.monotonic() + seconds

    def send(self, data: bytes, *, readies: int) -> None:
        """``readies``: how many ReadyForQuery messages ``data`` asks for."""
        try:
            self._socket.settimeout(self._left())
            self._socket.sendall(data)
        except OSError as error:
            raise self._loss(error) from error
        self.readies += readies

    def send_now(self, data: bytes, *, readies: int) -> None:
        """From the event loop: never waits, for ``data`` is small and nothing stands before it."""
        try:
            if self._socket.gettimeout() != 0:
                self._socket.settimeout(0)
            sent = self._socket.send(data)
        except OSError as error:
            raise self._loss(error) from error
        if sent < len(data):
            raise self._loss()
        self.readies += readies

    def receive_now(self) -> int:
        """From the event loop: adds what lies ready to ``pending``, and says how much that was."""
        before = len(self.pending)
        while True:
            try:
                received = self._socket.recv(READ_SIZE)
            except (BlockingIOError, ssl.SSLWantReadError):
                break
            except OSError as error:
                raise self._loss(error) from error
            if not received:
                raise self._loss()
            self.pending += received
            if not (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
                break
        return len(self.pending) - before

    @property
    def number(self) -> int:
        """The socket's file descriptor."""
        return self._socket.fileno()

    def fill(self) -> None:
        """Waits for bytes and adds what has come to ``pending``."""
        try:
            self._socket.settimeout(self._left())
            received = self._socket.recv(READ_SIZE)
        except OSError as error:
            raise self._loss(error) from error
        if not received:
            raise self._loss()
        self.pending += received

    @property
    def announced(self) -> int:
        """The length of the message that ``pending`` starts with, as soon as it is known."""
        return int(LENGTH.unpack_from(self.pending, 1)[0]) if len(self.pending) >= 5 else 0

    def peek(self) -> int:
        """The code of the next message that answers us; those nobody asked for are dropped."""
        while True:
            while not self.pending:
                self.fill()
            code = self.pending[0]
            if code not in _UNASKED:
                return code
            self._take()

    def read(self) -> tuple[int, bytes]:
        """The next message that answers us: its code, and what it carries."""
        self.peek()
        return self._take()

    def exchange(self, *wanted: int) -> list[bytes]:
        """What the messages with the codes ``wanted`` carry, up to the next ReadyForQuery. Raises
        ServerError when one of them was an error, also when the connection was closed behind it."""
        payloads: list[bytes] = []
        failure: ServerError | None = None
        try:
            while (message := self.read())[0] != READY:
                code, payload = message
                if code in wanted:
                    payloads.append(payload)
                elif code == ERROR:
                    failure = failure or error_response(payload)
        except ConnectionLost:
            if failure is None:
                raise
        if failure is not None:
            raise failure
        return payloads

    def abort(self) -> None:
        """From another thread: whoever waits for this socket stops waiting."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # TLS's own would say goodbye first

    def close(self) -> None:
        self.lost = True
        with contextlib.suppress(OSError):
            self._socket.settimeout(1)
            self._socket.sendall(b"X\0\0\0\4")
        with contextlib.suppress(OSError):
            # Its close() would wait for the driver's files on it, which only the garbage collector ends.
            socket.close(self._socket.detach())

    def strange(self) -> "ConnectionLost":
        """What has come is not of this protocol."""
        return self._loss()

    def _take(self) -> tuple[int, bytes]:
        pending = self.pending
        while len(pending) < 5:
            self.fill()
        end = LENGTH.unpack_from(pending, 1)[0] + 1
        if end < 5:
            raise self._loss()
        while len(pending) < end:
            self.fill()
        code, payload = pending[0], bytes(pending[5:end])
        del pending[:end]
        if code == READY:
            self.readies -= 1
        return code, payload

    def _loss(self, error: OSError | None = None) -> "ConnectionLost":
        self.lost = True
        return Silence() if isinstance(error, TimeoutError) else ConnectionLost()

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


# -- Out ----------------------------------------------------------------------------------


def simple_query(sql: str) -> bytes:
    """For fixed texts of our own only: this message may hold several statements."""
    return _message(b"Q", sql.encode() + b"\0")


def parse(sql: str, oids: Sequence[int] = (), name: str = "") -> bytes:
    """One statement by construction: the server refuses a text with several. ``oids`` are the types
    of its parameters; 0 lets the server infer one. With a ``name`` it is kept."""
    types = b"".join(map(LENGTH.pack, oids))
    return _message(b"P", name.encode() + b"\0" + sql.encode() + b"\0" + _SHORT.pack(len(oids)) + types)


def bind(values: Sequence[str | None] = (), name: str = "") -> bytes:
    parts = [b"\0", name.encode(), b"\0\0\0", _SHORT.pack(len(values))]
    for value in values:
        if value is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            encoded = value.encode()
            parts += (LENGTH.pack(len(encoded)), encoded)
    parts.append(b"\0\0")
    payload = b"".join(parts)
    return b"B" + LENGTH.pack(len(payload) + 4) + payload


def close_statement(name: str) -> bytes:
    return _message(b"C", b"S" + name.encode() + b"\0")


DESCRIBE_STATEMENT = b"D\0\0\0\6S\0"
EXECUTE = b"E\0\0\0\x09\0\0\0\0\0"
SYNC = b"S\0\0\0\4"


def _message(code: bytes, payload: bytes) -> bytes:
    return code + LENGTH.pack(len(payload) + 4) + payload


# -- In -----------------------------------------------------------------------------------


def row_description(payload: bytes) -> list[Described]:
    (count,) = _SHORT.unpack_from(payload)
    at, columns = 2, []
    for _ in range(count):
        end = payload.index(b"\0", at)
        _, _, oid, _, modifier, _ = _FIELD.unpack_from(payload, end + 1)
        columns.append(Described(payload[at:end].decode(errors="replace"), oid & 0xFFFFFFFF, modifier))
        at = end + 1 + _FIELD.size
    return columns


def parameter_types(payload: bytes) -> list[int]:
    """The OIDs of a statement's placeholders."""
    (count,) = _SHORT.unpack_from(payload)
    return [LENGTH.unpack_from(payload, 2 + 4 * number)[0] & 0xFFFFFFFF for number in range(count)]


def data_row(payload: bytes) -> list[bytes | None]:
    (count,) = _SHORT.unpack_from(payload)
    at, cells = 2, list[bytes | None]()
    for _ in range(count):
        (length,) = LENGTH.unpack_from(payload, at)
        at += 4
        if length < 0:
            cells.append(None)
        else:
            cells.append(payload[at : at + length])
            at += length
    return cells


def error_response(payload: bytes) -> ServerError:
    parts = (part.decode(errors="replace") for part in payload.split(b"\0") if part)
    return ServerError({part[0]: part[1:] for part in parts})

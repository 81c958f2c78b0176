"""The native protocol of ClickHouse over the driver's connection: packets in, blocks of columns out.

Imported when a connection is opened. The driver shakes hands, compresses and frames; the socket is made by
the caller, and columns are read by columns. What a query is and how it ends stays in the session.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from clickhouse_driver import errors as driver_errors
from clickhouse_driver.block import BlockInfo
from clickhouse_driver.bufferedreader import BufferedSocketReader
from clickhouse_driver.bufferedwriter import BufferedSocketWriter
from clickhouse_driver.connection import Connection
from clickhouse_driver.protocol import ServerPacketTypes
from clickhouse_driver.reader import read_binary_str
from clickhouse_driver.varint import read_varint

from server.connectors.base import Progress
from server.connectors.clickhouse.columns import Columns, Values
from server.connectors.clickhouse.errors import ServerError
from server.connectors.clickhouse.types import parsed

CLIENT_NAME = "V-Mart AI Agent"

_REVISION = 54453
"""The last protocol before columns may come sparse, which only spares bytes of zeros."""

_BUFFER_BYTES = 1 << 20

_DRIVER_SETTINGS = {
    "strings_as_bytes": False,
    "strings_encoding": "utf-8",
    "use_numpy": False,
    "opentelemetry_traceparent": None,
    "opentelemetry_tracestate": "",
    "quota_key": "",
    "input_format_null_as_default": False,
    "namedtuple_as_json": True,
    "server_side_params": False,
    "client_name": CLIENT_NAME,
}

_GONE = (OSError, EOFError, driver_errors.NetworkError, driver_errors.SocketTimeoutError)


class ConnectionLost(Exception):
    """The other side closed, or is silent (``silence``); nothing more can be said on this connection."""

    def __init__(self, *, silence: bool = False) -> None:
        super().__init__("the connection was lost")
        self.silence = silence


class NotClickHouse(Exception):
    """Something else answers."""


class Block(msgspec.Struct, frozen=True):
    """Columns of a result. The first block of a result has no rows, only names and types."""

    names: list[str]
    types: list[str]
    columns: list[Values]
    rows: int


class Wire:
    """One connection. ``lost`` is final. One thread asks and reads; another may :meth:`cancel`."""

    def __init__(self, sock: socket.socket, login: Mapping[str, str], *, compression: bool) -> None:
        """Raises ServerError, ConnectionLost or NotClickHouse, and leaves the socket to the caller then."""
        self.lost = False
        self.waiting = False
        self._sock = sock
        self._writing = threading.Lock()
        self._driver = driver = Connection(
            "", **login, client_name=CLIENT_NAME, client_revision=_REVISION, compression=compression and "lz4"
        )
        driver.context.client_settings = _DRIVER_SETTINGS
        driver.context.settings = {}
        driver.socket, driver.connected = sock, True
        driver.host = driver.port = ""
        driver.fin = BufferedSocketReader(sock, _BUFFER_BYTES)
        driver.fout = BufferedSocketWriter(sock, _BUFFER_BYTES)
        self._guarded(self._shake_hands)
        driver.password = ""
        self.zone = driver.server_info.timezone or "UTC"
        self.version: tuple[int, int] = driver.server_info.version_tuple()[:2]
        reader = driver.get_block_in_stream()
        self._source = reader.fin
        self._columns = Columns(self.zone)
        driver.block_in = self
        driver.block_in_raw = _Skipped(driver)
        driver.block_out = driver.get_block_out_stream()

    def _shake_hands(self) -> None:
        try:
            self._driver.send_hello()
            self._driver.receive_hello()
        except driver_errors.ServerException as error:
            raise ServerError(error.code, error.message) from None
        except (driver_errors.Error, UnicodeDecodeError, ValueError, OverflowError, MemoryError) as error:
            raise NotClickHouse from error
        if not self._driver.server_info.version_major:
            raise NotClickHouse

    def ask(self, sql: str, query_id: str, settings: Mapping[str, str | int]) -> None:
        """Sends a query. Read packets until None."""

        def send() -> None:
            self._driver.context.settings = dict(settings)
            self._driver.send_query(sql, query_id=query_id)
            self._driver.send_external_tables([])

        with self._writing:
            self._guarded(send)
            self.waiting = True

    def next_packet(self) -> Block | Progress | None:
        """None at the end. ``Progress`` has what was read since the last one, its percent left out; the
        number of rows that there are to read is in :attr:`total_rows`. Raises ServerError, ConnectionLost."""
        while True:
            packet = self._guarded(self._driver.receive_packet)
            match packet.type:
                case ServerPacketTypes.DATA:
                    return packet.block  # type: ignore[no-any-return]
                case ServerPacketTypes.PROGRESS:
                    self.total_rows += packet.progress.total_rows
                    return Progress(packet.progress.rows, packet.progress.bytes)
                case ServerPacketTypes.END_OF_STREAM:
                    self.waiting = False
                    return None
                case ServerPacketTypes.EXCEPTION:
                    self.waiting = False
                    raise ServerError(packet.exception.code, packet.exception.message)
                case _:
                    continue

    total_rows = 0

    def cancel(self) -> None:
        """From any thread."""
        with self._writing:
            if self.waiting and not self.lost:
                with contextlib.suppress(ConnectionLost):
                    self._guarded(self._driver.send_cancel)

    def ping(self) -> None:
        if not self._guarded(self._driver.ping):
            self.lost = True
            raise ConnectionLost

    def wait_at_most(self, seconds: float) -> None:
        """For the next bytes."""
        self._driver.sync_request_timeout = seconds
        with contextlib.suppress(OSError):
            self._sock.settimeout(max(seconds, 0.01))

    def abort(self) -> None:
        """From any thread, without waiting: whoever waits for the socket stops waiting."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)  # TLS's own would drop what the reader holds

    def close(self) -> None:
        self.lost = True
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def read(self, use_numpy: bool | None = None) -> Block:  # noqa: ARG002 - called by the driver
        """One block, by the driver's way of calling."""
        source = self._source
        BlockInfo().read(source)
        columns, rows = read_varint(source), read_varint(source)
        block = Block([], [], [], rows)
        for _ in range(columns):
            block.names.append(read_binary_str(source))
            block.types.append(read_binary_str(source))
            if rows:
                block.columns.append(self._columns.read(parsed(block.types[-1]), rows, source))
        return block

    def _guarded(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except TimeoutError as error:
            self.lost = True
            raise ConnectionLost(silence=True) from error
        except _GONE as error:
            self.lost = True
            raise ConnectionLost from error
        except driver_errors.Error as error:
            self.lost = True
            raise NotClickHouse from error


class _Skipped:
    """Log lines and counters of the server, which come as blocks too; nobody reads them."""

    def __init__(self, driver: Any) -> None:
        from clickhouse_driver.streams.native import BlockInputStream

        self._blocks = BlockInputStream(driver.fin, driver.context)

    def read(self, use_numpy: bool | None = None) -> Any:  # called by the driver
        return self._blocks.read(use_numpy=use_numpy)

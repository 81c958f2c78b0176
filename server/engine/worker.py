"""The process beside the backend. ``python -m server.engine.worker``, spoken to over its standard streams.

Its first order says what it is: the engine of a folder (see engine), a converter of files (see converter), or
what joins the tables of several sources (see joining).
It ends with its parent: its standard input ends then.
"""

import queue
import threading
from typing import BinaryIO

import duckdb

from server.engine import converter, messages
from server.engine.desk import Desk
from server.engine.engine import Engine
from server.engine.pins import ChangedError
from shared import child_process
from shared.engine import limits
from shared.engine.database import RefusedError

_ORDERS_WAITING = 16
"""So many frames are held at most; whoever sends more waits."""


def main() -> None:
    inbox, out = child_process.take_streams()
    orders: messages.Orders = queue.Queue(_ORDERS_WAITING)
    desk = Desk()
    threading.Thread(target=desk.listen, args=(inbox, orders), daemon=True).start()
    match orders.get():
        case messages.OpenConverter() as first:
            converter.serve(first, orders, out)
        case messages.Gather() as first:
            from server.engine import joining

            limits.limit_memory(first.memory_mb, first.threads)
            joining.serve(first, orders, desk, out)
        case messages.Open() as first:
            limits.limit_memory(first.memory_mb, first.threads)
            limits.open_files()
            _answer(first, orders, desk, out)


def _answer(first: messages.Open, orders: messages.Orders, desk: Desk, out: BinaryIO) -> None:
    try:
        engine = Engine(first)
    except (OSError, duckdb.Error, RuntimeError) as error:
        messages.send(out, messages.Failure("source", _unreadable(error)))
        return
    desk.connection = lambda: engine.database.connection
    messages.send(out, messages.Ready([]))
    while True:
        _serve(engine, orders.get(), desk, out)


def _serve(engine: Engine, order: messages.Request | messages.PartRows, desk: Desk, out: BinaryIO) -> None:
    if not isinstance(order, messages.Query | messages.Profile | messages.Look):
        return
    desk.begin(order.id)
    try:
        engine.look(at_once=isinstance(order, messages.Look) and order.at_once)
    except OSError as error:
        desk.end()
        messages.send(out, messages.Failure("source", _unreadable(error)))
        return
    messages.send(out, messages.Looked())
    try:
        match order:
            case messages.Query():
                engine.query(order, out)
            case messages.Profile(_, whole):
                engine.schema(whole=whole, out=out)
            case messages.Look(_, thoroughly, _):
                messages.send(out, messages.Ready(engine.broken() if thoroughly else []))
    except duckdb.InterruptException:
        messages.send(out, messages.Failure("interrupted", ""))
    except RefusedError as error:
        messages.send(out, messages.Failure("refused", str(error)))
    except (duckdb.OutOfMemoryException, MemoryError):
        messages.send(out, messages.Failure("query", _TOO_LARGE))
    except (duckdb.Error, OSError, ValueError, RuntimeError, ChangedError) as error:
        messages.send(out, messages.Failure("query", engine.plain(error)))
    finally:
        desk.end()
        engine.database.settle()


_TOO_LARGE = (
    "The query needs more memory than it may use, also with what it may put on the disk. Ask for less: fewer "
    "rows or columns, an aggregate; or give the connection more memory_mb."
)


def _unreadable(error: Exception) -> str:
    match error:
        case FileNotFoundError():
            return "The folder of this connection does not exist."
        case NotADirectoryError():
            return "The root of this connection is a file, not a folder."
        case PermissionError():
            return "The backend may not look into the folder of this connection."
        case OSError():
            why = (error.strerror or type(error).__name__).lower()
            return f"The folder of this connection can not be read: {why}."
    return f"The engine that reads the files did not start ({type(error).__name__})."


if __name__ == "__main__":
    main()

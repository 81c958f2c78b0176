"""The process that converts files: one after the other, with limits, and nobody's query in it.

Whatever a file does to its reader, it does it here: the process may be killed at any moment, and the shelf
never shows half a conversion. Its caller kills it when a file takes too long (see conversions).
"""

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import Any, BinaryIO

import duckdb

from server.engine import messages, pins, profile, small_profile
from server.engine.catalog import Part, Table
from server.engine.convert import convert
from server.engine.shelf import Kept, Shelf, Source
from server.engine.small_files import Rows
from server.engine.tables import File
from shared.engine import limits, text
from shared.engine.database import connect, plain_of_file, settings

_SOON_SECONDS = 10.0
_LATER_SECONDS = 600.0


def serve(first: messages.OpenConverter, orders: messages.Orders, out: BinaryIO) -> None:
    """Until the caller goes away."""
    limits.limit_memory(first.memory_mb, first.threads)
    root, cache = Path(first.root), Path(first.cache)
    engine = connect(settings(first.memory_mb, first.threads, cache))
    engine.execute("SET TimeZone = 'UTC'")
    engine.execute("SET preserve_insertion_order = true")
    shelf = Shelf(cache, root)
    while True:
        order = orders.get()
        if isinstance(order, messages.Convert):
            messages.send(out, messages.Converted(_converted(engine, shelf, root, order.file, first)))


def _converted(engine: Any, shelf: Shelf, root: Path, file: File, order: messages.OpenConverter) -> str:
    """What went wrong with the shelf itself; empty when it knows what became of the file."""
    try:
        with shelf.writing(file):
            if shelf.find(file) is not None:
                return ""
            target = shelf.folder(file)
            shutil.rmtree(target, ignore_errors=True)  # left by a process that was killed
            kept, rows = _kept(engine, root, file, target)
            if kept is not None:
                if kept.broken:
                    shutil.rmtree(target, ignore_errors=True)
                elif rows is not None and not file.shared:
                    _profile(Path(order.cache), file, kept.sources[0], rows)
                shelf.put(file, kept)
            shelf.make_room(file, order.cache_bytes)
    except OSError as error:
        return (
            f"The folder for converted files can not be written ({error.strerror or type(error).__name__})."
        )
    return ""


def _profile(cache: Path, file: File, source: Source, rows: Rows) -> None:
    """Spares whoever asks for the schema to look at the table again."""
    table = Table(source.schema, source.table, [Part(file, Path(source.parquet), source)], source.comment)
    profile.keep(cache, table, small_profile.of(table, rows))


def _kept(engine: Any, root: Path, file: File, target: Path) -> tuple[Kept | None, Rows | None]:
    """No Kept when the file changed meanwhile; whoever looks at the folder finds its new version."""
    rows: Rows | None = None
    hidden = [str(root), str(target)]
    try:
        descriptor = pins.opened(root, file.path)
    except (pins.ChangedError, FileNotFoundError):
        return None, None
    except OSError as error:
        return _unreadable(error), None
    try:
        pinned = Path(f"/proc/self/fd/{descriptor}")
        if not file.size:
            return Kept(broken="it is empty"), None
        path = pinned if pinned.exists() else root / file.path
        hidden.append(str(path))
        if not pins.is_version(os.fstat(descriptor), file):
            return None, None
        converted = convert(engine, path, file, target)
        found: Kept | None = Kept(converted.sources)
        rows = converted.rows
    except duckdb.OutOfMemoryException:
        found = Kept(broken="it needs more memory than it may use", retry_at=time.time() + _LATER_SECONDS)
    except MemoryError:
        found = Kept(broken="it needs more memory than it may use", retry_at=time.time() + _LATER_SECONDS)
    except text.unpacking_errors():
        found = Kept(broken=f"it is not packed as its name says ({file.compression or file.ending[1:]})")
    except OSError as error:
        found = _unreadable(error)
    except (duckdb.Error, ValueError, RuntimeError, UnicodeError) as error:
        found = Kept(broken=plain_of_file(error, hidden))
    if not pins.is_version(os.fstat(descriptor), file):
        found = None
    with contextlib.suppress(OSError):
        os.close(descriptor)
    return found, rows


def _unreadable(error: OSError) -> Kept:
    """Such things are mended without the file's changing."""
    return Kept(broken=pins.reason(error), retry_at=time.time() + _SOON_SECONDS)

"""An answer into a file that is either whole or not there. What is asked for stays in bulk.py and jobs.py."""

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from shared.backend_client.failures import from_envelope
from shared.backend_client.progress import Progress, Watch
from shared.backend_client.retry import Failure
from shared.errors import BackendProtocolError, InvalidRequest, NotFound
from shared.wire import ErrorBody

MEDIA_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_END_BYTES = 256 * 1024
"""More than the closing fields of an answer ever are."""


class _End(msgspec.Struct, frozen=True):
    row_count: int | None = None
    error: ErrorBody | None = None


def format_of(path: Path | str, name: str | None) -> str:
    """A format by its name, or by the end of the file's. Raises InvalidRequest."""
    found = name or Path(path).suffix.removeprefix(".").lower()
    if found not in MEDIA_TYPES:
        raise InvalidRequest(
            f"There is no format {found[:40]!r}.", details="There are: " + ", ".join(MEDIA_TYPES) + "."
        )
    return found


def save(parts: Iterator[bytes], path: Path, name: str, watch: Watch | None) -> Path:
    """Replaces ``path`` when everything has come, and is on the disk. Raises an AppError."""
    if not path.parent.is_dir():
        raise NotFound(f"There is no folder {path.parent}. Make it first.")
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    size, end = 0, b""
    try:
        with fresh.open("xb") as file:
            for part in parts:
                file.write(part)
                size += len(part)
                end = (end + part)[-_END_BYTES:]
                if watch is not None:
                    watch(Progress(0, size))
            _check_end(end, name)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except Failure as failure:
        raise BackendProtocolError(
            "The answer broke off before its end, and nothing was saved.", details=str(failure.error)
        ) from failure.__cause__
    finally:
        with suppress(FileNotFoundError):
            fresh.unlink()
    return path


def _check_end(end: bytes, name: str) -> None:
    """Formats that can tell a failure do so in their last lines; the others were cut off."""
    if name == "ndjson":
        last = end.rstrip().rpartition(b"\n")[2]
    elif name == "json":
        last = b"{" + end[end.rfind(b'],"') + 2 :]
    else:
        return
    try:
        told = msgspec.json.decode(last, type=_End)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackendProtocolError("The answer broke off before its end, and nothing was saved.") from error
    if told.error is not None:
        raise from_envelope(told.error)
    if told.row_count is None:
        raise BackendProtocolError("The answer broke off before its end, and nothing was saved.")

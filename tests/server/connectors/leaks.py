"""What a failure may leave behind: nothing."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def nothing_is_left() -> Iterator[None]:
    """No thread and no file more than before, once the peer's own have ended."""
    before = _threads_and_files()
    yield
    give_up = time.monotonic() + 60
    while any(now > then for now, then in zip(_threads_and_files(), before, strict=True)):
        assert time.monotonic() < give_up, f"{before} before, {_threads_and_files()} after"
        time.sleep(0.05)


def _threads_and_files() -> tuple[int, int]:
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

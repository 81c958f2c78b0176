"""What the system itself holds a process of ours to, should DuckDB not keep its own limits.

DuckDB counts its buffers, and not every text that a function makes: ``repeat('x', 3000000000)`` takes what
the machine has, whatever its memory limit says. Beyond this limit the allocation fails, and if that cannot be
borne, the process: never the backend.
"""

import contextlib

from shared import child_process

_HEADROOM_MB = 2_048
_THREAD_MB = 256
"""Of address space, for what is not DuckDB's: interpreter, libraries, Arrow, cells; and for each thread."""


def limit_memory(memory_mb: int, threads: int) -> None:
    """No more address space than ``memory_mb`` and some; the first to be ended where the machine runs out."""
    child_process.end_first()
    child_process.limit_address_space(memory_mb + _HEADROOM_MB + threads * _THREAD_MB)


def open_files() -> None:
    """As many as the system allows: every file of a table is open while it is used."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

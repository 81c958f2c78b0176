"""``python -m tests.bench.observed``: the backend, which on SIGUSR1 says where each thread and each task is.

In its log; for whoever looks for what a soak left behind.
"""

import asyncio
import faulthandler
import gc
import signal
import sys

from server.cli import main


def _tell(*_: object) -> None:
    faulthandler.dump_traceback(all_threads=True)
    for task in [one for one in gc.get_objects() if isinstance(one, asyncio.Task) and not one.done()]:
        task.print_stack(file=sys.stderr)
    sys.stderr.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _tell)
    sys.exit(main(sys.argv[1:]))

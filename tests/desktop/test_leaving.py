"""The program's own end, as a process of its own: what a thread waits for must not keep it alive."""

import subprocess
import sys

import pytest

_STUCK = """
import sys, threading
from desktop import run
run._LAST_SECONDS = 0.2
threading.Thread(target=threading.Semaphore(0).acquire, name="asks the page").start()
sys.stdout.write("Stopping.\\n")
run.leave_threads_behind()
"""

_BUSY = """
import sys, threading, time
from desktop import run
def finish():
    time.sleep(0.3)
    sys.stdout.write("finished")
threading.Thread(target=finish).start()
run.leave_threads_behind()
"""


@pytest.mark.parametrize(
    ("program", "said"), [(_STUCK, "Stopping.\n"), (_BUSY, "finished")], ids=["stuck", "busy"]
)
def test_it_ends_though_a_thread_waits_for_a_page_that_is_gone(program: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, said), done.stderr

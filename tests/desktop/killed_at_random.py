"""Kills an agent again and again while it answers, and prints each answer that it had shown to the end.

``python -m tests.desktop.killed_at_random HOME BACKEND_URL KILLS SEED``. The agent is forked from a process
that has imported everything, so that a round costs little. A line: the turn's last events, as JSON.
"""

import os
import random
import select
import signal
import sys
import threading
import time
from pathlib import Path

import markdown_it  # noqa: F401 - imported later by the agent, which would cost every round
import msgspec
import nh3  # noqa: F401
import requests_cache  # noqa: F401

from desktop.agent.runner import Ask
from desktop.app import Agent, build
from desktop.backend import Backend
from desktop.events import Queued, ResultCard, TurnFinished
from shared.settings import AgentSettings, BackendSection

CONVERSATIONS = 3
_LONGEST_SECONDS = 20.0
_encoder = msgspec.json.Encoder(decimal_format="number")


def answer_until_killed(home: Path, url: str, told: int) -> None:
    section = BackendSection(url=url, api_key="k", timeout=5, retry_attempts=0, cache_ttl=300)
    backend = Backend(section, home, home / "cache")
    backend.start()
    agent = build(AgentSettings(backend=section), home, backend)
    agent.resuming.start()
    for number in range(CONVERSATIONS):
        threading.Thread(target=ask_for_ever, args=(agent, number, told), daemon=True).start()
    time.sleep(60)


def ask_for_ever(agent: Agent, number: int, told: int) -> None:
    conversation_id = None
    while True:
        asked = Ask(
            question=f"Total net amount by zone where net amount above {number}",
            conversation_id=conversation_id,
            attended=True,
        )
        running = agent.runner.ask(asked)
        events = [event for event in running.watch() if isinstance(event, ResultCard | Queued | TurnFinished)]
        conversation_id = running.conversation_id
        agent.conversations.keep_draft(conversation_id, f"draft after {running.id}")
        shown = {"turn_id": running.id, "conversation_id": conversation_id, "events": events}
        os.write(1, _encoder.encode(shown) + b"\n")  # less than a page: whole, or not at all
        os.write(told, b".")


def main(home: Path, url: str, kills: int, seed: int) -> None:
    """Two of three rounds last until something was shown, and a little longer; the others end at any moment
    from the start."""
    chance = random.Random(seed)
    for number in range(kills):
        hears, tells = os.pipe()
        pid = os.fork()
        if pid == 0:
            answer_until_killed(home, url, tells)
            os._exit(1)
        if number % 3 < 2:
            select.select([hears], [], [], _LONGEST_SECONDS)
        time.sleep(chance.uniform(0, 0.4))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(hears)
        os.close(tells)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))

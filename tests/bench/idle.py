"""Agents that are open and do nothing: each keeps a connection and asks for the health now and then."""

import select
import socket
import time

from tests.bench.measuring import Figures
from tests.bench.wire import Ask, Server

AGENTS = 1_000
_EVERY_SECONDS = 30.0
"""How often each one asks."""


def watched(server: Server, *, seconds: float) -> Figures:
    """``cpu_seconds`` is the share of one core; ``growth_mb`` all memory, what is shared counted once."""
    request = Ask("/health").written(0)
    agents = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(AGENTS)]
    try:
        for agent in agents:
            _ask(agent, request)
        cpu = server.meter.read()
        began = time.monotonic()
        asked, slowest = 0, 0.0
        while (now := time.monotonic()) < began + seconds:
            due = int((now - began) * AGENTS / _EVERY_SECONDS)
            for number in range(asked, due):
                slowest = max(slowest, _ask(agents[number % AGENTS], request))
            asked = due
            time.sleep(0.01)
        elapsed = time.monotonic() - began
        used = server.meter.since(cpu)
        share = None if used is None else used / elapsed
        return Figures(slowest, cpu_seconds=share, growth_mb=server.process.own_memory_mb())
    finally:
        for agent in agents:
            agent.close()


def _ask(agent: socket.socket, request: bytes) -> float:
    began = time.perf_counter()
    agent.sendall(request)
    if not select.select([agent], [], [], 30)[0] or not agent.recv(1 << 16).startswith(b"HTTP/1.1 200"):
        raise RuntimeError("An idle agent got no answer.")
    return time.perf_counter() - began

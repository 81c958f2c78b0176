"""Many clients at once, by ``wrk``: it takes a fraction of a core and says what each call took."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.bench import installing
from tests.bench.measuring import Figures
from tests.bench.wire import Ask, Server

_CLIENTS = 64
_SCRIPT = """
wrk.method = {method}
wrk.headers = {headers}
local path, body, most = {path}, {body}, {most}
function request()
  local number = string.format("%d", math.random(1, most))
  return wrk.format(nil, (path:gsub("%%d", number)), nil, (body:gsub("%%d", number)))
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\nFIGURES {{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"failed":%d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def put_on(server: Server, ask: Ask, folder: Path, *, most: int, seconds: int) -> Figures:
    """64 clients, each with one call at a time and a number up to ``most``."""
    told, cpu = _run(server, ask, folder, most, seconds)
    if told["failed"] or not told["requests"]:
        raise RuntimeError(f"{told['failed']} of {told['requests']} calls failed: {ask}")
    return Figures(
        seconds=told["p50"] / 1e6,
        p99_seconds=told["p99"] / 1e6,
        requests_per_second=told["requests"] / (told["microseconds"] / 1e6),
        cpu_seconds=None if cpu is None else cpu / told["requests"],
    )


def warm_up(server: Server, ask: Ask, folder: Path) -> None:
    """So that every connection to the database is open. Raises Unavailable."""
    for _ in range(5):
        if _run(server, ask, folder, 100, 2)[0]["requests"] > 200:
            return


def _run(server: Server, ask: Ask, folder: Path, most: int, seconds: int) -> tuple[Any, float | None]:
    """What wrk told, and the CPU seconds."""
    program, environment = installing.wrk()
    script = folder / "load.lua"
    headers = ", ".join(f"[{_lua(name)}] = {_lua(value)}" for name, value in ask.headers.items())
    written = {"method": _lua(ask.method), "path": _lua(ask.path), "body": _lua(ask.body)}
    script.write_text(_SCRIPT.format(headers="{" + headers + "}", most=most, **written))
    command = [str(program), "-t", "1", "-c", str(_CLIENTS), "-d", f"{seconds}s", "--timeout", "10s"]
    cpu = server.meter.read()
    ended = subprocess.run(
        [*command, "-s", str(script), f"http://127.0.0.1:{server.port}"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    used = server.meter.since(cpu)
    return json.loads(ended.stdout.partition("FIGURES ")[2].splitlines()[0]), used


def _lua(text: str) -> str:
    return json.dumps(text)

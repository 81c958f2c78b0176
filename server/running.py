"""A backend as a process: signals, logs, first start, the demo. What it serves is built in app."""

import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TextIO

from server.access.key_text import looks_like_a_key
from server.access.keyring import Keyring
from server.access.keys import Keys
from server.address import bind, url_of
from server.app import prepare, shared_by_workers
from server.checking import check
from server.connectors.login import is_loopback
from server.notify import Notifier
from server.reloading import Reloading, log_to
from server.reporting import Reporting
from server.serving import Serving
from server.siblings import Place
from server.terminal import Terminal
from server.workers import Pulse, Workers
from shared import logs, private_files
from shared.errors import SettingsInvalid
from shared.paths import home, private_folder
from shared.settings import BackendSettings, DatabaseSection, SecuritySection, ServerSection

_log = logging.getLogger(__name__)

_DEMO_CONNECTION = "retail"
_DEMO_ROLE = "analyst"

_OBJECTS_BEFORE_A_COLLECTION = 10_000


def serve(settings: BackendSettings, read_again: Callable[[], BackendSettings] | None = None) -> int:
    """Until SIGTERM or SIGINT. ``read_again`` is asked for the settings at SIGHUP."""
    check(settings)
    log_to(settings.logging)
    terminal, notifier = Terminal(), Notifier.of(os.environ)

    def read() -> BackendSettings:
        found = settings if read_again is None else read_again()
        check(found)
        return found

    with contextlib.closing(bind(settings.server.host, settings.server.port)) as sock:
        if settings.server.workers > 1:
            return _serve_with_workers(settings, sock, read, terminal, notifier)
        serving = Serving(settings, home(), sock)
        reporting = Reporting(serving, notifier)
        reloading = Reloading(serving, read, reporting)
        terminal.on_hangup(reloading.ask, serving.stop)
        _first_key(serving.backend.keyring, home())
        _warn_about_plain_http(settings.server)

        def on_ready() -> None:
            _log.info("Serving at %s", serving.url)
            reporting.ready()

        _run(serving, on_ready, beside=[reporting.run, reloading.run])
    _log.info("Stopped")
    return 0


def _serve_with_workers(
    settings: BackendSettings,
    sock: socket.socket,
    read: Callable[[], BackendSettings],
    terminal: Terminal,
    notifier: Notifier,
) -> int:
    """In the parent until all have ended; in a worker until it has."""
    with prepare(settings, home()) as keyring:
        _first_key(keyring, home())
    _warn_about_plain_http(settings.server)
    shared = shared_by_workers(settings)
    status = f"Serving at {url_of(settings.server, sock)} with {settings.server.workers} workers"

    def on_ready() -> None:
        _log.info("%s", status)
        notifier.ready(status)

    def on_stop() -> None:
        sock.close()
        notifier.stopping("Stopping: what runs may end")

    workers = Workers(
        settings.server.workers,
        on_ready=on_ready,
        on_stop=on_stop,
        on_alive=lambda: notifier.alive(status),
        patience=notifier.watchdog_seconds,
        hangup_ends=terminal.is_gone,
    )
    seat = workers.run()
    if isinstance(seat, int):
        _log.info("Stopped")
        return seat
    serving = Serving(settings, home(), sock, place=Place(shared, seat.number))
    reporting = Reporting(serving, Pulse(seat, notifier.watchdog_seconds))
    reloading = Reloading(serving, read, reporting)
    signal.signal(signal.SIGHUP, lambda *_: reloading.ask())
    seat.stop_with_parent(serving.stop)
    _run(serving, seat.beat, beside=[reporting.run, reloading.run])
    return 0


def serve_demo(folder: Path, port: int, *, with_parent: bool) -> int:
    """Demo data on loopback; one line of JSON on standard output when it is ready."""
    from server import demo

    logs.set_up(level="WARNING")
    demo_home = private_folder(folder / "demo")
    data = demo.ensure(demo_home / "data", _say)
    settings = BackendSettings(
        server=ServerSection(host="127.0.0.1", port=port),
        database=DatabaseSection(max_connections=4),
        security=SecuritySection(),
    )
    with contextlib.closing(_bind_or_any(port)) as sock:
        serving = Serving(settings, demo_home, sock)
        key_file = _demo_key(serving.backend.keyring, demo_home / "agent.key")
        ready = {"url": serving.url, "key_file": str(key_file), "connection": _DEMO_CONNECTION}
        if with_parent:
            threading.Thread(target=_stop_at_end_of_input, args=[serving], daemon=True).start()
        _run(
            serving,
            lambda: _say(json.dumps(ready), sys.stdout),
            before=lambda: _demo_connection(serving, data),
        )
    return 0


def _say(text: str, to: TextIO | None = None) -> None:
    out = to or sys.stderr
    out.write(text + "\n")
    out.flush()


def _run(
    serving: Serving,
    on_ready: Callable[[], None],
    before: Callable[[], Coroutine[None, None, None]] | None = None,
    beside: Sequence[Callable[[], Coroutine[None, None, None]]] = (),
) -> None:
    """``before`` ends before it serves; what stands in ``beside`` runs as long as it does."""

    async def running() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                loop.add_signal_handler(number, serving.stop)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda *_: serving.stop())
        if before is not None:
            await before()
        tasks = [loop.create_task(run()) for run in beside]

        def ready() -> None:
            _leave_alone_what_stays()
            on_ready()

        try:
            await serving.run(ready)
        finally:
            for task in tasks:
                task.cancel()
            gc.unfreeze()  # else what a library counts as leaked at the end would be told as such

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(running())


def _leave_alone_what_stays() -> None:
    """What is there when serving begins, modules mostly, stays to the end: the collector need not look at it
    again and again, nor at what a single call makes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_A_COLLECTION, 10, 10)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows has none
        return None
    return uvloop.new_event_loop


def _first_key(keyring: Keyring, folder: Path) -> None:
    """An administrator's key when there is no key at all. On a terminal it is shown; elsewhere standard
    output is somebody's log, so it goes to a file that only its owner can read."""
    if keyring.rows():
        return
    key, _ = Keys(keyring).create("administrator", roles=["admin"])
    if sys.stdout.isatty():
        _say(f"The administrator's API key, shown this once:\n\n    {key}\n", sys.stdout)
        return
    file = private_folder(folder) / "administrator.key"
    private_files.replace(file, key.encode() + b"\n")
    _say(f"The administrator's API key is in {file}. Move it to a safe place.")


def _warn_about_plain_http(section: ServerSection) -> None:
    if not section.ssl_cert and not is_loopback(section.host):
        _log.warning(
            "Keys and data travel unencrypted: set server.ssl_cert, or stand behind a proxy that speaks TLS"
        )


async def _demo_connection(serving: Serving, data: Path) -> None:
    connections = serving.backend.connections
    params = {"root": str(data)}
    if _DEMO_CONNECTION not in [known.name for known in connections.everything()]:
        await connections.create(_DEMO_CONNECTION, "filesystem", params, "V-Mart demo retail")
    elif connections.get(_DEMO_CONNECTION).params != params:
        await connections.update(_DEMO_CONNECTION, params, None)


def _demo_key(keyring: Keyring, file: Path) -> Path:
    """The agent's key, used again while it is good."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        kept = file.read_text(encoding="utf-8").strip()
        if looks_like_a_key(kept) and keyring.find(kept):
            return file
    key, _ = Keys(keyring).create("demo agent", roles=[_DEMO_ROLE])
    private_files.replace(file, key.encode() + b"\n")
    return file


def _bind_or_any(port: int) -> socket.socket:
    try:
        return bind("127.0.0.1", port)
    except SettingsInvalid:
        sock = bind("127.0.0.1", 0)
        _say(f"Port {port} is taken; using {sock.getsockname()[1]}.")
        return sock


def _stop_at_end_of_input(serving: Serving) -> None:
    # not sys.stdin: its lock, held by this thread at the end, makes the interpreter abort
    while os.read(sys.stdin.fileno(), 4096):
        pass
    serving.stop()

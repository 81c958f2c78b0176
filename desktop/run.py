"""The command ``run``: the agent with its window, or the browser, or a printed address."""

import argparse
import logging
import os
import sys
import threading
import time
from pathlib import Path

from desktop import autostart, settings_file
from desktop.browser import open_link
from desktop.instance import Instance, Place, Shown, hand_over
from desktop.serving import Ending, Serving, take_port
from shared import logs
from shared.connect_code import parse_link
from shared.paths import home, private_folder
from shared.settings import AgentSettings

_log = logging.getLogger(__name__)

_LAST_SECONDS = 5.0


def run(parsed: argparse.Namespace) -> int:
    """Until the window is closed, Ctrl-C or SIGTERM."""
    folder = home()
    if parsed.link:
        parse_link(parsed.link)  # one that is damaged starts nothing
    settings = settings_file.load(parsed.config, folder)
    private_folder(folder / "agent")
    log_file = Path(settings.logging.file or folder / "agent" / "agent.log")
    logs.set_up(
        level=settings.logging.level,
        file=log_file,
        max_size_mb=settings.logging.max_size_mb,
        to_terminal=False,
        format=settings.logging.format,
    )
    with Instance(folder) as instance:
        first = None if instance.take() else instance.find_first()
        if first is not None:
            if parsed.link:
                hand_over(first[0], parsed.link)
            _show_first(*first, parsed)
            return 0
        autostart.here().renew()
        _serve(parsed, settings, folder, instance)
    leave_threads_behind()
    return 0


def leave_threads_behind() -> None:
    """Ends the process here when a thread stands in the way of its end.

    Everything of ours is closed by now. But pywebview asks the page for something while it loads, in a thread
    that Python waits for at its end, and a page that is closed in that moment never answers.
    """
    until = time.monotonic() + _LAST_SECONDS
    here = threading.current_thread()
    others = [other for other in threading.enumerate() if not other.daemon and other is not here]
    for other in others:
        other.join(max(0.0, until - time.monotonic()))
    left = [other.name for other in others if other.is_alive()]
    if not left:
        return
    _log.info("Ended without waiting for: %s.", ", ".join(left))
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _serve(parsed: argparse.Namespace, settings: AgentSettings, folder: Path, instance: Instance) -> None:
    wanted = settings.chatbot.port if parsed.port is None else parsed.port
    listening, other = take_port(wanted)
    if other:
        _say(f"Port {wanted} is taken; using {listening.getsockname()[1]}.")
    ending = Ending()
    with Serving(settings, folder, listening, config=parsed.config, ask=not parsed.demo) as serving:
        if parsed.link:
            serving.offers.put(parsed.link)
        instance.announce(Place(os.getpid(), serving.door.link, serving.door.token))
        shown = not (parsed.browser or parsed.no_window) and _show_window(serving, ending)
        if not shown:
            _show_elsewhere(serving, only_print=parsed.no_window)
            ending.wait()
        _say("Stopping.")


def _show_first(place: Place, shown: Shown, parsed: argparse.Namespace) -> None:
    """A second start: the first one's window is in front by now, or its page is opened."""
    if shown.window:
        _say("V-Mart AI Agent is open already; its window is in front now.")
        return
    opened = not parsed.no_window and bool(shown.link) and open_link(shown.link)
    where = (
        "is open already, in your browser, at" if opened else "runs already. Open this address in a browser:"
    )
    _say(f"V-Mart AI Agent {where}\n\n    {place.link}\n")


def _show_window(serving: Serving, ending: Ending) -> bool:
    from desktop.native import WindowMissing
    from desktop.window import Window

    try:
        window = Window(
            serving.dialogs,
            serving.door.link,
            theme=serving.theme,
            kept_size=home() / "agent" / "window.json",
        )
        _say("V-Mart AI Agent is open in its window. Close the window, or press Ctrl-C here, to end it.")
        window.show(ending)
    except WindowMissing as reason:
        _say(f"No window: {reason}.")
        return False
    return True


def _show_elsewhere(serving: Serving, *, only_print: bool) -> None:
    opened = not only_print and open_link(serving.door.launch_link())
    where = "is open in your browser, at" if opened else "is ready. Open this address in a browser:"
    _say(f"V-Mart AI Agent {where}\n\n    {serving.door.link}\n")
    _say("The address holds a key for this start: do not pass it on. Ctrl-C ends the program.")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

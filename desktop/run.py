"""The command ``run``: the agent with its window, or the browser, or a printed address."""

import argparse
import os
import sys
import webbrowser
from pathlib import Path

from desktop import settings_file
from desktop.serving import Ending, Serving, take_port
from shared import logs
from shared.paths import home


def run(parsed: argparse.Namespace) -> int:
    """Until the window is closed, Ctrl-C or SIGTERM."""
    folder = home()
    settings = settings_file.load(parsed.config, folder)
    log_file = Path(settings.logging.file or folder / "agent" / "agent.log")
    logs.set_up(
        level=settings.logging.level,
        file=log_file,
        max_size_mb=settings.logging.max_size_mb,
        to_terminal=False,
    )
    wanted = settings.chatbot.port if parsed.port is None else parsed.port
    listening, other = take_port(wanted)
    if other:
        _say(f"Port {wanted} is taken; using {listening.getsockname()[1]}.")
    ending = Ending()
    with Serving(settings, folder, listening) as serving:
        shown = not (parsed.browser or parsed.no_window) and _show_window(serving, ending)
        if not shown:
            _show_elsewhere(serving, only_print=parsed.no_window)
            ending.wait()
        _say("Stopping.")
    return 0


def _show_window(serving: Serving, ending: Ending) -> bool:
    from desktop.window import Window, WindowMissing

    try:
        window = Window(serving.parts, serving.door.link)
        _say("V-Mart AI Agent is open in its window. Close the window, or press Ctrl-C here, to end it.")
        window.show(ending)
    except WindowMissing as reason:
        _say(f"No window: {reason}.")
        return False
    return True


def _show_elsewhere(serving: Serving, *, only_print: bool) -> None:
    opened = not only_print and _has_display() and webbrowser.open(serving.door.link)
    where = "is open in your browser, at" if opened else "is ready. Open this address in a browser:"
    _say(f"V-Mart AI Agent {where}\n\n    {serving.door.link}\n")
    _say("The address holds a key for this start: do not pass it on. Ctrl-C ends the program.")


def _has_display() -> bool:
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

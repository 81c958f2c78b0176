"""The person's browser, where there can be one. What it is to show is others' business."""

import os
import sys
import webbrowser


def open_link(link: str) -> bool:
    """Whether the system took the link, as far as it says. Without a display there is no browser to see: one
    for terminals would take this one over."""
    return has_display() and webbrowser.open(link)


def has_display() -> bool:
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

"""A sentence shown to a person who has no terminal: a window of its own, or the system's message box."""

import ctypes
import html
import subprocess
import sys
from pathlib import Path

from desktop.native import WindowMissing, web_view

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title><style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; padding: 28px 32px; overflow-wrap: anywhere;
  background: light-dark(#ffffff, #18181b); color: light-dark(#1c1b19, #ededf0);
  font: 15px/24px "Segoe UI", -apple-system, system-ui, "Noto Sans", sans-serif; }}
h1 {{ margin: 0 0 12px; font-size: 20px; line-height: 28px; font-weight: 600; }}
p {{ margin: 0 0 12px; }}
.quiet {{ color: light-dark(#605d56, #a5a5af); font-size: 13px; line-height: 20px; }}
</style></head><body><h1>{title}</h1><p>{text}</p><p class="quiet">{more}</p></body></html>"""


def show(title: str, text: str, log_file: Path | None = None) -> bool:
    """Blocks until it is closed. False when there is no way to show it here."""
    more = f"More stands in {log_file}." if log_file is not None else ""
    if sys.platform == "win32":
        ctypes.windll.user32.MessageBoxW(None, f"{text}\n\n{more}".strip(), title, 0x10)
        return True
    if sys.platform == "darwin":
        script = "on run {t, m}\ndisplay alert t message m as critical\nend run"
        done = subprocess.run(["osascript", "-e", script, title, f"{text}\n\n{more}".strip()], check=False)
        return done.returncode == 0
    return _in_window(title, text, more)


def _in_window(title: str, text: str, more: str) -> bool:
    try:
        webview = web_view()
    except WindowMissing:
        return False
    page = _PAGE.format(title=html.escape(title), text=html.escape(text), more=html.escape(more))
    webview.create_window(title, html=page, width=560, height=320, min_size=(360, 240), text_select=True)
    try:
        webview.start(private_mode=True)
    except webview.errors.WebViewException:
        return False
    return True

"""Log set-up for both programs: levels, rotation, and the one place where secrets are masked."""

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from shared.log_file import SharedLogFile

_SECRETS = (
    re.compile(r"(vmart_)[A-Za-z0-9_-]{8,}"),
    re.compile(r"(?i)((?:authorization|x-goog-api-key)['\"]?\s*[:=]\s*['\"]?(?:bearer\s+)?)[^\s'\",}]+"),
    re.compile(r"(?i)((?:password|passwd|pwd|secret|api_?key|token)['\"]?\s*[:=]\s*['\"]?)[^\s'\",}&]+"),
    re.compile(r"(://[^/\s:@]+:)[^/\s@]+(?=@)"),
    re.compile(r"(?i)([?&]key=)[^\s&]+"),
    re.compile(r"(?i)(cookie['\"]?\s*[:=]\s*).+"),
    re.compile(r"(AIza)[A-Za-z0-9_-]{20,}"),
)

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def masked(text: str) -> str:
    """``text`` with everything that looks like a key, a password or a token replaced by dots."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\1…", text)
    return text


def _plain(text: str) -> str:
    """With what moves the cursor, breaks a line or turns the direction of writing told by its name."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class _MaskingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """One line a message: a name with a line break in it must not forge an entry, nor one with an escape
        sequence hide some from whoever reads them in a terminal."""
        return _plain(super().formatMessage(record))

    def formatException(self, *args: Any) -> str:  # noqa: N802 - logging's name
        lines = super().formatException(*args).split("\n")
        return "\n".join(f"    {_plain(line)}" for line in lines)


class _JournalFormatter(_MaskingFormatter):
    """For systemd's journal, which knows the time and the program itself: each line begins with its
    priority, ``<3>`` for an error, as sd-daemon(3) has it."""

    def format(self, record: logging.LogRecord) -> str:
        level = record.levelno
        priority = 2 if level >= 50 else 3 if level >= 40 else 4 if level >= 30 else 6 if level >= 20 else 7
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).split("\n"))


class _JsonFormatter(logging.Formatter):
    """One JSON object a line, for machines that gather logs. Masked before it is JSON, so it stays JSON."""

    def format(self, record: logging.LogRecord) -> str:
        found: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": masked(record.getMessage()),
            "process": record.process,
        }
        request_id = getattr(record, "request_id", None)
        if request_id is not None:
            found["request_id"] = request_id
        if record.exc_info and record.exc_info[0] is not None:
            found["exception"] = masked(self.formatException(record.exc_info))
        return json.dumps(found)


FORMATS = ("text", "json")


def _in_journal(stream: TextIO) -> bool:
    """Whether the stream is the one that the service manager connected to its journal."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def set_up(
    *,
    level: str = "INFO",
    file: Path | None = None,
    max_size_mb: int = 100,
    to_terminal: bool = True,
    format: str = "text",  # noqa: A002 - the word of the settings
) -> None:
    """Logs to standard error, and to ``file`` with five older ones kept beside it. Called again, it
    replaces what it set up before; when it raises OSError, that stays. ``format`` is one of FORMATS."""
    root = logging.getLogger()
    handlers: list[logging.Handler] = []
    plain: logging.Formatter = _MaskingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    if format == "json":
        plain = _JsonFormatter()
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        size = max_size_mb * 1024 * 1024
        handlers.append(SharedLogFile(file, maxBytes=size, backupCount=5, encoding="utf-8"))
        handlers[-1].setFormatter(plain)
    if to_terminal:
        handlers.insert(0, logging.StreamHandler(sys.stderr))
        journal = _JournalFormatter("%(name)s %(message)s")
        handlers[0].setFormatter(journal if format != "json" and _in_journal(sys.stderr) else plain)
    for old in list(root.handlers):
        root.removeHandler(old)
        if isinstance(old, SharedLogFile):
            old.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)

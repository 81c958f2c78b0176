"""Log set-up for both programs: levels, rotation, and the one place where secrets are masked."""

import logging
import re
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

_SECRETS = (
    re.compile(r"(vmart_)[A-Za-z0-9_-]{8,}"),
    re.compile(r"(?i)((?:authorization|x-goog-api-key)['\"]?\s*[:=]\s*['\"]?(?:bearer\s+)?)[^\s'\",}]+"),
    re.compile(r"(?i)((?:password|passwd|pwd|secret|api_?key|token)['\"]?\s*[:=]\s*['\"]?)[^\s'\",}&]+"),
    re.compile(r"(://[^/\s:@]+:)[^/\s@]+(?=@)"),
    re.compile(r"(?i)([?&]key=)[^\s&]+"),
    re.compile(r"(?i)(cookie['\"]?\s*[:=]\s*).+"),
    re.compile(r"(AIza)[A-Za-z0-9_-]{20,}"),
)


def masked(text: str) -> str:
    """``text`` with everything that looks like a key, a password or a token replaced by dots."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\1…", text)
    return text


class _MaskingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """One line a message: a name with a line break in it must not forge an entry."""
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")

    def formatException(self, *args: Any) -> str:  # noqa: N802 - logging's name
        return "    " + super().formatException(*args).replace("\n", "\n    ")


def set_up(
    *, level: str = "INFO", file: Path | None = None, max_size_mb: int = 100, to_terminal: bool = True
) -> None:
    """Logs to standard error, and to ``file`` with five older ones kept beside it."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)] if to_terminal else []
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        size = max_size_mb * 1024 * 1024
        handlers.append(RotatingFileHandler(file, maxBytes=size, backupCount=5, encoding="utf-8"))
    formatter = _MaskingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(level)

"""What may leave in a diagnostics bundle: texts without secrets, names of files, questions or answers.

Two nets: every secret that is known is looked for literally, in the forms in which it travels; and whatever
looks like one is masked, as in the log. Of the log, messages of parts that speak of the person's things are
left out whole, and quoted texts and paths of all others.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote, urlsplit

from shared.logs import masked

_SHORTEST = 4
_SECRET_NAME = re.compile(r"key|secret|token|passw|pwd|credential|auth|cookie", re.IGNORECASE)
_LINE = re.compile(r"^(\d{4}-\d\d-\d\d[ T][\d:,.+]+) ([A-Z]+) ([\w.]+) (.*)$")
_PERSONAL = tuple(
    f"desktop.{name}" for name in ("agent", "analyst", "files", "sheets", "store", "tasks", "tools", "web")
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”|‘[^’]*’|`[^`]*`")
_PATH = re.compile(r"(?:[A-Za-z]:[\\/]|\\\\|~?/)[^\s,;]*")
_ENDINGS = "csv|tsv|xlsx?|xlsm|xlsb|ods|pdf|docx?|txt|md|json|parquet|png|svg|zip"
_FILE_NAME = re.compile(rf"\S+\.(?:{_ENDINGS})\b", re.IGNORECASE)
_FRAME = re.compile(r'^\s*File "[^"]*?((?:desktop|shared|server)[\\/][\w\\/]+\.py)", line (\d+)')
_LEFT_OUT = "(left out)"


class Redaction:
    """Knows ``secrets``; none of them, and nothing that looks like one, passes."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= _SHORTEST}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub("…", text)
        return masked(text)

    def address(self, url: str) -> str:
        """Scheme, host and port: what else may stand in an address is nobody's business."""
        try:
            parts = urlsplit(url if "://" in url else f"//{url}")
            port = f":{parts.port}" if parts.port else ""
            found = f"{parts.scheme or '-'}://{parts.hostname or ''}{port}"
        except ValueError:
            return _LEFT_OUT
        return self.text(found)

    def log(self, text: str) -> str:
        """Of each line the time, the level and where it was written, and what of its message may be shown."""
        return "\n".join(line for each in text.splitlines() if (line := self._line(each)))

    def _line(self, line: str) -> str:
        if line.startswith("{"):
            return self._json_line(line)
        if frame := _FRAME.match(line):
            return f"    {frame[1]} line {frame[2]}"
        found = _LINE.match(line)
        if found is None:
            return ""  # of a traceback: its last line may quote anything
        return f"{found[1]} {found[2]} {found[3]} {self._message(found[3], found[4])}"

    def _json_line(self, line: str) -> str:
        try:
            found = json.loads(line)
            at, level, logger = str(found["at"]), str(found["level"]), str(found["logger"])
            message = str(found["message"])
        except (ValueError, KeyError, TypeError):
            return ""
        return f"{at} {level} {logger} {self._message(logger, message)}"

    def _message(self, logger: str, message: str) -> str:
        if logger.startswith(_PERSONAL):
            return _LEFT_OUT
        message = _QUOTED.sub("“…”", self.text(message))
        return _FILE_NAME.sub("(file)", _PATH.sub("(path)", message))


def is_secret_name(name: str) -> bool:
    """Whether a variable that is called so sounds like a secret."""
    return _SECRET_NAME.search(name) is not None


def secrets_in(environ: Mapping[str, str]) -> set[str]:
    """Of variables that sound like secrets their values; of addresses their names and passwords."""
    found = {value for name, value in environ.items() if is_secret_name(name)}
    for value in environ.values():
        found |= secrets_of_address(value)
    return found


def secrets_of_address(text: str) -> set[str]:
    try:
        parts = urlsplit(text)
    except ValueError:
        return set()
    return {unquote(part) for part in (parts.username, parts.password) if part}


def _forms(secret: str) -> set[str]:
    plain = secret.strip()
    encoded = base64.b64encode(plain.encode("utf-8", "replace")).decode()
    return {plain, quote(plain, safe=""), json.dumps(plain)[1:-1], encoded, encoded.rstrip("=")}

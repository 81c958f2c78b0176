"""FreeTDS's configuration file, the only place where it can be told to check a server's certificate.

One file for the process, in a folder of our own; a section for each server. It holds hosts and certificates'
paths, no secrets. FreeTDS reads it anew at every connection.
"""

import hashlib
import os
import tempfile
import threading
from functools import lru_cache
from pathlib import Path

from shared.errors import InvalidRequest

_VARIABLE = "FREETDSCONF"


def section(host: str, port: int, ssl_ca: str) -> str:
    """The name under which FreeTDS finds this server, checked by its certificate. ``host`` and ``port`` are
    plain. Raises InvalidRequest when ``ssl_ca`` is no certificate."""
    authority = _certificate_file(ssl_ca) if ssl_ca else "system"
    return _configuration().section(host, port, authority)


def _certificate_file(ssl_ca: str) -> str:
    """A path to it: PEM text is written to a file of ours. Raises InvalidRequest."""
    if ssl_ca.lstrip().startswith("-----BEGIN"):
        return _configuration().kept(ssl_ca.strip() + "\n")
    if not Path(ssl_ca).is_file() or set(ssl_ca) & set("\n\r;{}"):
        raise InvalidRequest(
            "ssl_ca is not a readable certificate: give the PEM text, or a path on the backend."
        )
    return ssl_ca


class _Configuration:
    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="vmart-freetds-")
        self._path = Path(self._folder.name, "freetds.conf")
        self._sections: dict[str, str] = {}
        self._lock = threading.Lock()
        self._write()
        os.environ[_VARIABLE] = str(self._path)

    def section(self, host: str, port: int, authority: str) -> str:
        body = (
            f"\thost = {host}\n\tport = {port}\n\ttds version = 7.4\n\tencryption = require\n"
            f"\tca file = {authority}\n\tcheck certificate hostname = yes\n"
        )
        name = "s" + hashlib.sha256(body.encode()).hexdigest()[:24]
        with self._lock:
            if name not in self._sections:
                self._sections[name] = body
                self._write()
        return name

    def kept(self, text: str) -> str:
        path = Path(self._folder.name, hashlib.sha256(text.encode()).hexdigest()[:24] + ".pem")
        with self._lock:
            if not path.exists():
                path.write_text(text, encoding="ascii", errors="ignore")
        return str(path)

    def _write(self) -> None:
        """In one step, for another thread may be reading."""
        parts = ["[global]\n\ttext size = 16000001\n"]
        parts += [f"[{name}]\n{body}" for name, body in self._sections.items()]
        fresh = self._path.with_suffix(".new")
        fresh.write_text("\n".join(parts), encoding="utf-8")
        fresh.replace(self._path)


@lru_cache(maxsize=1)
def _configuration() -> _Configuration:
    return _Configuration()

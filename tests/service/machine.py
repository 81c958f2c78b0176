"""A Debian of its own, booted with systemd in a container that shares this machine's network.

It is made with mmdebstrap from the package archive that this machine uses, and can reach the same
package index. Needs root, and the packages ``mmdebstrap`` and ``systemd-container``.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[2]
CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")

_PACKAGES = "systemd,systemd-sysv,passwd,python3,python3-venv,libstdc++6,ca-certificates"
_LEFT_OUT = ("doc", "man", "locale", "info", "i18n")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_OF_PIP = ("index-url", "extra-index-url", "trusted-host", "proxy")


def missing() -> str:
    """Why no machine can be booted here; empty when one can."""
    for program, package in (("mmdebstrap", "mmdebstrap"), ("systemd-nspawn", "systemd-container")):
        if shutil.which(program) is None:
            return f"THERE IS NO {program} (apt install {package})"
    if os.geteuid() != 0:
        return "BOOTING A CONTAINER NEEDS ROOT"
    return ""


def make_root(root: Path) -> None:
    """A Debian 12 with systemd and Python, and this project in ``/srv/project``."""
    sources = Path("/etc/apt/sources.list.d/debian.sources")
    command = ["mmdebstrap", "--quiet", "--variant=essential", f"--include={_PACKAGES}"]
    command += [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in _LEFT_OUT]
    command += ["--dpkgopt=force-unsafe-io", "--format=directory", "bookworm", str(root)]
    command.append(str(sources) if sources.exists() else "/etc/apt/sources.list")
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    trusted = Path(os.environ.get("SSL_CERT_FILE") or "/" / CERTIFICATES)
    if trusted.exists():
        shutil.copyfile(trusted, root / CERTIFICATES)
    (root / "etc/pip.conf").write_text(_pip_settings())
    project = root / "srv/project"
    for part in ("server", "shared", "docs", "packaging", "requirements"):
        shutil.copytree(PROJECT / part, project / part, ignore=shutil.ignore_patterns("__pycache__"))


def _pip_settings() -> str:
    """What this machine's pip is told about where packages come from."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    lines = ["[global]", f"cert = /{CERTIFICATES}", "timeout = 180"]
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        key = name.rpartition(".")[2]
        if key in _OF_PIP and "file:" not in value and not any(known.startswith(key) for known in lines):
            lines.append(f"{key} = {value.strip(chr(39))}")
    return "\n".join(lines) + "\n"


class Machine:
    """``root`` is the folder of its files. Booted by :func:`booted`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._output = (root.parent / "console.log").open("wb")
        self._boot()

    def _boot(self) -> None:
        command = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--settings=no"]
        command += [f"--machine=vmart-{os.getpid()}", f"--directory={self.root}", "--console=pipe"]
        self._nspawn = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
        )
        wait_until(self._is_up, 60)

    def run(self, *command: str, seconds: float = 300) -> "subprocess.CompletedProcess[str]":
        """A command of root's inside, with an environment as after a login."""
        environment = {name: os.environ[name] for name in _PROXIES if name in os.environ}
        environment |= {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
        }
        inside = ["nsenter", f"--target={self._init}", "--mount", "--uts", "--ipc", "--net", "--pid", "--"]
        return subprocess.run(
            [*inside, *command],
            capture_output=True,
            text=True,
            timeout=seconds,
            env=environment,
            check=False,
        )

    def sh(self, line: str, seconds: float = 300) -> str:
        """What a line of shell prints in the project's folder; it must succeed."""
        done = self.run("sh", "-c", f"cd /srv/project && {line}", seconds=seconds)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}\n{self.journal()}"
        return done.stdout.strip()

    def journal(self) -> str:
        """The last lines of the service."""
        return self.run("journalctl", "--unit=vmart-backend", "--no-pager", "--lines=30").stdout

    def reboot(self) -> None:
        """Off, and on again."""
        self._power_off()
        self._boot()

    def close(self) -> None:
        self._power_off()
        self._output.close()

    def _is_up(self) -> bool:
        assert self._nspawn.poll() is None, (self.root.parent / "console.log").read_text(errors="replace")
        self._init = _child(self._nspawn.pid)
        if not self._init:
            return False
        said = self.run("systemctl", "is-system-running").stdout.strip()
        return said in ("running", "degraded")

    def _power_off(self) -> None:
        if self._nspawn.poll() is None:
            self.run("systemctl", "poweroff")
        try:
            self._nspawn.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self._nspawn.pid, signal.SIGKILL)
            self._nspawn.wait(10)


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    machine = Machine(root)
    try:
        yield machine
    finally:
        machine.close()


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    """Until ``condition`` holds; fails loudly when it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it did not come true within {seconds:.0f} s"
        time.sleep(0.1)


def _child(parent: int) -> int:
    """The process that ``parent`` started; 0 for none."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[1]) == parent:
            return int(folder.name)
    return 0

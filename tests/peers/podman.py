"""Containers for real, by podman in a storage of the test's own, also where no registry can be reached.

The base image of the Dockerfile is then stood in for by one made of Debian's packages under the same
name, and the Dockerfile is built unchanged. Needs root, and apt: podman podman-compose runc mmdebstrap
netavark aardvark-dns iptables.
"""

import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.peers.listening import free_port

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("podman", "podman-compose", "runc", "mmdebstrap", "iptables")
TAG = "localhost/vmart-backend:test"
_CA = Path("/etc/ssl/certs/ca-certificates.crt")
_BASE_PACKAGES = "ca-certificates,netbase,tzdata,python3,python3-pip,python-is-python3"
_WITHOUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


class Podman:
    """An engine with nothing in it at first."""

    def __init__(self) -> None:
        # not pytest's folder: sockets in it must have short names
        self.folder = Path(tempfile.mkdtemp(prefix="vmart-podman-"))
        self.environment = os.environ | self._configured()

    def __call__(self, *words: str, check: bool = True, seconds: float = 120) -> str:
        """What ``podman WORDS`` prints on standard output."""
        done = self.run(*words, seconds=seconds)
        if check and done.returncode:
            raise AssertionError(f"podman {' '.join(words)}: {done.stderr}")
        return done.stdout.strip()

    def run(self, *words: str, seconds: float = 120) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["podman", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def build(self, *words: str, tag: str = TAG) -> None:
        """``python3 build.py image``, with this machine's certificates and network where packages are
        fetched; nothing of them stays in the image."""
        command = [sys.executable, str(ROOT / "build.py"), "image", "--tool", "podman", "--tag", tag]
        done = subprocess.run(
            [*command, *words, *self.build_options()],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    def build_options(self) -> list[str]:
        pip = self.folder / "pip.conf"
        pip.write_text(f"[global]\ncert = {_CA}\ntimeout = 180\n{_index()}")
        mounts = [f"{pip}:/etc/pip.conf:ro"] + ([f"{_CA}:{_CA}:ro"] if _CA.exists() else [])
        return ["--pull=never", "--network=host", *[word for mount in mounts for word in ("--volume", mount)]]

    def make_base(self) -> None:
        """What the Dockerfile is built on. Debian's packages are kept in build/ for the next run."""
        base = base_of_the_dockerfile()
        recipe = hashlib.sha256(f"{_BASE_PACKAGES} {_WITHOUT}".encode()).hexdigest()[:12]
        kept = ROOT / "build" / "image-base" / f"{recipe}.tar"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            fresh = kept.with_suffix(f".{os.getpid()}")
            without = [f"--dpkgopt=path-exclude={pattern}" for pattern in _WITHOUT]
            command = ["mmdebstrap", "--quiet", "--format=tar", "--variant=minbase"]
            command += [f"--include={_BASE_PACKAGES}", *without, "bookworm", str(fresh), str(_sources())]
            done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
            assert done.returncode == 0, done.stderr[-2000:]
            fresh.replace(kept)
        self("import", "--quiet", "--change", 'CMD ["python3"]', str(kept), base, seconds=300)

    def remove(self) -> None:
        self.run("rm", "--all", "--force", "--time", "0")
        self.run("volume", "prune", "--force")
        self.run("rmi", "--all", "--force")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _configured(self) -> dict[str, str]:
        """For machines without systemd as their first process, and with limits that cannot be raised."""
        files = _most("/proc/sys/fs/nr_open", resource.RLIMIT_NOFILE)
        processes = _most("/proc/sys/kernel/pid_max", resource.RLIMIT_NPROC)
        containers = self.folder / "containers.conf"
        containers.write_text(
            "[containers]\n"
            f'default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]\n'
            "[engine]\n"
            'runtime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
            "[network]\n"
            'network_backend = "netavark"\n'
            f'network_config_dir = "{self.folder}/networks"\n'
        )
        storage = self.folder / "storage.conf"
        storage.write_text(
            "[storage]\n"
            'driver = "overlay"\n'
            f'graphroot = "{self.folder}/root"\nrunroot = "{self.folder}/run"\n'
        )
        return {"CONTAINERS_CONF": str(containers), "CONTAINERS_STORAGE_CONF": str(storage)}


class Container:
    """A backend in a container; ``with`` removes it, and leaves its named volumes."""

    def __init__(
        self, podman: Podman, *options: str, command: tuple[str, ...] = (), image: str = TAG
    ) -> None:
        self.podman = podman
        self.port = free_port()
        self.id = podman(
            "run", "--detach", f"--publish=127.0.0.1:{self.port}:5000", *options, image, *command
        )

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, *_: object) -> None:
        self.podman("rm", "--force", "--time", "0", self.id)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        """The first administrator's."""
        return self.exec("cat", "/app/state/administrator.key")

    def exec(self, *words: str, check: bool = True) -> str:
        return self.podman("exec", self.id, *words, check=check)

    def logs(self) -> str:
        done = self.podman.run("logs", self.id)
        return done.stdout + done.stderr

    def state(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.podman("inspect", self.id))[0]["State"]
        return found

    def wait_until_healthy(self, seconds: float = 60) -> float:
        """Runs the image's own check, as an engine does every few seconds. How long it took."""
        started = time.monotonic()
        while self.podman.run("healthcheck", "run", self.id).returncode:
            assert self.state()["Running"], self.logs()
            assert time.monotonic() < started + seconds, self.logs()
            time.sleep(0.1)
        return time.monotonic() - started

    def wait_until_ended(self, seconds: float = 60) -> int:
        """Its exit code."""
        return int(self.podman("wait", self.id, seconds=seconds))

    def stop(self, seconds: int = 30) -> int:
        self.podman("stop", "--time", str(seconds), self.id)
        return int(self.state()["ExitCode"])


def base_of_the_dockerfile() -> str:
    found = re.search(r"^ARG BASE=(\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found[1]


def _sources() -> Path:
    """Where this machine's own Debian packages come from."""
    places = [*Path("/etc/apt/sources.list.d").glob("*.sources"), Path("/etc/apt/sources.list")]
    for place in places:
        if place.exists() and "bookworm" in place.read_text():
            return place
    raise AssertionError("No apt source of this machine has Debian 12, which the stand-in base is made of.")


def _index() -> str:
    """A package index of this machine's own, where it has one."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"index-url = {done.stdout.strip()}\n" if done.returncode == 0 else ""


def _most(file: str, limit: int) -> int:
    most = int(Path(file).read_text())
    hard = resource.getrlimit(limit)[1]
    return most if hard == resource.RLIM_INFINITY else min(hard, most)


def missing() -> str:
    """Why no container can be run here; empty when one can."""
    absent = [tool for tool in NEEDED if shutil.which(tool) is None]
    if absent:
        return f"THERE IS NO {', '.join(absent).upper()} HERE: the image is NOT built and NOT tested."
    if os.geteuid() != 0:
        return "NOT ROOT: the image is NOT built and NOT tested on this machine."
    return ""


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    """With the image of this checkout, under TAG."""
    if reason := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    engine = Podman()
    try:
        engine.make_base()
        engine.build()
        yield engine
    finally:
        engine.remove()

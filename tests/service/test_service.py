"""The service's life in a booted Debian, in order: installed by the page's commands, used, killed, hung,
reloaded, rebooted, upgraded, removed. Each test goes on where the one before stopped."""

import signal
import socket
import ssl
import time
from collections.abc import Iterator

import pytest

from tests.docs.pages import commands
from tests.peers.certificate import company_certificate
from tests.service.installed import Installed, ask_on
from tests.service.machine import Machine, wait_until

pytestmark = pytest.mark.slow

SECTION = "A backend with systemd"
UNIT = "vmart-backend"


def documented(text: str) -> str:
    """The one command of the page that has this text in it."""
    [found] = {line for line in commands("docs/install.md", SECTION) if text in line}
    return found


@pytest.fixture(scope="module")
def files_before(machine: Machine) -> set[str]:
    return files_of(machine)


@pytest.fixture(scope="module")
def service(machine: Machine, files_before: set[str]) -> Iterator[Installed]:
    machine.sh("sh packaging/systemd/install.sh")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    installed = Installed(machine, port)
    installed.configure(port=str(port))
    yield installed
    print(machine.journal())


def files_of(machine: Machine) -> set[str]:
    folders = "/etc /opt /srv /usr /var /root /run/credentials"
    return set(machine.sh(f"find {folders} -xdev").splitlines())


def test_the_commands_of_the_page_install_a_service_that_is_healthy_in_seconds(service: Installed) -> None:
    machine = service.machine
    assert not service.is_healthy()
    started = time.monotonic()
    machine.sh(documented("systemctl start"))
    assert service.is_healthy(), machine.journal()  # start returns when it serves
    print(f"healthy after {time.monotonic() - started:.1f} s")
    assert time.monotonic() - started < 30
    assert "Serving at http://127.0.0.1:" in machine.sh(documented("systemctl status"))
    assert machine.run("systemctl", "is-enabled", UNIT).stdout.strip() == "enabled"


def test_it_answers_a_query_with_a_key(service: Installed) -> None:
    machine = service.machine
    machine.sh("mkdir /srv/shop && printf 'zone,amount\\nnorth,5\\nsouth,7\\n' >/srv/shop/sales.csv")
    service.key = machine.sh(documented("administrator.key").replace("rm ", "cat "))
    connection = {"name": "shop", "type": "filesystem", "params": {"root": "/srv/shop"}}
    assert service.ask("POST", "/api/connections", connection).status == 201
    service.key = machine.sh(documented("generate-key"))
    assert service.total() == 12

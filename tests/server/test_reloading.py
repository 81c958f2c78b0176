"""SIGHUP: what changes while the backend serves, what does not, and what is refused."""

import http.client
import os
import signal
import ssl
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.reloading import AT_ONCE, compare
from shared.settings import BackendSettings, parse
from tests.peers.certificate import company_certificate
from tests.server.processes import BackendProcess
from tests.server.running import wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP")


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[BackendProcess]:
    running = BackendProcess(tmp_path / "home")
    yield running
    assert running.process.poll() is None, "it must never stop because of a reload"
    assert running.stop() == 0
    assert not any("Traceback" in line for line in running.lines)


def reload(backend: BackendProcess, more: str, said: str) -> str:
    """Writes the settings, sends SIGHUP, waits for the line of the log that has ``said`` in it."""
    backend.configure(more)
    return hang_up(backend, said)


def hang_up(backend: BackendProcess, said: str) -> str:
    seen = len(backend.lines)
    backend.process.send_signal(signal.SIGHUP)
    wait_until(lambda: any(said in line for line in backend.lines[seen:]))
    return next(line for line in backend.lines[seen:] if said in line)


def status(backend: BackendProcess, path: str = "/api/connections") -> int:
    try:
        backend.ask("GET", path)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def test_addresses_and_rates_change_from_the_next_call_on(backend: BackendProcess) -> None:
    assert status(backend) == 200
    line = reload(backend, 'security: {allowed_ips: ["10.9.9.9"]}', "Read the settings")
    assert "security.allowed_ips" in line
    assert status(backend) == 403
    assert status(backend, "/health") == 200
    reload(backend, 'security: {rate_limit: "2/hour"}', "security.rate_limit")
    assert [status(backend) for _ in range(3)] == [200, 200, 429]
    reload(backend, "", "security.rate_limit")
    assert status(backend) == 200


def test_a_proxy_is_trusted_from_the_next_call_on(backend: BackendProcess) -> None:
    reload(
        backend,
        'security: {allowed_ips: ["10.9.9.9"], trusted_proxies: ["127.0.0.1"]}',
        "security.trusted_proxies",
    )
    connection = http.client.HTTPConnection(backend.url.removeprefix("http://"), timeout=20)
    headers = {"Authorization": f"Bearer {backend.key}", "X-Forwarded-For": "10.9.9.9"}
    connection.request("GET", "/api/connections", headers=headers)
    assert connection.getresponse().status == 200
    connection.close()


def test_limits_of_queries_change_on_connections_that_are_open(backend: BackendProcess) -> None:
    folder = backend.home.parent / "shop"
    folder.mkdir()
    (folder / "numbers.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(50)))
    shop = {"name": "shop", "type": "filesystem", "params": {"root": str(folder)}}
    backend.ask("POST", "/api/connections", shop)
    connection = http.client.HTTPConnection(backend.url.removeprefix("http://"), timeout=20)

    def rows() -> int:
        headers = {"Authorization": f"Bearer {backend.key}", "Content-Type": "application/json"}
        body = msgspec.json.encode({"connection": "shop", "query": "SELECT n FROM numbers"})
        connection.request("POST", "/api/query", body, headers)
        return int(msgspec.json.decode(connection.getresponse().read())["row_count"])

    assert rows() == 50
    reload(backend, "database: {default_rows: 7, query_timeout: 900}", "database.query_timeout")
    assert rows() == 7
    connection.close()


def test_the_log_changes_its_level_and_its_file(backend: BackendProcess) -> None:
    file = backend.home / "logs" / "backend.log"
    reload(backend, f"logging: {{level: INFO, file: {file}}}", "logging.file")
    wait_until(lambda: "logging.file" in file.read_text())
    file.rename(moved := file.with_name("moved.log"))  # as logrotate does
    hang_up(backend, "no setting changed")
    wait_until(lambda: file.exists() and "no setting changed" in file.read_text())
    assert "no setting changed" not in moved.read_text()
    backend.configure('logging: {level: ERROR}\nsecurity: {allowed_ips: ["10.9.9.9"]}')
    backend.process.send_signal(signal.SIGHUP)
    wait_until(lambda: status(backend) == 403)
    quiet_from = len(backend.lines)
    backend.process.send_signal(signal.SIGHUP)
    reload(backend, "logging: {level: LOUD}", "The settings stay as they were")
    assert not any(" INFO " in line for line in backend.lines[quiet_from:])


def test_what_needs_a_restart_is_named_until_then(backend: BackendProcess) -> None:
    url = backend.url
    more = 'database: {max_connections: 3, default_rows: 9}\nstore: {url: ""}\nsecurity: {max_body_mb: 1}'
    for expected in ("database.default_rows", "no setting changed"):
        seen = len(backend.lines)
        reload(backend, more, "Changed too, but in force only from the next start on")
        assert any(expected in line for line in backend.lines[seen:])
        [line] = [line for line in backend.lines[seen:] if "next start" in line]
        assert line.strip().endswith("next start on: security.max_body_mb, database.max_connections")
    assert backend.url == url
    assert status(backend) == 200


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"server: {port: 0, prot: 1}", "has no setting called 'prot'"),
        (b"server: [", "Correct the YAML there"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"security: {rate_limit: often}", "is not a rate"),
        (b"security: {allowed_ips: [here]}", "security.allowed_ips"),
        (b"security: {allowed_ips: ['${NOT_SET}']}", "needs the environment variable NOT_SET"),
        (b"server: {ssl_cert: /nowhere.pem}", "must be PEM files"),
        (b"logging: {file: /proc/no/such.log}", "No such file or directory"),
        (b"database: {query_timeout: 0}", "database.query_timeout must be above 0"),
        (None, "There is no settings file at"),
    ],
)
def test_a_broken_file_is_refused_in_one_sentence_and_the_old_settings_stay(
    backend: BackendProcess, content: bytes | None, said: str
) -> None:
    reload(backend, 'security: {rate_limit: "4/hour"}', "security.rate_limit")
    if content is None:
        backend.config.unlink()
    else:
        backend.config.write_bytes(content)
    line = hang_up(backend, "The settings stay as they were")
    assert said in line
    assert "ERROR" in line
    assert [status(backend) for _ in range(5)] == [200, 200, 200, 200, 429]


def test_a_storm_of_hangups_ends_with_the_last_settings(backend: BackendProcess) -> None:
    for number in range(30):
        backend.configure(f"database: {{default_rows: {number + 1}}}")
        backend.process.send_signal(signal.SIGHUP)
        assert status(backend, "/health") == 200
    reload(backend, "database: {default_rows: 4711}", "Read the settings")
    wait_until(lambda: "default_rows" in "".join(backend.lines))
    hang_up(backend, "no setting changed")


class Secure:
    """A backend with TLS, and what its clients see."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate, self.key = folder / "cert.pem", folder / "key.pem"
        self.renew()
        self.backend = BackendProcess(folder / "home", server=self.section())
        self.port = int(self.backend.url.rpartition(":")[2])

    def section(self, more: str = "") -> str:
        return f"{{port: 0, ssl_cert: {self.certificate}, ssl_key: {self.key}{more}}}"

    def renew(self) -> None:
        key, certificate = company_certificate()
        self.key.write_bytes(key)
        self.certificate.write_bytes(certificate)
        self.trusted = ssl.create_default_context(cafile=str(self.certificate))

    def connect(self, context: ssl.SSLContext) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)


def health(connection: http.client.HTTPSConnection) -> Any:
    connection.request("GET", "/health")
    return msgspec.json.decode(connection.getresponse().read())["status"]


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Secure]:
    secure = Secure(tmp_path)
    yield secure
    assert secure.backend.stop() == 0
    assert not any("Traceback" in line for line in secure.backend.lines)


def test_new_connections_get_the_new_certificate_and_old_ones_go_on(secure: Secure) -> None:
    before = secure.trusted
    old = secure.connect(before)
    assert health(old) == "ok"
    secure.renew()
    hang_up(secure.backend, "Read the settings and certificates again")
    assert health(secure.connect(secure.trusted)) == "ok"
    with pytest.raises(ssl.SSLCertVerificationError):
        health(secure.connect(before))
    assert health(old) == "ok"
    old.close()


def test_half_a_pair_is_refused_and_the_old_pair_stays(secure: Secure) -> None:
    before, certificate = secure.trusted, secure.certificate.read_bytes()
    secure.renew()
    secure.certificate.write_bytes(certificate)  # the key is the new one
    line = hang_up(secure.backend, "The settings stay as they were")
    assert "must be PEM files that belong together" in line
    assert health(secure.connect(before)) == "ok"


def test_a_client_certificate_can_be_demanded_from_now_on(secure: Secure) -> None:
    assert health(secure.connect(secure.trusted)) == "ok"
    reload(secure.backend, f"security: {{client_ca: {secure.certificate}}}", "security.client_ca")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        health(secure.connect(secure.trusted))
    secure.trusted.load_cert_chain(secure.certificate, secure.key)
    assert health(secure.connect(secure.trusted)) == "ok"


def test_tls_comes_and_goes_with_a_restart_only(secure: Secure) -> None:
    secure.backend.server = "{port: 0}"
    line = reload(secure.backend, "", "next start")
    assert line.strip().endswith("server.ssl_cert, server.ssl_key")
    assert health(secure.connect(secure.trusted)) == "ok"


def test_a_closed_terminal_stops_it_where_a_hangup_reloads_it(tmp_path: Path) -> None:
    import pty  # which Windows has not

    home = tmp_path / "home"
    home.mkdir()
    config = home / "backend_config.yaml"
    config.write_text("server: {port: 0}\n")
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have ignored it
        os.environ["VMART_HOME"] = str(home)
        os.chdir(Path(__file__).parents[2])
        os.execv(sys.executable, [sys.executable, "-m", "server", "serve", "--config", str(config)])  # noqa: S606 - in a terminal of its own
    shown = read_until(terminal, b"Serving at")
    assert b"API key, shown this once" in shown
    os.kill(pid, signal.SIGHUP)
    read_until(terminal, b"no setting changed")
    os.close(terminal)
    ended: list[int] = []

    def has_ended() -> bool:
        found, code = os.waitpid(pid, os.WNOHANG)
        ended.extend([os.waitstatus_to_exitcode(code)] if found else [])
        return bool(ended)

    try:
        wait_until(has_ended)
    finally:
        if not ended:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    assert ended == [0]


def read_until(terminal: int, text: bytes) -> bytes:
    shown = b""
    while text not in shown:
        shown += os.read(terminal, 65_536)
    return shown


def settings(text: str) -> BackendSettings:
    return parse(text, BackendSettings, source="test", environ={})


def test_what_waits_for_a_restart_stays_as_it_is_in_force() -> None:
    old = settings("server: {port: 1}\nlogging: {level: INFO}")
    change = compare(old, settings("server: {port: 2}\nlogging: {level: DEBUG}"))
    assert (change.now, change.later) == (("logging.level",), ("server.port",))
    assert change.settings == settings("server: {port: 1}\nlogging: {level: DEBUG}")


def test_what_changes_at_once_are_settings_that_exist() -> None:
    known = {
        f"{section.name}.{field.name}"
        for section in msgspec.structs.fields(BackendSettings)
        for field in msgspec.structs.fields(section.type)
    }
    assert known > AT_ONCE

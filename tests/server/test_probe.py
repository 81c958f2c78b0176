"""``python -m server health``, and where commands find their settings."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.cli import main
from server.settings_file import choose
from shared.errors import SettingsInvalid
from tests.peers.certificate import company_certificate
from tests.server.processes import BackendProcess


def health(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["health", *arguments])
    out, err = capsys.readouterr()
    said = out if code == 0 else err
    assert len(said.strip().splitlines()) == 1
    assert (err if code == 0 else out) == ""
    return code, said


def ended_with(request: pytest.FixtureRequest, backend: BackendProcess) -> BackendProcess:
    """Killed at the end of the test, should it still run."""
    request.addfinalizer(backend.process.kill)
    return backend


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Something at an address that says the same to everybody."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_backend_that_serves_is_healthy_and_one_that_stopped_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    backend = ended_with(request, BackendProcess(tmp_path / "home"))
    config = tmp_path / "backend_config.yaml"
    config.write_text(f"server: {{host: 0.0.0.0, port: {backend.url.rpartition(':')[2]}}}\n")
    assert health(capsys, "--config", str(config))[0] == 0
    code, said = health(capsys, "--url", backend.url + "/")
    assert code == 0
    assert "healthy" in said
    assert backend.stop() == 0
    assert health(capsys, "--config", str(config)) == health(
        capsys, "--url", f"http://127.0.0.1:{backend.url.rpartition(':')[2]}"
    )
    code, said = health(capsys, "--url", backend.url)
    assert code == 1
    assert "does not answer" in said


def test_the_certificate_is_checked_only_where_it_names_the_host(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    for file, content in zip((key, certificate), company_certificate(), strict=True):
        file.write_bytes(content)
    other = tmp_path / "other.pem"
    other.write_bytes(company_certificate()[1])
    server = f"{{port: 0, ssl_cert: {certificate}, ssl_key: {key}}}"
    for client_ca in ("", str(certificate), str(other)):
        security = f'security: {{client_ca: "{client_ca}"}}'
        backend = ended_with(request, BackendProcess(tmp_path / "home", server, security))
        config = tmp_path / "backend_config.yaml"
        with_port = server.replace("port: 0", "port: " + backend.url.rpartition(":")[2])
        config.write_text(f"server: {with_port}\n{security}\n")
        code, said = health(capsys, "--config", str(config))
        assert (code, "asks for a certificate" in said) == (0, str(other) == client_ca)
        code, said = health(capsys, "--url", backend.url)
        assert code == 1
        assert "not trusted" in said
        assert backend.stop() == 0
        assert health(capsys, "--config", str(config))[0] == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"status":"bad"}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ],
)
def test_what_is_no_backend_is_not_healthy(capsys: pytest.CaptureFixture[str], answer: bytes) -> None:
    with answering(answer) as url:
        assert health(capsys, "--url", url)[0] == 1


@pytest.mark.parametrize("url", ["backend:5000", "ftp://x", "http://", "http://x:many", "http://x:99999", ""])
def test_what_is_no_address_is_told(capsys: pytest.CaptureFixture[str], url: str) -> None:
    code, said = health(capsys, "--url", url)
    assert code == 1
    assert "--url" in said


def test_a_port_that_only_the_log_knows_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "backend_config.yaml"
    config.write_text("server: {port: 0}")
    assert "--url" in health(capsys, "--config", str(config))[1]


def test_the_sample_stands_in_for_a_file_that_is_not_there_and_only_then(tmp_path: Path) -> None:
    file, sample = tmp_path / "config" / "backend_config.yaml", tmp_path / "sample.yaml"
    sample.write_text("server: {port: 5001}")
    environ = {"VMART_CONFIG": str(file), "VMART_SAMPLE_CONFIG": str(sample)}
    chosen = choose(None, environ)
    assert chosen.settings.server.port == 5001
    assert str(file) in chosen.remarks[0]
    file.parent.mkdir()
    file.write_text("server: {port: 5002}")
    chosen = choose(None, environ)
    assert (chosen.settings.server.port, chosen.remarks) == (5002, ())
    file.write_text("server: {porrt: 1}")
    with pytest.raises(SettingsInvalid, match="porrt"):
        choose(None, environ)
    with pytest.raises(SettingsInvalid, match="no settings file"):
        choose(tmp_path / "named.yaml", environ)


def test_the_folder_for_logs_is_used_when_nothing_else_is_said(tmp_path: Path) -> None:
    assert choose(None, {"VMART_LOGS": str(tmp_path)}).settings.logging.file == str(tmp_path / "backend.log")
    named = tmp_path / "named.yaml"
    named.write_text("logging: {file: /elsewhere.log}")
    assert choose(named, {"VMART_LOGS": str(tmp_path)}).settings.logging.file == "/elsewhere.log"
    chosen = choose(None, {"VMART_LOGS": str(tmp_path / "missing")})
    assert chosen.settings.logging.file == ""
    assert "standard error only" in chosen.remarks[0]


def test_a_backend_that_nobody_can_reach_in_its_container_is_told(tmp_path: Path) -> None:
    file = tmp_path / "backend_config.yaml"
    file.write_text("server: {workers: 2}")
    environ = {"VMART_CONFIG": str(file), "VMART_IN_CONTAINER": "1"}
    assert "nobody outside this container" in choose(None, environ).remarks[0]
    file.write_text('server: {host: "0.0.0.0"}')
    assert choose(None, environ).remarks == ()


def test_the_sample_of_the_image_is_a_settings_file_and_names_only_what_there_is() -> None:
    sample = Path(__file__).parents[2] / "packaging" / "image" / "backend_config.yaml"
    settings = choose(sample, {}).settings
    assert settings.server.host == "0.0.0.0"  # noqa: S104 - in a container
    assert (settings.server.port, settings.server.workers) == (5000, 1)

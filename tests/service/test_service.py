"""The service's life in a booted Debian, in order: installed by the page's commands, used, killed, hung,
reloaded, rebooted, upgraded, removed. Each test goes on where the one before stopped."""

import shutil
import ssl
import time
from collections.abc import Iterator

import pytest

from tests.peers.certificate import company_certificate
from tests.peers.listening import free_port
from tests.service.installed import CONFIG, Installed, ask_on
from tests.service.machine import PROJECT, Machine, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("story")]

UNIT = "vmart-backend"


@pytest.fixture(scope="module")
def files_before(machine: Machine) -> set[str]:
    return files_of(machine)


@pytest.fixture(scope="module")
def service(machine: Machine, files_before: set[str]) -> Iterator[Installed]:
    port = free_port()
    installed = Installed(machine, port)
    installed.documented("sh packaging/systemd/install.sh")
    installed.configure(port=str(port))
    machine.sh("printf 'a-password' >/etc/vmart/secrets/postgres")
    yield installed
    print(machine.journal())


def files_of(machine: Machine) -> set[str]:
    folders = "/etc /opt /srv /usr /var /root /run/credentials"
    return set(machine.sh(f"find {folders} -xdev").splitlines())


def test_the_commands_of_the_page_install_a_service_that_is_healthy_in_seconds(service: Installed) -> None:
    machine = service.machine
    assert not service.is_healthy()
    started = time.monotonic()
    service.documented("systemctl start")
    assert service.is_healthy(), machine.journal()  # start returns when it serves
    print(f"healthy after {time.monotonic() - started:.1f} s")
    assert time.monotonic() - started < 30
    assert "Serving at http://127.0.0.1:" in service.documented("systemctl status")
    assert machine.run("systemctl", "is-enabled", UNIT).stdout.strip() == "enabled"


def test_it_answers_a_query_with_a_key(service: Installed) -> None:
    machine = service.machine
    machine.sh("mkdir /srv/shop && printf 'zone,amount\\nnorth,5\\nsouth,7\\n' >/srv/shop/sales.csv")
    service.key = service.documented("cat /var/lib/vmart")
    connection = {"name": "shop", "type": "filesystem", "params": {"root": "/srv/shop"}}
    assert service.ask("POST", "/api/connections", connection).status == 201
    service.key = service.documented("vmart-backend generate-key")
    service.documented("rm /var/lib/vmart")
    assert service.total() == 12
    data = {"data": [{"zone": "north", "amount": 5}, {"zone": "south", "amount": 7}], "question": "zones"}
    assert service.ask("POST", "/api/ai/analyze", data).status == 200


def test_the_unit_has_no_fault_and_the_process_no_rights(service: Installed) -> None:
    machine = service.machine
    assert machine.sh(f"systemd-analyze verify --recursive-errors=one {UNIT}.service 2>&1") == ""
    machine.sh(f"systemd-analyze security --threshold=20 {UNIT}.service")
    status = machine.sh(f"cat /proc/{service.main_pid()}/status")
    facts = {name: value.strip() for name, _, value in (line.partition(":") for line in status.splitlines())}
    assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
    secret = "/run/credentials/vmart-backend.service/secret_postgres"
    assert machine.sh(f"stat --format='%a %U' {secret}") == "400 vmart"
    assert facts["Uid"].split()[0] == machine.sh("id -u vmart") != "0"


def test_it_does_not_see_the_homes_of_people(service: Installed) -> None:
    service.machine.sh("mkdir -p /home/asha && cp /srv/shop/sales.csv /home/asha/ && chmod -R a+rX /home")
    administrator = service.machine.sh("vmart-backend generate-key --name admin --roles admin")
    mine, service.key = service.key, administrator
    home = {"name": "home", "type": "filesystem", "params": {"root": "/home/asha"}}
    assert service.ask("POST", "/api/connections", home).status == 201
    answer = service.ask("POST", "/api/query", {"connection": "home", "query": "SELECT * FROM sales"})
    assert answer.status >= 400
    service.key = mine


def test_killed_it_is_started_again_with_everything_it_knew(service: Installed) -> None:
    before = service.main_pid()
    service.machine.sh(f"kill -KILL {before}")
    wait_until(lambda: service.main_pid() not in (0, before), 60)
    service.wait_until_healthy()
    assert service.total() == 12


def test_when_it_hangs_the_watchdog_starts_it_again(service: Installed) -> None:
    machine = service.machine
    drop_in = service.file(f"etc/systemd/system/{UNIT}.service.d/quick.conf")
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nWatchdogSec=6\n")  # half a minute is long for a test
    machine.sh(f"systemctl daemon-reload && systemctl restart {UNIT}")
    before = service.main_pid()
    time.sleep(7)  # longer than the watchdog waits: while it lives it is left alone
    assert service.main_pid() == before
    machine.sh(f"kill -STOP {before}")
    wait_until(lambda: service.main_pid() not in (0, before), 90)
    service.wait_until_healthy()
    assert service.total() == 12
    journal = machine.sh(f"journalctl --unit={UNIT} --no-pager")
    assert "Watchdog timeout" in journal
    assert "Fatal Python error: Aborted" in journal  # with the stack of each thread
    drop_in.unlink()
    drop_in.parent.rmdir()
    machine.sh(f"systemctl daemon-reload && systemctl restart {UNIT}")


def test_several_workers_serve_as_one_service(service: Installed) -> None:
    service.configure(workers="2")
    service.machine.sh(f"systemctl restart {UNIT}")
    assert "with 2 workers" in service.status_line()
    assert service.total() == 12
    service.configure(allowed_ips='["10.9.9.9"]')
    service.documented("systemctl reload")
    wait_until(lambda: {service.ask("GET", "/api/connections").status for _ in range(9)} == {403}, 30)
    service.configure(workers="1", allowed_ips='["127.0.0.1"]')
    service.machine.sh(f"systemctl restart {UNIT}")


def test_a_reload_takes_over_the_allowlist_and_the_rate_limit(service: Installed) -> None:
    before = service.main_pid()
    service.configure(allowed_ips='["10.9.9.9"]')
    assert service.documented("vmart-backend check-config") == "The settings can be used."
    service.documented("systemctl reload")
    wait_until(lambda: service.ask("GET", "/api/connections").status == 403, 30)
    service.configure(allowed_ips='["127.0.0.1"]', rate_limit='"2/hour"')
    service.documented("systemctl reload")
    wait_until(lambda: service.ask("GET", "/api/connections").status == 429, 30)
    service.configure(rate_limit='"6000/hour"')
    service.machine.sh(f"kill -HUP {service.main_pid()}")
    wait_until(lambda: service.ask("GET", "/api/connections").status == 200, 30)
    assert service.main_pid() == before
    assert "security.rate_limit" in service.documented("journalctl")


def test_tls_waits_for_a_restart_and_says_so(service: Installed) -> None:
    certify(service, 1)
    service.configure(ssl_cert="/etc/vmart/tls/backend.pem", ssl_key="/etc/vmart/tls/backend.key")
    service.documented("systemctl reload")
    wait_until(lambda: "from the next start on: server.ssl_cert" in service.machine.journal(), 30)
    assert service.is_healthy()
    service.machine.sh(f"systemctl restart {UNIT}")
    service.tls = trusting(service, 1)
    assert service.total() == 12


def test_a_reload_brings_a_new_certificate_and_leaves_connections_alone(service: Installed) -> None:
    old = service.connect()
    assert ask_on(old, "GET", "/health", "").status == 200
    certify(service, 2)
    service.documented("systemctl reload")
    service.tls = trusting(service, 2)
    wait_until(service.is_healthy, 30)
    assert service.total() == 12
    assert ask_on(old, "GET", "/api/connections", service.key).status == 200
    old.close()


def test_what_is_broken_is_refused_and_the_old_stays_in_force(service: Installed) -> None:
    machine, before = service.machine, service.main_pid()
    config, certificate = service.file(CONFIG), service.file("etc/vmart/tls/backend.pem")
    for file, broken, said in (
        (config, b"server: {prot: 5000}\n", "has no setting called 'prot'"),
        (certificate, b"no certificate at all\n", "must be PEM files that belong together"),
    ):
        good = file.read_bytes()
        file.write_bytes(broken)
        assert machine.run("systemctl", "reload", UNIT).returncode != 0
        machine.sh(f"kill -HUP {before}")  # as somebody does who knows no better
        wait_until(lambda said=said: said in service.status_line(), 30)  # type: ignore[misc]
        assert said in machine.sh(f"journalctl --unit={UNIT} --priority=err --no-pager")
        assert service.total() == 12
        file.write_bytes(good)
        service.documented("systemctl reload")
        wait_until(lambda: "Not reloaded" not in service.status_line(), 30)
    assert service.main_pid() == before


def test_the_log_file_is_rotated(service: Installed) -> None:
    log = service.file("var/log/vmart/backend.log")
    assert "Serving at https://" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    service.configure(max_size_mb="1")
    service.machine.sh(f"truncate --size={1024 * 1024 - 10} /var/log/vmart/backend.log")
    service.documented("systemctl reload")
    wait_until(log.with_name("backend.log.1").exists, 30)
    wait_until(lambda: "logging.max_size_mb" in log.read_text(), 30)


def test_it_comes_back_with_the_machine(service: Installed) -> None:
    service.machine.reboot()
    service.wait_until_healthy()
    assert service.total() == 12


def test_the_master_key_can_be_sealed_to_the_machine(service: Installed) -> None:
    machine = service.machine
    sealing = next(
        line
        for line in (PROJECT / "docs/security.md").read_text().split("`")
        if line.startswith("systemd-creds")
    )
    machine.sh(sealing)
    drop_in = (PROJECT / "docs/security.md").read_text().partition("```\n[Service]")[2].partition("```")[0]
    folder = service.file(f"etc/systemd/system/{UNIT}.service.d")
    folder.mkdir()
    (folder / "key.conf").write_text("[Service]" + drop_in)
    machine.sh("mv /etc/vmart/master.key /srv/backup.key")
    service.documented("sh packaging/systemd/install.sh")  # makes no other key
    machine.sh(f"systemctl restart {UNIT}")
    assert not service.file("etc/vmart/master.key").exists()
    assert service.total() == 12
    shutil.rmtree(folder)
    machine.sh("mv /srv/backup.key /etc/vmart/master.key && rm /etc/vmart/master.key.sealed")


def test_an_upgrade_keeps_settings_and_state(service: Installed) -> None:
    machine = service.machine
    config, key = service.file(CONFIG), service.file("etc/vmart/master.key")
    kept = config.read_bytes(), key.read_bytes()
    release, pid = machine.sh("readlink /opt/vmart-backend/current"), service.main_pid()
    machine.sh("echo 'A newer page.' >>docs/install.md")
    taken = machine.run(
        "flock", "/run/vmart-backend.install", "sh", "/srv/project/packaging/systemd/install.sh"
    )
    assert (taken.returncode, "another installation is running" in taken.stderr) == (1, True)
    service.documented("sh packaging/systemd/install.sh")
    newer = machine.sh("readlink /opt/vmart-backend/current")
    assert release != newer
    assert machine.sh("ls -d /opt/vmart-backend/releases/*").split() == sorted([release, newer])
    assert (config.read_bytes(), key.read_bytes()) == kept
    assert service.main_pid() != pid
    assert service.total() == 12


def test_installed_once_more_it_goes_on_undisturbed(service: Installed) -> None:
    pid, releases = service.main_pid(), service.machine.sh("ls /opt/vmart-backend/releases")
    assert "runs already" in service.documented("sh packaging/systemd/install.sh")
    assert service.main_pid() == pid
    assert service.machine.sh("ls /opt/vmart-backend/releases") == releases


def test_removed_and_installed_again_it_takes_up_its_data(service: Installed) -> None:
    machine = service.machine
    machine.sh("cp --archive /opt/vmart-backend/environments /srv/")
    service.documented("sh packaging/systemd/uninstall.sh")
    assert not service.is_healthy()
    machine.sh("mkdir /opt/vmart-backend && mv /srv/environments /opt/vmart-backend/")  # not fetched again
    # as if it had run without the service: the master key lies beside the state
    machine.sh("mv /etc/vmart/master.key /var/lib/vmart/.key && chown vmart:vmart /var/lib/vmart/.key")
    machine.sh("sh packaging/systemd/install.sh --start")
    assert service.total() == 12
    assert service.file("etc/vmart/master.key").stat().st_mode & 0o777 == 0o600


def test_removed_it_leaves_nothing_but_data_and_purged_nothing(
    service: Installed, files_before: set[str]
) -> None:
    machine = service.machine
    service.documented("sh packaging/systemd/uninstall.sh")
    assert not service.is_healthy()
    data = ("/etc/vmart", "/var/lib/vmart", "/var/log/vmart")
    left = {file for file in files_of(machine) - files_before if ours(file)}
    assert {file for file in left if not file.startswith(data)} == set()
    assert set(data) < left
    machine.sh(f"mkdir /etc/systemd/system/{UNIT}.service.d")  # a drop-in goes too
    service.documented("sh packaging/systemd/uninstall.sh --purge")
    assert {file for file in files_of(machine) - files_before if ours(file)} == set()
    assert machine.run("id", "vmart").returncode != 0
    assert service.unused == set(), "commands of docs/install.md that no test ran"
    service.documented("sh packaging/systemd/uninstall.sh")  # once more does no harm


def certify(service: Installed, number: int) -> None:
    """Puts a certificate of its own where the service looks for it."""
    key, certificate = company_certificate()
    service.file(f"srv/trusted-{number}.pem").write_bytes(certificate)
    for name, content in (("backend.pem", certificate), ("backend.key", key)):
        service.file(f"etc/vmart/tls/{name}").write_bytes(content)
    service.machine.sh("chgrp vmart /etc/vmart/tls/* && chmod 640 /etc/vmart/tls/*")


def trusting(service: Installed, number: int) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(service.file(f"srv/trusted-{number}.pem")))


def ours(file: str) -> bool:
    """And not what the tests and the system wrote beside."""
    return not file.startswith(
        ("/srv/", "/root/.cache", "/var/log/journal", "/var/tmp/", "/var/lib/systemd/")
    )

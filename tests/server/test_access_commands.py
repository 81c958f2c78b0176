"""The commands about users, roles and keys, beside a backend and without one."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.access.key_text import looks_like_a_key
from server.cli import main
from tests.server.running import RunningBackend, start, wait_until

POLICIES = '- connection: numbers\n  tables:\n    - {table: sales, rows: "zone = {user.zone}"}\n'


class Shell:
    """The command line with a home of its own."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> str:
        code = main(arguments)
        out, err = self._capsys.readouterr()
        assert (code, err) == (0, ""), err
        return out

    def refused(self, *arguments: str) -> str:
        assert main(arguments) == 1
        out, err = self._capsys.readouterr()
        assert out == ""
        assert len(err.strip().splitlines()) == 1
        return err


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setenv("VMART_HOME", str(tmp_path))
    monkeypatch.delenv("VMART_CONFIG", raising=False)
    return Shell(capsys)


def test_users_roles_and_keys_are_made_changed_and_deleted(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "policies.yaml"
    file.write_text(POLICIES)
    shell("roles", "create", "north", "--permissions", "db_read", "--policies", str(file))
    shell(
        "users", "create", "asha", "--role", "north", "--attribute", "zone=North", "--attribute", "zone=East"
    )
    key = shell("generate-key", "--name", "laptop", "--user", "asha", "--expires", "30", "--rate", "9/second")
    assert looks_like_a_key(key.strip())
    shown = json.loads(shell("users", "show", "asha"))
    assert (shown["attributes"], shown["keys"]) == ({"zone": ["North", "East"]}, 1)
    may = json.loads(shell("users", "permissions", "asha"))
    assert [(one["permission"], one["sources"][0]["name"]) for one in may["permissions"]] == [
        ("db_read", "north")
    ]
    assert "user asha" in shell.refused("roles", "delete", "north")
    shell("users", "change", "asha", "--no-roles", "--no-active")
    key_id = json.loads(shell("keys", "list", "--search", "laptop", "--json"))["id"]
    assert json.loads(shell("keys", "show", key_id))["trouble"] == "The user 'asha' is not active."
    shell("users", "change", "asha", "--active")
    shell("keys", "change", key_id, "--expires", "never", "--allowed-ip", "10.0.0.0/8", "--rate", "")
    changed = json.loads(shell("keys", "show", key_id))
    assert (changed["expires_at"], changed["allowed_ips"], changed["rate_limit"]) == (
        None,
        ["10.0.0.0/8"],
        "",
    )
    assert looks_like_a_key(shell("keys", "rotate", key_id, "--overlap", "0.5").strip())
    shell("keys", "revoke", key_id)
    shell("users", "delete", "asha")
    shell("roles", "delete", "north")
    assert "laptop" in shell("keys", "list")
    assert shell("users", "list").split() == ["username", "email", "roles", "active", "keys"]


def test_lists_come_in_pages(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("asha", "bela", "chetan"):
        shell("users", "create", name)

    def page(*arguments: str) -> tuple[list[str], str]:
        assert main(["users", "list", "--json", "--limit", "2", *arguments]) == 0
        out, err = capsys.readouterr()
        return [json.loads(line)["username"] for line in out.splitlines()], err

    assert page() == (["asha", "bela"], "1 more: --after bela\n")
    assert page("--after", "bela") == (["chetan"], "")
    assert page("--search", "b") == (["bela"], "")
    assert "none of them" in shell.refused("users", "list", "--after", "nobody")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["users", "show", "nobody"], "no user called"),
        (["users", "create", "Asha"], "small letters"),
        (["users", "create", "asha", "--role", "king"], "no role called"),
        (["users", "create", "asha", "--attribute", "zone"], "NAME=VALUE"),
        (["roles", "create", "x", "--permissions", "db_raed"], "db_raed"),
        (["roles", "create", "x", "--policies", "/nowhere.yaml"], "/nowhere.yaml"),
        (["roles", "change", "admin", "--permissions", "db_read"], "built in"),
        (["keys", "revoke", "77"], "no key with the id"),
        (["generate-key", "--name", "a", "--role", "viewer", "--allowed-ip", "300.1.1.1"], "allowed_ips"),
        (["generate-key", "--name", "a", "--role", "viewer", "--rate", "often"], "rate_limit"),
        (["generate-key", "--name", "a", "--user", "nobody"], "no user called"),
    ],
)
def test_a_mistake_is_one_sentence(shell: Shell, arguments: list[str], said: str) -> None:
    assert said in shell.refused(*arguments)


def test_a_file_of_policies_with_a_mistake_is_named(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "policies.yaml"
    for text in ("- connection: 5\n", "- {connection: c, tables: [], colour: red}\n", "a: [\n", "5\n"):
        file.write_text(text)
        assert "policies.yaml" in shell.refused("roles", "create", "x", "--policies", str(file))


def test_the_last_administrator_stays_at_the_machine_too(shell: Shell) -> None:
    shell("generate-key", "--name", "administrator", "--role", "admin")
    key_id = json.loads(shell("keys", "list", "--json"))["id"]
    assert "no administrator left" in shell.refused("keys", "revoke", key_id)
    assert "no administrator left" in shell.refused("keys", "change", key_id, "--expires", "1")
    shell("generate-key", "--name", "second", "--role", "admin")
    shell("keys", "revoke", key_id)


def test_what_a_command_changes_a_running_backend_knows_within_a_second(
    backend: RunningBackend, shell: Shell
) -> None:
    shell("users", "create", "asha", "--role", "viewer")
    key = shell("generate-key", "--name", "laptop", "--user", "asha").strip()

    def status() -> int:
        return backend.ask("GET", "/api/connections", key=key).status

    assert status() == 200
    shell("users", "change", "asha", "--no-active")
    wait_until(lambda: status() == 401)


def test_what_is_done_by_a_command_is_in_the_audit_trail(backend: RunningBackend, shell: Shell) -> None:
    shell("users", "create", "asha", "--role", "viewer", "--email", "asha@example.com")
    key = shell("generate-key", "--name", "laptop", "--user", "asha").strip()
    shell.refused("roles", "delete", "viewer")
    shell("users", "list")

    def lines() -> list[dict[str, Any]]:
        return [line for line in backend.audit() if line["detail"].startswith("by a command")]

    wait_until(lambda: len(lines()) == 3)
    told = {
        (line["action"], line["target"], line["detail"], line["status"], line["code"]) for line in lines()
    }
    assert told == {
        ("users.create", "asha", "by a command: email roles", 200, ""),
        ("keys.create", "laptop", "by a command: name user", 200, ""),
        ("roles.delete", "viewer", "by a command", 409, "conflict"),
    }
    assert all(line["key_name"].endswith("(command)") and line["address"] for line in lines())
    assert key not in json.dumps(backend.audit())
    assert "asha@example.com" not in json.dumps(backend.audit())
    shell("verify-audit")


def test_what_was_done_before_the_first_start_is_told_then(shell: Shell, tmp_path: Path) -> None:
    shell("roles", "create", "north")
    shell("roles", "delete", "north")
    backend = start(tmp_path, [])
    try:
        wait_until(lambda: len(backend.audit()) >= 2)
        assert {line["action"] for line in backend.audit()[:2]} == {"roles.create", "roles.delete"}
    finally:
        backend.stop()
    assert not list((tmp_path / "backend" / "audit").glob("command-*"))

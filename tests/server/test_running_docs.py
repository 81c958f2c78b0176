"""docs/running-a-backend.md: every setting stands in it, with its default, and none that is not there."""

import base64
import re
import zlib
from pathlib import Path

import msgspec

from server.access.key_text import fresh_key
from server.reloading import AT_ONCE
from shared.settings import BackendSettings

PAGE = (Path(__file__).parents[2] / "docs" / "running-a-backend.md").read_text(encoding="utf-8")


def _settings() -> set[str]:
    return {
        f"{section.name}.{field.name}"
        for section in msgspec.structs.fields(BackendSettings)
        for field in msgspec.structs.fields(section.type)
    }


def test_every_setting_is_on_the_page_and_no_other() -> None:
    table = PAGE.partition("## Settings")[2].partition("\n## ")[0]
    sections = "|".join(msgspec.structs.asdict(BackendSettings()))
    documented = set(re.findall(rf"`((?:{sections})\.\w+)`", table))
    assert documented == _settings()


def test_what_a_reload_changes_is_what_the_page_lists() -> None:
    table = PAGE.partition("### While it runs")[2].partition("Every other setting")[0]
    assert set(re.findall(r"`([a-z]+\.\w+)`", table)) == AT_ONCE


def test_every_command_of_the_page_is_one_of_ours() -> None:
    commands = set(re.findall(r"python -m server ([a-z-]+)", PAGE))
    assert commands == {
        "backup",
        "check-config",
        "connect-code",
        "demo",
        "export-audit",
        "generate-key",
        "generate-master-key",
        "health",
        "open-config",
        "restore",
        "rotate-key",
        "roles",
        "seal-config",
        "serve",
        "users",
        "verify-audit",
    }


def test_the_page_tells_scanners_how_a_key_looks() -> None:
    expression = re.search(r"grep -rnE '(vmart_[^']+)'", PAGE)
    assert expression is not None
    key = fresh_key()
    assert re.fullmatch(expression[1], key)
    crc = zlib.crc32(key[:-6].encode()).to_bytes(4, "big")
    assert base64.urlsafe_b64encode(crc).decode().rstrip("=") == key[-6:]

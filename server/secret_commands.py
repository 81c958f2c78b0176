"""The commands about the master key and what it seals: arguments in, an exit code out.

Like cli, it imports nothing but Python's own before a command runs.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.vault import Vault

Add = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
"""Adds a command: its name, what runs it, and what it does."""


def add(command: Add) -> None:
    command(
        "generate-master-key",
        _generate_master_key,
        "Print a fresh master key, for VMART_MASTER_KEY or VMART_MASTER_KEY_FILE. Nothing is changed.",
    )
    seal = command("seal-config", _seal_config, "Seal a file with the master key, for --config and settings.")
    seal.add_argument("file", type=Path, metavar="FILE", help="it stays as it is: delete it afterwards")
    seal.add_argument("--to", type=Path, metavar="FILE", help="a new file (default: the same name with .enc)")
    seal.add_argument("--replace", action="store_true", help="write in place of one that is there")
    rotating = command(
        "rotate-key",
        _rotate_key,
        "Put a new master key before the old one and seal everything with it, while the backend serves.",
    )
    rotating.add_argument("--drop-old", action="store_true", help="take the older keys away in the end")
    rotating.add_argument("--config", type=Path, metavar="FILE", help="the settings file of the backend")
    reading = command("open-config", _open_config, "Show what stands in a sealed file.")
    reading.add_argument("file", type=Path, metavar="FILE", help="the sealed file")
    reading.add_argument("--to", type=Path, metavar="FILE", help="a new file instead of standard output")


def _rotate_key(parsed: argparse.Namespace) -> int:
    from server.by_hand import recorded
    from server.rotation import rotate
    from server.settings_file import choose, file_of
    from shared.paths import home

    settings = choose(parsed.config, os.environ).settings
    named = (file_of(parsed.config, os.environ), settings.security.api_keys_file)
    files = [Path(file) for file in named if file]
    with recorded("master_key.rotate", fields="drop_old" if parsed.drop_old else ""):
        done = rotate(settings.store.url, home(), os.environ, files=files, drop_old=parsed.drop_old)
    print(f"Sealed {done.texts} secrets with the new master key.")
    for file in done.files:
        print(f"Sealed {file} anew.")
    if not done.dropped:
        print("The older key still opens. When no other file is sealed with it: rotate-key --drop-old")
    else:
        print("The older keys are gone. Make a backup now: older ones hold their own key.")
    return 0


def _generate_master_key(_parsed: argparse.Namespace) -> int:
    from server.vault import fresh_key

    print(fresh_key())
    return 0


def _seal_config(parsed: argparse.Namespace) -> int:
    from server.vault import is_sealed
    from shared import private_files
    from shared.errors import InvalidRequest

    file: Path = parsed.file
    to: Path = parsed.to or file.with_name(f"{file.stem}.enc")
    if is_sealed(file):
        raise InvalidRequest(f"{file} is sealed already. See what is in it with: open-config {file}")
    plain = file.read_bytes()
    sealed = _vault(may_create=True).seal_file(plain)
    if parsed.replace:
        private_files.replace(to, sealed)
    else:
        _write_new(to, sealed, "Name another file, or add --replace.")
    print(f"Sealed {len(plain):,} bytes in {to}. Delete {file}, and keep no copy of it on this machine.")
    return 0


def _open_config(parsed: argparse.Namespace) -> int:
    from server.by_hand import recorded

    with recorded("sealed_file.open", str(parsed.file.absolute())):
        plain = _vault(may_create=False).open_sealed(parsed.file)
    if parsed.to is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(plain)
        sys.stdout.buffer.flush()
    else:
        _write_new(parsed.to, plain, "Name another file.")
        print(f"Wrote {len(plain):,} bytes in {parsed.to}, which only you can read.", file=sys.stderr)
    return 0


def _write_new(file: Path, content: bytes, remedy: str) -> None:
    from shared import private_files
    from shared.errors import Conflict

    try:
        private_files.write_new(file, content)
    except FileExistsError as error:
        raise Conflict(f"{file} is there already, and stays as it is. {remedy}") from error


def _vault(*, may_create: bool) -> "Vault":
    """Of this home. A key is made only where none can be lost: before there is any state."""
    from server.store.state import state_file
    from server.vault import open_vault
    from shared.paths import home

    fresh = may_create and not state_file(home()).exists()
    return open_vault(home() / ".key", create=fresh, environ=os.environ)

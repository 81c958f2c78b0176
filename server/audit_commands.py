"""The commands about the audit trail: arguments in, an exit code out.

Like cli, it imports nothing but Python's own before a command runs.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.store.state import State
    from server.vault import Vault
    from shared.settings import BackendSettings

Add = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
"""Adds a command: its name, what runs it, and what it does."""

Read = Callable[[Path | None], "BackendSettings"]


def add(command: Add, read: Read, config_help: str) -> None:
    verify = command(
        "verify-audit",
        lambda parsed: _verify(parsed, read),
        "Say whether the audit trail is as it was written; exit code 0 or 1.",
    )
    verify.add_argument("--head", metavar="HEAD", help="one that was printed before: it must still be there")
    verify.add_argument("--config", type=Path, metavar="FILE", help=config_help)


def _verify(parsed: argparse.Namespace, read: Read) -> int:
    from server.store.audit.chain import Sealer, Witness
    from server.store.audit.keys import key_for_reading
    from server.store.audit.verifying import parsed_mark, verify
    from shared.paths import home

    noted = None if parsed.head is None else parsed_mark(parsed.head)
    with _opened(read(parsed.config)) as state:
        sealer = Sealer(key_for_reading(state, _vault))
        found = verify(state, sealer, Witness(home() / "backend" / "audit" / "head", sealer), noted)
    for finding in found.findings:
        print(finding, file=sys.stderr)
    if found.older:
        print(f"{found.older:,} lines are older than the chain: nothing protects them.")
    span = f"{found.lines:,} lines, {found.first} to {found.head.sequence}"
    if found.lines:
        span += f", {found.begun_at} to {found.ended_at}"
    if not found.is_whole:
        print(f"The audit trail is not as it was written ({span}).", file=sys.stderr)
        return 1
    print(f"The audit trail is whole: {span}.")
    print(f"Its head is {found.head}. Keep it elsewhere: with --head it proves that nothing was cut off.")
    return 0


@contextmanager
def _opened(settings: "BackendSettings") -> "Iterator[State]":
    from server.store.state import open_state
    from shared.paths import home

    state = open_state(settings.store.url, home())
    try:
        yield state
    finally:
        state.close()


def _vault() -> "Vault":
    from server.vault import open_vault
    from shared.paths import home

    return open_vault(home() / ".key", create=False, environ=os.environ)

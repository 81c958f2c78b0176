"""The commands about the audit trail: arguments in, an exit code out.

Like cli, it imports nothing but Python's own before a command runs.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from datetime import datetime

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
    verify.add_argument(
        "--from", dest="first", type=int, default=0, metavar="LINE", help="only from there on"
    )
    verify.add_argument("--config", type=Path, metavar="FILE", help=config_help)
    export = command(
        "export-audit", lambda parsed: _export(parsed, read), "Write the audit trail, one line of JSON each."
    )
    export.add_argument("--to", type=Path, metavar="FILE", help="a new file instead of standard output")
    export.add_argument("--since", metavar="TIME", help="from then on, such as 2026-11-28T00:00:00+05:30")
    export.add_argument("--until", metavar="TIME", help="what came before")
    export.add_argument("--config", type=Path, metavar="FILE", help=config_help)


def _verify(parsed: argparse.Namespace, read: Read) -> int:
    from server.store.audit.chain import Sealer, Witness
    from server.store.audit.keys import key_for_reading
    from server.store.audit.verifying import parsed_mark, verify
    from shared.paths import home

    noted = None if parsed.head is None else parsed_mark(parsed.head)
    with _opened(read(parsed.config)) as state:
        sealer = Sealer(key_for_reading(state, _vault))
        found = verify(
            state, sealer, Witness(home() / "backend" / "audit" / "head", sealer), noted, first=parsed.first
        )
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


def _export(parsed: argparse.Namespace, read: Read) -> int:
    from server.by_hand import recorded
    from server.store.audit.searching import AuditSearch, Filters, as_json

    filters = Filters(since=_moment(parsed.since), until=_moment(parsed.until))
    count = 0
    narrowed = " ".join(name for name in ("since", "until") if getattr(parsed, name))
    with (
        recorded("audit.export", fields=narrowed),
        _opened(read(parsed.config)) as state,
        _writing(parsed.to) as out,
    ):
        for batch in AuditSearch(state).everything(filters):
            count += len(batch)
            out.write(b"".join([as_json(found) for found in batch]))
    if parsed.to is not None:
        print(f"Wrote {count:,} lines in {parsed.to}, which only you can read.", file=sys.stderr)
    return 0


def _moment(text: str | None) -> "datetime | None":
    from server.store.audit.searching import moment_of
    from shared.errors import InvalidRequest

    if text is None:
        return None
    try:
        return moment_of(text)
    except ValueError as error:
        raise InvalidRequest(
            f"{text!r} is not a time with its offset from UTC, like 2026-11-28T00:00:00+05:30."
        ) from error


@contextmanager
def _writing(to: Path | None) -> "Iterator[BinaryIO]":
    """A new file that only its owner can read, or standard output."""
    from shared.errors import Conflict

    if to is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        opened = os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError as error:
        raise Conflict(f"{to} is there already, and stays as it is. Name another file.") from error
    with opened:
        yield opened


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

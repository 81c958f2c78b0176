"""The chain: each line is sealed with a key, together with its number and the seal of the line before it.

There is one chain for all processes and machines. Whoever appends holds the row of its lock meanwhile, so
that numbers have no gaps and lines one order. Beside the head in the state, each machine keeps the last
head it wrote in a file: lines that are taken away at the end, with a head of yesterday put back, are missed.
"""

import os
import sys
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from server.store.audit.line import FIELDS, AuditLine, of_the_backend, values_of

if sys.platform != "win32":
    import fcntl

_DIGEST_BYTES = 16

_encode = msgspec.msgpack.Encoder().encode


class Mark(msgspec.Struct, frozen=True):
    """A place in the chain: a number, and the seal of the line that has it."""

    sequence: int
    seal: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.seal}"


GENESIS = Mark(0, "0" * 2 * _DIGEST_BYTES)


class Sealer:
    """Makes the seals of lines and marks. ``key`` is 32 bytes that only the vault gives out."""

    def __init__(self, key: bytes) -> None:
        self._line = blake2b(digest_size=_DIGEST_BYTES, key=key, person=b"audit line")
        self._mark = blake2b(digest_size=_DIGEST_BYTES, key=key, person=b"audit mark")

    def line(self, before: str, sequence: int, values: Sequence[Any]) -> str:
        """Empty values at the end do not count: what older versions wrote had fewer."""
        end = len(values)
        while end and values[end - 1] == "":
            end -= 1
        digest = self._line.copy()
        digest.update(_encode((before, sequence, values[:end])))
        return digest.hexdigest()

    def mark(self, name: str, mark: Mark) -> str:
        digest = self._mark.copy()
        digest.update(_encode((name, mark.sequence, mark.seal)))
        return digest.hexdigest()


FOREIGN = "What this machine had noted of the audit trail was changed, or is that of another trail."


class Chain:
    """Appends. What stands in it already is read by verifying and searching."""

    def __init__(self, sealer: Sealer, witness: "Witness") -> None:
        self.sealer = sealer
        self.witness = witness
        self._seen = GENESIS

    def append(self, connection: sa.Connection, lines: Sequence[AuditLine], *, suspicious: bool) -> Mark:
        """The new head, once the transaction, which holds the lock, is committed: call :meth:`committed`.

        ``suspicious``: an attempt has failed on a line that is there already.
        """
        head = find_mark(connection, "head")
        noted = self.witness.read()
        known = max(self._seen, noted or GENESIS, key=_sequence)
        broken = FOREIGN if noted is None else "" if suspicious else self._wrong_with(head, known)
        if head is None or broken or suspicious:
            head, said = self._begin(connection, head, known, broken)
            lines = [*said, *lines]
        rows = []
        sequence, seal = head.mark.sequence, head.mark.seal
        for line in lines:
            sequence += 1
            values = values_of(line)
            seal = self.sealer.line(seal, sequence, values)
            rows.append((sequence, *values, seal))
        connection.exec_driver_sql(_insert(connection.dialect.paramstyle), rows)
        mark = Mark(sequence, seal)
        set_mark(connection, self.sealer, "head", mark)
        return mark

    def committed(self, head: Mark) -> None:
        self._seen = max(self._seen, head, key=_sequence)
        self.witness.write(head)

    def _wrong_with(self, head: "Sealed | None", known: Mark) -> str:
        if head is None:
            return "" if known == GENESIS else "The head of the audit trail was gone."
        if head.seal != self.sealer.mark("head", head.mark):
            return "The head of the audit trail was not as it had been sealed."
        if head.mark.sequence < known.sequence:
            return f"The audit trail ended at line {head.mark.sequence}, and had been at {known.sequence}."
        if head.mark.sequence == known.sequence and head.mark.seal != known.seal:
            return f"Line {known.sequence} of the audit trail was another one before."
        return ""

    def _begin(
        self, connection: sa.Connection, head: "Sealed | None", known: Mark, broken: str
    ) -> tuple["Sealed", list[AuditLine]]:
        """Where to go on when there is no head, or not the one that there should be. Numbers that were given
        are not given again: what is gone stays a gap."""
        last = connection.execute(sa.text("SELECT id, mac FROM audit ORDER BY id DESC LIMIT 1")).first()
        last_mark = GENESIS if last is None else Mark(int(last.id), str(last.mac) or GENESIS.seal)
        if head is None and not broken:
            set_mark(connection, self.sealer, "start", last_mark)
            return Sealed(last_mark, ""), []
        reached = max(last_mark.sequence, known.sequence, head.mark.sequence if head else 0)
        said = broken or f"Line {last_mark.sequence} of the audit trail had been put there by somebody else."
        return Sealed(Mark(reached, last_mark.seal), ""), [of_the_backend("audit.broken", said, 500)]


class Sealed(msgspec.Struct, frozen=True):
    """A mark as it is stored, with the seal of its own."""

    mark: Mark
    seal: str


def lock(connection: sa.Connection) -> None:
    """Nobody else appends or prunes until this transaction ends."""
    connection.execute(sa.text("UPDATE audit_chain SET sequence = sequence WHERE name = 'lock'"))


def find_mark(connection: sa.Connection, name: str) -> Sealed | None:
    found = connection.execute(
        sa.text("SELECT sequence, mac, seal FROM audit_chain WHERE name = :name"), {"name": name}
    ).first()
    return None if found is None else Sealed(Mark(int(found.sequence), str(found.mac)), str(found.seal))


def set_mark(connection: sa.Connection, sealer: Sealer, name: str, mark: Mark) -> None:
    values = {"name": name, "sequence": mark.sequence, "mac": mark.seal, "seal": sealer.mark(name, mark)}
    done = connection.execute(
        sa.text("UPDATE audit_chain SET sequence = :sequence, mac = :mac, seal = :seal WHERE name = :name"),
        values,
    )
    if done.rowcount == 0:
        connection.execute(
            sa.text(
                "INSERT INTO audit_chain (name, sequence, mac, seal) VALUES (:name, :sequence, :mac, :seal)"
            ),
            values,
        )


class Witness:
    """The last head that was written from this machine, in a file beside the state."""

    _LENGTH = 20 + 1 + 2 * _DIGEST_BYTES + 1 + 2 * _DIGEST_BYTES

    def __init__(self, file: Path, sealer: Sealer) -> None:
        self._file = file
        self._sealer = sealer

    def read(self) -> Mark | None:
        """GENESIS when there is no file; None when what is there was not written with this key."""
        try:
            text = self._file.read_bytes().decode("ascii", "replace")
        except FileNotFoundError:
            return GENESIS
        return self._parsed(text)

    def write(self, head: Mark) -> None:
        """Only forward: another process may have been further."""
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if sys.platform != "win32":
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            there = self._parsed(os.read(descriptor, self._LENGTH).decode("ascii", "replace"))
            if there is None or head.sequence > there.sequence:
                os.lseek(descriptor, 0, os.SEEK_SET)
                text = f"{head.sequence:020}:{head.seal}:{self._sealer.mark('witness', head)}"
                os.write(descriptor, text.encode("ascii"))
        finally:
            os.close(descriptor)

    def _parsed(self, text: str) -> Mark | None:
        number, _, rest = text.partition(":")
        seal, _, own = rest.partition(":")
        if not text:
            return GENESIS
        if not (number.isascii() and number.isdecimal()):
            return None
        mark = Mark(int(number), seal)
        return mark if own == self._sealer.mark("witness", mark) else None


def _sequence(mark: Mark) -> int:
    return mark.sequence


_MARKS = {"qmark": "?"}
"""How a driver writes a placeholder, when not ``%s``: that of SQLite."""


def _insert(paramstyle: str) -> str:
    """In the driver's own words: SQLAlchemy's would cost more, for each line, than the line itself."""
    names = ("id", *FIELDS, "mac")
    marks = ", ".join([_MARKS.get(paramstyle, "%s")] * len(names))
    return f"INSERT INTO audit ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - from the struct

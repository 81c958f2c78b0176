"""Reads the chain from end to end and says where it is not as it was written. Changes nothing."""

from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa

from server.store.audit.chain import FOREIGN, GENESIS, Mark, Sealed, Sealer, Witness, find_mark
from server.store.audit.line import FIELDS
from server.store.state import State
from shared.errors import InvalidRequest

_PAGE = 5_000
_MOST_FINDINGS = 100


class Verified(msgspec.Struct, frozen=True):
    """``findings`` are sentences, empty when the chain is whole. ``older`` lines were there before the chain
    began, and nothing is known of them."""

    lines: int
    older: int
    first: int
    head: Mark
    begun_at: str
    ended_at: str
    findings: list[str]

    @property
    def is_whole(self) -> bool:
        return not self.findings


def parsed_mark(text: str) -> Mark:
    """A head as it was noted down, ``1234:9f…``. Raises InvalidRequest."""
    number, _, seal = text.partition(":")
    if not (number.isascii() and number.isdecimal() and len(number) < 19 and seal.isalnum()):
        raise InvalidRequest("A head is a number and a seal, like 1234:9f86d081884c7d659a2feaa0c55ad015.")
    return Mark(int(number), seal.lower())


def verify(
    state: State, sealer: Sealer, witness: Witness, noted: Mark | None = None, *, first: int = 0
) -> Verified:
    """``noted`` is a head that somebody kept elsewhere: the chain must still have it. Lines before number
    ``first`` are taken for granted. A backend may go on writing and clearing away meanwhile."""
    while True:
        seen = witness.read()
        found = _Reading(state, sealer, [mark for mark in (seen, noted) if mark is not None], first)
        verified = found.read()
        if seen is None:
            verified.findings.append(FOREIGN)
        if found.start == find_start(state):  # nothing was cleared away under our eyes
            return verified


def find_start(state: State) -> Sealed | None:
    with state.begin() as connection:
        return find_mark(connection, "start")


class _Reading:
    def __init__(self, state: State, sealer: Sealer, must_have: list[Mark], first: int) -> None:
        self._first = first
        self._state = state
        self._sealer = sealer
        self._must_have = {mark.sequence: mark.seal for mark in must_have if mark.sequence}
        with state.begin() as connection:
            self.start = find_mark(connection, "start")
            self._head = find_mark(connection, "head")
        self._older = 0
        self._findings: list[str] = []
        self._wrong: list[int] = []

    def read(self) -> Verified:
        if self.start is None and self._head is None and not self._has_seals():
            return self._not_begun()
        start, head = self._marks()
        start = self._moved_to_the_first(start)
        before, expected, count = start.seal, start.sequence + 1, 0
        is_unknown = not before
        begun_at = ended_at = ""
        for row in self._rows(start.sequence if self._first else -(2**63)):
            values = tuple(row[1:-1])
            number, seal = int(row[0]), str(row[-1])
            if number <= start.sequence:
                self._before_the_start(number, seal)
                continue
            if number > head.sequence:
                head = self._grown(head)
                if number > head.sequence:
                    self._say_changed()
                    self._find(f"Line {number} stands beyond the end of the audit trail: it was put there.")
                    break
            count += 1
            begun_at, ended_at = begun_at or values[0], values[0]
            after_a_gap = number != expected or is_unknown
            is_unknown = False
            if number != expected:
                self._say_changed()
                self._find(f"{_lines(expected, number - 1)} missing.")
            if self._sealer.line(before, number, values) != seal and not after_a_gap:
                self._changed(number)
            elif self._must_have.pop(number, seal) != seal:
                self._find(f"Line {number} is another one than the one that was noted elsewhere.")
            self._broken(number, values)
            before, expected = seal, number + 1
        self._say_changed()
        self._end(Mark(expected - 1, before), head)
        return Verified(
            lines=count,
            older=self._older,
            first=start.sequence + 1,
            head=Mark(expected - 1, before),
            begun_at=begun_at,
            ended_at=ended_at,
            findings=self._findings,
        )

    def _has_seals(self) -> bool:
        with self._state.begin() as connection:
            return (
                connection.execute(sa.text("SELECT 1 FROM audit WHERE mac <> '' LIMIT 1")).first() is not None
            )

    def _not_begun(self) -> Verified:
        """No line was written yet, or none since there is a chain; unless somebody noted one elsewhere."""
        with self._state.begin() as connection:
            self._older = int(connection.execute(sa.text("SELECT count(*) FROM audit")).scalar() or 0)
        self._end(GENESIS, GENESIS)
        return Verified(0, self._older, 1, GENESIS, "", "", self._findings)

    def _marks(self) -> tuple[Mark, Mark]:
        marks = []
        for name, found in (("start", self.start), ("head", self._head)):
            if found is None:
                self._find(f"The {name} of the audit trail is not there.")
            elif found.seal != self._sealer.mark(name, found.mark):
                self._find(f"The {name} of the audit trail was changed: it is not as we sealed it.")
        marks.append(self.start.mark if self.start else GENESIS)
        marks.append(self._head.mark if self._head else Mark(2**63 - 1, ""))
        return marks[0], marks[1]

    def _grown(self, head: Mark) -> Mark:
        """A line and the head that knows it come together: lines that are written meanwhile have one."""
        with self._state.begin() as connection:
            found = find_mark(connection, "head")
        if found is None or found.seal != self._sealer.mark("head", found.mark):
            return head
        self._head = found
        return found.mark

    def _moved_to_the_first(self, start: Mark) -> Mark:
        """Without a seal when the line before it is not there."""
        if self._first - 1 <= start.sequence:
            return start
        with self._state.begin() as connection:
            seal = connection.execute(
                sa.text("SELECT mac FROM audit WHERE id = :before"), {"before": self._first - 1}
            ).scalar()
        return Mark(self._first - 1, str(seal or ""))

    def _rows(self, after: int) -> Iterator[Any]:
        names = ", ".join(("id", *FIELDS, "mac"))
        page = sa.text(f"SELECT {names} FROM audit WHERE id > :after ORDER BY id LIMIT {_PAGE}")  # noqa: S608
        while True:
            with self._state.begin() as connection:
                rows = connection.execute(page, {"after": after}).all()
            yield from rows
            if len(rows) < _PAGE:
                return
            after = int(rows[-1][0])

    def _before_the_start(self, number: int, seal: str) -> None:
        """Lines of versions that had no chain; after the first clearing there can be none."""
        if seal or (self.start and self.start.mark.seal != GENESIS.seal):
            self._find(f"Line {number} stands before the beginning of the audit trail: it was put there.")
        else:
            self._older += 1

    def _changed(self, number: int) -> None:
        if self._wrong and self._wrong[-1] != number - 1:
            self._say_changed()
        self._wrong.append(number)

    def _say_changed(self) -> None:
        """Neighbours together: a line's seal is part of what the next one's is made of."""
        if self._wrong:
            first, last = self._wrong[0], self._wrong[-1]
            what = f"Line {first} was" if first == last else f"Lines {first} to {last} were"
            self._find(f"{what} changed, put in, or moved.")
            self._wrong.clear()

    def _broken(self, number: int, values: tuple[Any, ...]) -> None:
        if values[FIELDS.index("action")] == "audit.broken":
            self._find(f"Before line {number} the backend itself noticed: {values[FIELDS.index('detail')]}")

    def _end(self, last: Mark, head: Mark) -> None:
        if self._head is not None and last.sequence < head.sequence:
            self._find(f"{_lines(last.sequence + 1, head.sequence)} missing at the end.")
        elif self._head is not None and last.seal != head.seal:
            self._find(f"The head of the audit trail does not fit line {last.sequence}.")
        start = self.start.mark.sequence if self.start else 0
        for number in sorted(self._must_have):
            if number > start and number > last.sequence:
                self._find(
                    f"The audit trail had reached line {number}, as was noted elsewhere; it ends at line "
                    f"{last.sequence}."
                )

    def _find(self, sentence: str) -> None:
        if len(self._findings) < _MOST_FINDINGS:
            self._findings.append(sentence)
        elif len(self._findings) == _MOST_FINDINGS:
            self._findings.append("There is more.")


def _lines(first: int, last: int) -> str:
    return f"Line {first} is" if first == last else f"Lines {first} to {last} are"

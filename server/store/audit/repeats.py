"""Refusals that repeat: the first ones of a minute have their own lines, the rest is counted into one.

Somebody who is turned away may come again as fast as they like; the trail says so, and does not grow with it.
"""

import time
from collections.abc import Callable

import msgspec

from server.store.audit.line import AuditLine
from server.store.state import now

_SECONDS = 60.0
_OWN_LINES = 10
_MOST_GROUPS = 1_000
_MANY = ("", "")

REPEATING = frozenset({"not_authenticated", "rate_limited", "address_not_allowed"})
"""The codes of errors that anybody can cause as often as they like."""


class _Group:
    __slots__ = ("counted", "ends", "last", "own")

    def __init__(self, ends: float) -> None:
        self.ends = ends
        self.own = 0
        self.counted = 0
        self.last: AuditLine | None = None


class Repeats:
    """Not for two threads at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._groups: dict[tuple[str, str, str], _Group] = {}

    def counts(self, line: AuditLine) -> bool:
        """True when it is counted, and has no line of its own."""
        name = line.code, line.key_id, line.address
        group = self._groups.get(name)
        if group is None:
            if len(self._groups) >= _MOST_GROUPS:  # from many addresses: then they are one
                name = (line.code, *_MANY)
                group = self._groups.get(name)
            if group is None:
                group = self._groups[name] = _Group(self._clock() + _SECONDS)
        if group.own < _OWN_LINES:
            group.own += 1
            return False
        group.counted += 1
        group.last = line
        return True

    def due(self, *, everything: bool = False) -> list[AuditLine]:
        """What was counted in minutes that are over, a line for each caller."""
        moment = self._clock()
        over = [name for name, group in self._groups.items() if everything or group.ends <= moment]
        found = []
        for name in over:
            group = self._groups.pop(name)
            if group.last is not None:
                found.append(_summary(group.last, group.counted, known=name[1:] != _MANY))
        return found


def _summary(last: AuditLine, count: int, *, known: bool) -> AuditLine:
    whose = {} if known else {"address": "many", "key_id": "", "key_name": "", "user_name": ""}
    return msgspec.structs.replace(
        last,
        at=now(),
        request_id="",
        action="audit.repeated",
        query_id="",
        sql_text="",
        elapsed_ms=0.0,
        detail=f"{count} more refusals like those before, within a minute",
        **whose,
    )

"""How long it is since a moment, also when the machine slept meanwhile or somebody set its clock."""

import time
from typing import NamedTuple


class Moment(NamedTuple):
    """``wall`` goes on while the machine sleeps, ``steady`` is moved by nobody. Both in seconds."""

    wall: float
    steady: float


class Clock:
    """The machine's. A test hands in one that it can set."""

    def now(self) -> Moment:
        return Moment(time.time(), time.monotonic())


def seconds_between(earlier: Moment, later: Moment) -> float:
    """The longer of the two: a clock that was set back makes nobody's absence shorter than it was."""
    return max(later.wall - earlier.wall, later.steady - earlier.steady)

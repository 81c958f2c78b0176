"""One line of work, and the figures of each way to do it."""

import msgspec

from tests.bench.measuring import Figures


class Workload(msgspec.Struct, frozen=True):
    """``ways`` by name; the first is ours, the others are what it is measured by."""

    name: str
    ways: dict[str, Figures]

"""Counters of one process: cheap to add to, and read by monitoring. What they are called outside is there."""

from bisect import bisect_left

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds up to which an observation counts, each for itself; what is above is the last one's."""


class Histogram:
    """How long things took. On one thread."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Requests:
    """To one endpoint."""

    __slots__ = ("statuses", "times")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.times = Histogram()

    def count(self, status: int, seconds: float) -> None:
        statuses = self.statuses
        statuses[status] = statuses.get(status, 0) + 1
        self.times.observe(seconds)


class Figures:
    """Of all requests. The names of endpoints and the codes of errors are ours, never a caller's."""

    def __init__(self) -> None:
        self.requests: dict[str, Requests] = {}
        self.errors: dict[str, int] = {}

    def of(self, endpoint: str) -> Requests:
        return self.requests.setdefault(endpoint, Requests())

    def failed(self, code: str) -> None:
        self.errors[code] = self.errors.get(code, 0) + 1

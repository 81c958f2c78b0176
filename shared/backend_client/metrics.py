"""How the client fares: counts and latencies since it was made. Nothing is sent anywhere."""

import threading
from collections import deque

import msgspec

_KEPT = 1024


class MetricsSnapshot(msgspec.Struct, frozen=True):
    """``requests`` counts calls, not tries; latencies are milliseconds over the newest 1,024 calls,
    None before the first. ``hit_rate`` is hits among all looks into the cache, None before the first."""

    requests: int
    failures: int
    retries: int
    cache_hits: int
    cache_misses: int
    hit_rate: float | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None


NONE = MetricsSnapshot(0, 0, 0, 0, 0, None, None, None)
"""Of a client that nobody has used."""


def added(one: MetricsSnapshot, other: MetricsSnapshot) -> MetricsSnapshot:
    """Counts of both; latencies of ``other``, or of ``one`` while that has none."""
    hits, misses = one.cache_hits + other.cache_hits, one.cache_misses + other.cache_misses
    newer = other if other.requests else one
    return MetricsSnapshot(
        requests=one.requests + other.requests,
        failures=one.failures + other.failures,
        retries=one.retries + other.retries,
        cache_hits=hits,
        cache_misses=misses,
        hit_rate=hits / (hits + misses) if hits + misses else None,
        latency_p50_ms=newer.latency_p50_ms,
        latency_p95_ms=newer.latency_p95_ms,
    )


class Metrics:
    """Thread-safe counters."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests = self._failures = self._retries = self._hits = self._misses = 0
        self._latencies: deque[float] = deque(maxlen=_KEPT)

    def answered(self, elapsed_ms: float) -> None:
        with self._lock:
            self._requests += 1
            self._latencies.append(elapsed_ms)

    def failed(self, elapsed_ms: float) -> None:
        with self._lock:
            self._requests += 1
            self._failures += 1
            self._latencies.append(elapsed_ms)

    def retried(self) -> None:
        with self._lock:
            self._retries += 1

    def looked_up(self, *, found: bool) -> None:
        with self._lock:
            if found:
                self._hits += 1
            else:
                self._misses += 1

    def snapshot(self) -> MetricsSnapshot:
        with self._lock:
            ordered = sorted(self._latencies)
            looks = self._hits + self._misses
            return MetricsSnapshot(
                requests=self._requests,
                failures=self._failures,
                retries=self._retries,
                cache_hits=self._hits,
                cache_misses=self._misses,
                hit_rate=self._hits / looks if looks else None,
                latency_p50_ms=_percentile(ordered, 0.50),
                latency_p95_ms=_percentile(ordered, 0.95),
            )


def _percentile(ordered: list[float], share: float) -> float | None:
    """The nearest-rank percentile of values in ascending order."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

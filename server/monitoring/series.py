"""Series of figures: each has a name, labels and a value; those of several processes add up."""

from collections.abc import Iterable, Mapping

import msgspec

from server.figures import BOUNDS, Histogram

Series = dict[str, float]
"""By name and labels, as Prometheus writes them."""


class Family(msgspec.Struct, frozen=True):
    """``kind`` is counter, gauge or histogram."""

    name: str
    kind: str
    help: str


FAMILIES = (
    Family("vmart_info", "gauge", "The version of the backend, always 1."),
    Family("vmart_uptime_seconds", "gauge", "Seconds since the backend was started."),
    Family("vmart_workers", "gauge", "Processes that serve and have told their figures."),
    Family("vmart_requests_total", "counter", "Requests, by endpoint and HTTP status."),
    Family("vmart_request_seconds", "histogram", "From a request's arrival to its last byte, by endpoint."),
    Family("vmart_errors_total", "counter", "Failures, by the code of their error."),
    Family("vmart_query_seconds", "histogram", "How long a connection to a source was used, each time."),
    Family("vmart_queries_running", "gauge", "Queries that run or wait for a connection."),
    Family("vmart_pool_connections", "gauge", "Connections to a source, by what they do."),
    Family("vmart_pool_limit", "gauge", "The most connections to a source."),
    Family("vmart_pool_waiting", "gauge", "Callers that wait for a connection to a source."),
    Family("vmart_pool_opened_total", "counter", "Connections that were opened, or failed to."),
    Family("vmart_pool_breaker_open", "gauge", "Processes in which nobody tries a source that was away."),
    Family("vmart_cache_answers", "gauge", "Answers that are kept."),
    Family("vmart_cache_bytes", "gauge", "What they take."),
    Family("vmart_cache_lookups_total", "counter", "Questions that were, or were not, answered from there."),
    Family("vmart_shared_queries_total", "counter", "Questions that joined another's running query."),
    Family("vmart_model_calls_total", "counter", "Calls to the model that words insights, by their result."),
    Family("vmart_model_tokens_total", "counter", "Tokens that it was given and gave, as it counts them."),
    Family("vmart_jobs", "gauge", "Jobs that are queued or run."),
    Family("vmart_audit_waiting_lines", "gauge", "Lines of the audit trail that are not in the state yet."),
    Family("vmart_resident_bytes", "gauge", "Memory of a process."),
    Family("vmart_cpu_seconds_total", "counter", "Time that a process has used a processor."),
    Family("vmart_open_files", "gauge", "Files and sockets that a process has open."),
)

_COUNTERS = ("_total", "_bucket", "_sum", "_count")


def series(name: str, **labels: str) -> str:
    if not labels:
        return name
    written = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{written}}}"


def histogram(name: str, times: Histogram, **labels: str) -> Series:
    found: Series = {}
    below = 0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), times.counts, strict=True):
        below += count
        found[series(f"{name}_bucket", **labels, le=bound)] = below
    found[series(f"{name}_sum", **labels)] = times.seconds
    found[series(f"{name}_count", **labels)] = below
    return found


def added(parts: Iterable[Mapping[str, float]]) -> Series:
    total: Series = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, 0.0) + value
    return total


def lasting(figures: Mapping[str, float]) -> Series:
    """What still counts when the process that counted it is gone."""
    return {name: value for name, value in figures.items() if name.partition("{")[0].endswith(_COUNTERS)}


def exposition(figures: Mapping[str, float]) -> str:
    """In Prometheus' text format, version 0.0.4."""
    by_family: dict[str, list[str]] = {family.name: [] for family in FAMILIES}
    for name, value in figures.items():
        by_family[_family_of(name)].append(f"{name} {value:.17g}")
    lines: list[str] = []
    for family in FAMILIES:
        if by_family[family.name]:
            lines += [f"# HELP {family.name} {family.help}", f"# TYPE {family.name} {family.kind}"]
            lines += by_family[family.name]
    return "\n".join(lines) + "\n"


_NAMES = {family.name for family in FAMILIES}


def _family_of(name: str) -> str:
    plain = name.partition("{")[0]
    return plain if plain in _NAMES else plain.rpartition("_")[0]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

"""Now, as the store writes it: UTC, ISO 8601, sortable as text."""

from datetime import UTC, datetime


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

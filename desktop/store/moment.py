"""Now, as the store writes it: UTC, ISO 8601, sortable as text."""

from datetime import UTC, datetime, timedelta


def now(ahead_seconds: float = 0.0) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=ahead_seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

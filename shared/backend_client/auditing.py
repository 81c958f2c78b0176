"""The audit trail through the client: read page by page, the newest line first."""

from collections.abc import Iterator
from datetime import datetime

from shared.backend_client.http import Transport
from shared.backend_client.pages import every_page
from shared.errors import InvalidRequest
from shared.wire import AuditEntry, AuditPage

_FILTERS = ("user", "key", "connection", "action", "outcome", "request_id")


class Auditing:
    """The reading of BackendClient that takes ``audit_read``."""

    _transport: Transport

    def audit_entries(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        search: str | None = None,
        limit: int | None = None,
        **filters: str,
    ) -> Iterator[AuditEntry]:
        """Lines of the audit trail, the newest first, asked for as they are needed.

        ``filters`` are ``user``, ``key`` (an id or a name), ``connection``, ``action``, ``request_id`` and
        ``outcome``: ``ok``, ``refused``, ``failed`` or the code of an error. Times need their zone. Raises an
        AppError.
        """
        if unknown := filters.keys() - set(_FILTERS):
            raise InvalidRequest(f"There is no filter {min(unknown)!r}; there are {', '.join(_FILTERS)}.")
        asked = {**filters, "from": _said(since, "since"), "to": _said(until, "until"), "search": search}
        left = limit
        for page in every_page(self._transport, "/api/audit", AuditPage, limit, asked):
            yield from page.entries[:left]
            left = None if left is None else max(left - len(page.entries), 0)


def _said(moment: datetime | None, name: str) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InvalidRequest(f"{name} needs its zone, like datetime.now(UTC).")
    return moment.isoformat()

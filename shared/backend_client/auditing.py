"""The audit trail through the client: read page by page, the newest line first; one line; verified."""

from collections.abc import Iterator
from datetime import datetime
from typing import TypedDict, Unpack

from shared.backend_client.answers import decode
from shared.backend_client.http import Transport
from shared.backend_client.pages import every_page
from shared.errors import InvalidRequest
from shared.wire import AuditEntry, AuditPage, AuditVerification


class AuditFilters(TypedDict, total=False):
    """``key`` is an id or a name; ``outcome`` is ``ok``, ``refused``, ``failed`` or the code of an error."""

    user: str
    key: str
    connection: str
    action: str
    outcome: str
    request_id: str


_PATIENCE_SECONDS = 300.0
_FILTERS = AuditFilters.__optional_keys__


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
        **filters: Unpack[AuditFilters],
    ) -> Iterator[AuditEntry]:
        """Lines of the audit trail, the newest first, asked for as they are needed.

        Times need their zone. Raises an AppError.
        """
        given: dict[str, str | None] = {name: str(value) for name, value in filters.items()}
        if unknown := given.keys() - _FILTERS:
            raise InvalidRequest(
                f"There is no filter {min(unknown)!r}; there are {', '.join(sorted(_FILTERS))}."
            )
        asked = {**given, "from": _said(since, "since"), "to": _said(until, "until"), "search": search}
        left = limit
        for page in every_page(self._transport, "/api/audit", AuditPage, limit, asked):
            yield from page.entries[:left]
            left = None if left is None else max(left - len(page.entries), 0)

    def audit_entry(self, number: int) -> AuditEntry:
        """One line. Raises NotFound when there is none with this number."""
        return decode(self._transport.ask("GET", f"/api/audit/{number}", repeatable=True), AuditEntry)

    def verify_audit(self) -> AuditVerification:
        """Whether the trail is as it was written, and where it is not. Raises Conflict while it is at it."""
        answer = self._transport.ask(
            "POST", "/api/audit/verify", repeatable=False, patience_seconds=_PATIENCE_SECONDS
        )
        return decode(answer, AuditVerification)


def _said(moment: datetime | None, name: str) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InvalidRequest(f"{name} needs its zone, like datetime.now(UTC).")
    return moment.isoformat()

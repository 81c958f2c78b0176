"""The audit trail: what is shown of it."""

from shared.wire.base import Reply


class AuditEntry(Reply, frozen=True):
    """One line. ``id`` is its number in the chain, ``user`` whose key it was, ``scope`` the data policy that
    was applied, ``target`` what was changed, ``detail`` which of its fields; ``row_count`` and ``detail`` of
    an answer tell how much of it left. ``code`` is empty when it went well."""

    id: int
    at: str
    request_id: str
    key_id: str
    key_name: str
    user: str
    address: str
    action: str
    connection: str
    query_id: str
    query: str
    tables: list[str]
    row_count: int | None
    status: int
    code: str
    elapsed_ms: float
    scope: str
    target: str
    detail: str


class AuditPage(Reply, frozen=True):
    """The newest first. ``next`` is what ``after`` takes to go on; a search may give a page with few lines,
    or none, and more behind it."""

    entries: list[AuditEntry]
    next: str | None = None


class AuditVerification(Reply, frozen=True):
    """Whether the chain is as it was written: ``problems`` are sentences that say where it is not. ``lines``
    from number ``first`` on were read; ``older`` ones were there before the chain began, and nothing protects
    them. ``head`` is where the chain ends: kept elsewhere, it proves later that nothing was cut off."""

    ok: bool
    lines: int
    first: int
    older: int
    head: str
    problems: list[str]

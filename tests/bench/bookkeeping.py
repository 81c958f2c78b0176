"""What a call costs beside its query and HTTP: the key, the address, the permission, the cached guard, the
audit line with its writing. In one process, without a network; CPU of all its threads."""

import time
from pathlib import Path

from server import fresh_ids
from server.access.allowlist import Allowlist
from server.access.identity import bearer
from server.access.keyring import Keyring
from server.access.keys import Keys
from server.access.limits import Limiter
from server.store.access import AccessStore
from server.store.audit import AuditLine, open_trail
from server.store.state import now, open_state
from shared import guard
from shared.permissions import Permission
from tests.bench.measuring import Figures, Way, compared
from tests.bench.workload import Workload

_CALLS = 20_000
_SQL = "SELECT * FROM lines WHERE line_id = :id"


def measured(folder: Path, *, rounds: int) -> Workload:
    state = open_state("", folder)
    keyring = Keyring(AccessStore(state))
    key, _ = Keys(keyring).create("bench", roles=["admin"])
    allowlist, limiter = Allowlist([], []), Limiter(None)

    def calls() -> Figures:
        trail = open_trail(state, folder / "audit", b"k" * 32)
        began, cpu = time.perf_counter(), time.process_time()
        for _ in range(_CALLS):
            origin = allowlist.origin("127.0.0.1", "")
            caller = keyring.find(bearer(f"Bearer {key}"))
            allowlist.check(origin)
            if caller is None or Permission.DB_READ not in caller.permissions:
                raise RuntimeError("The key of the bench is not good.")
            limiter.count(caller.key_id, {})
            sql = guard.check(_SQL, "postgres")
            tables = " ".join(guard.tables(sql, "postgres"))
            line = _line(caller.key_id, origin, tables)
            if not trail.write(line):
                trail.write_slowly(line)
        trail.close(60)  # the lines are written by then
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        return Figures(seconds / _CALLS, cpu_seconds=used / _CALLS)

    try:
        ways: dict[str, Way] = {"backend": calls}
        return Workload("key, address, permission, cached guard, audit", compared(ways, rounds))
    finally:
        state.close()


def _line(key_id: str, origin: str, tables: str) -> AuditLine:
    return AuditLine(
        at=now(),
        request_id=fresh_ids.request_id(),
        key_id=key_id,
        key_name="bench",
        address=origin,
        action="query.run",
        connection="bench",
        query_id=fresh_ids.query_id(),
        sql_text=_SQL,
        tables=tables,
        row_count=1,
        status=200,
        code="",
        elapsed_ms=1.0,
    )

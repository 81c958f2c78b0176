"""What a ClickHouse account can do that a reading one should not, and the statements that mend it."""

import re
from collections.abc import Callable
from typing import Any

from server.connectors.clickhouse.settings import CONDITION_CACHE, Account
from shared.errors import QueryFailed, QueryRefused

Rows = Callable[[str], list[dict[str, Any]]]

_READS = frozenset({"SELECT", "SHOW", "DICTGET", "USAGE", "CHECK"})
_READS_TOO = re.compile(r"(SHOW|SELECT)\b.*|displaySecretsInShowAndSelect", re.IGNORECASE)
_GRANT = re.compile(r"GRANT (?P<what>.+?) ON (?P<where>\S+) TO .*", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SOURCES = re.compile(
    r"SOURCES|READ|WRITE|FILE|URL|REMOTE|MONGO|REDIS|MYSQL|POSTGRES|SQLITE|ODBC|JDBC|HDFS|S3|HIVE|AZURE|KAFKA|NATS"
    r"|RABBITMQ|CREATE TEMPORARY TABLE|CREATE ARBITRARY TEMPORARY TABLE",
    re.IGNORECASE,
)


def warnings(rows: Rows, account: Account, user: str) -> list[str]:
    """A sentence each; empty when the account only reads."""
    user = _named(user)
    readonly = account.values.get("readonly", "0")
    if readonly == "1":
        return _wrong_rows(account, user)
    found = _grants(rows, user)
    if readonly == "2":
        return [
            f"The account {user} has readonly = 2: it may lift its limits and reach files and other servers."
            f" Mend it: ALTER USER {user} SETTINGS readonly = 1;",
            *(found or []),
        ]
    if found is None or found:
        return [
            f"The account {user} may do more than read. Mend it: ALTER USER {user} SETTINGS readonly = 1;",
            *(found or []),
        ]
    return []


def _wrong_rows(account: Account, user: str) -> list[str]:
    """We switch off for ourselves what an account lets us."""
    if not account.remembers_conditions:
        return []
    return [
        f"The server keeps conditions of earlier queries ({CONDITION_CACHE}), which in some versions can lose"
        f" rows of a join. Mend it: ALTER USER {user} SETTINGS readonly = 1, {CONDITION_CACHE} = 0;"
    ]


def _grants(rows: Rows, user: str) -> list[str] | None:
    """None where the server is too old to have grants, and every account may do everything."""
    try:
        lines = [str(value) for row in rows("SHOW GRANTS") for value in row.values()]
    except (QueryFailed, QueryRefused):
        return None
    found: list[str] = []
    for line in lines:
        match = _GRANT.fullmatch(line)
        if match is None:
            continue
        rights = [right.strip() for right in re.sub(r"\([^)]*\)", "", match["what"]).split(",")]
        where = match["where"]
        outside = [right for right in rights if _SOURCES.fullmatch(right)]
        more = [right for right in rights if right not in outside and not _only_reads(right)]
        if outside:
            found.append(
                f"The account {user} can reach files or other servers ({_listed(outside)})."
                f" Mend it: REVOKE {', '.join(outside)} ON {where} FROM {user};"
            )
        if more:
            found.append(
                f"The account {user} can change things ({_listed(more)} on {where})."
                f" Mend it: REVOKE {', '.join(more)} ON {where} FROM {user};"
            )
    return found


def _named(user: str) -> str:
    """As a statement has it: what mends is copied."""
    return user if _PLAIN.fullmatch(user) else "`" + user.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _only_reads(right: str) -> bool:
    return right.upper() in _READS or bool(_READS_TOO.fullmatch(right))


def _listed(rights: list[str]) -> str:
    shown = ", ".join(rights[:4])
    return f"{shown} and {len(rights) - 4} more" if len(rights) > 4 else shown

"""What an Oracle account can do that a reading one should not, and the statements that mend it."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from server.connectors.oracle.schema import quoted
from shared.errors import QueryFailed

Rows = Callable[..., Sequence[Sequence[Any]]]

_NAME = "SELECT user FROM dual"
_PRIVILEGES = "SELECT privilege FROM session_privs ORDER BY privilege"
_ROLES = (
    "SELECT role FROM session_roles WHERE role IN ('DBA', 'IMP_FULL_DATABASE', 'DATAPUMP_IMP_FULL_DATABASE')"
)
# Grants to PUBLIC on Oracle's own objects are on every account, and the guard lets none of them be called.
_WRITABLE = """
SELECT p.table_schema, p.privilege, COUNT(*), MIN(p.table_name) FROM all_tab_privs p
WHERE p.privilege IN ('INSERT', 'UPDATE', 'DELETE', 'ALTER', 'INDEX')
  AND p.table_schema IN (SELECT username FROM all_users WHERE oracle_maintained = 'N')
GROUP BY p.table_schema, p.privilege ORDER BY 1, 2
"""
_CALLABLE = """
SELECT o.owner, COUNT(*), MIN(o.object_name) FROM all_objects o
WHERE o.object_type IN ('FUNCTION', 'PACKAGE', 'PROCEDURE')
  AND o.owner IN (SELECT username FROM all_users WHERE oracle_maintained = 'N')
GROUP BY o.owner ORDER BY 1
"""
_OWNED = "SELECT COUNT(*), MIN(table_name) FROM user_tables"

_HARMLESS = ("CREATE SESSION", "SELECT ANY TABLE", "READ ANY TABLE", "SET CONTAINER")
_MOST_PRIVILEGES = 8


def warnings(rows: Rows) -> list[str]:
    """A sentence each; empty when the account only reads."""
    account = quoted(str(rows(_NAME)[0][0]))
    roles = [role for (role,) in rows(_ROLES)]
    if roles:
        return [
            f"The account {account} has the role {roles[0]}: it can do anything."
            f" Mend it: REVOKE {roles[0]} FROM {account}; or use another account."
        ]
    found: list[str] = []
    beyond = [privilege for (privilege,) in rows(_PRIVILEGES) if privilege not in _HARMLESS]
    found += [
        f"The account {account} has the privilege {privilege}. Mend it: REVOKE {privilege} FROM {account};"
        for privilege in beyond[:_MOST_PRIVILEGES]
    ]
    if len(beyond) > _MOST_PRIVILEGES:
        found.append(f"The account {account} has {len(beyond) - _MOST_PRIVILEGES} more system privileges.")
    for schema, privilege, count, example in rows(_WRITABLE):
        table = f"{quoted(schema)}.{quoted(example)}"
        tables = f"{count} tables of {quoted(schema)} (for example {table})" if count != 1 else table
        found.append(
            f"The account {account} may {privilege} on {tables}."
            f" Mend it: REVOKE {privilege} ON {table} FROM {account};"
        )
    for schema, count, example in rows(_CALLABLE):
        found.append(
            f"The account {account} may run {count} procedures or functions of {quoted(schema)}, such as"
            f" {quoted(example)}: what they do may escape a read-only transaction."
            f" Mend it: REVOKE EXECUTE ON {quoted(schema)}.{quoted(example)} FROM {account};"
        )
    with contextlib.suppress(QueryFailed):
        for count, example in rows(_OWNED):
            if count:
                found.append(
                    f"The account {account} owns {count} tables, such as {quoted(example)}."
                    " Mend it: use another account; an owner can always write."
                )
    return found

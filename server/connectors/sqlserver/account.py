"""What a SQL Server login can do that a reading one should not, and the statements that mend it."""

from collections.abc import Callable, Sequence
from typing import Any

from server.connectors.sqlserver.schema import quoted

Rows = Callable[..., Sequence[Sequence[Any]]]

_WHO = """
SELECT SUSER_SNAME() AS login_name, USER_NAME() AS user_name, IS_SRVROLEMEMBER('sysadmin') AS is_sysadmin,
    IS_MEMBER('db_owner') AS is_owner
"""
_ROLES = ("db_datawriter", "db_ddladmin", "db_securityadmin", "db_accessadmin", "db_backupoperator")
_MEMBER = "SELECT " + ", ".join(f"IS_MEMBER('{role}') AS {role}" for role in _ROLES)
# Of the database and of the server: what a login is told of itself.
_DATABASE = "SELECT permission_name FROM sys.fn_my_permissions(NULL, 'DATABASE')"
_SERVER = "SELECT permission_name FROM sys.fn_my_permissions(NULL, 'SERVER')"
_WRITABLE = """
SELECT s.name AS owner, COUNT(*) AS how_many, MIN(o.name) AS example FROM sys.objects AS o
INNER JOIN sys.schemas AS s ON s.schema_id = o.schema_id
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0
  AND (HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', 'INSERT') = 1
       OR HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', 'UPDATE') = 1
       OR HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', 'DELETE') = 1)
GROUP BY s.name ORDER BY s.name
"""

_HARMLESS = frozenset(
    {"CONNECT", "CONNECT SQL", "SELECT", "SHOWPLAN", "VIEW ANY DATABASE", "VIEW ANY DEFINITION"}
    | {"VIEW DEFINITION", "VIEW DATABASE STATE", "VIEW DATABASE PERFORMANCE STATE"}
    | {"VIEW ANY COLUMN ENCRYPTION KEY DEFINITION", "VIEW ANY COLUMN MASTER KEY DEFINITION"}
    | {"VIEW ANY SENSITIVITY CLASSIFICATION"}
)
_MOST = 8


def warnings(rows: Rows) -> list[str]:
    """A sentence each; empty when the login only reads."""
    ((login, user, is_sysadmin, is_owner),) = rows(_WHO)
    account = quoted(str(user))
    if is_sysadmin:
        return [
            f"The login {quoted(str(login))} is a sysadmin: it can do anything, on the machine too."
            f" Mend it: ALTER SERVER ROLE sysadmin DROP MEMBER {quoted(str(login))}; or use another login."
        ]
    if is_owner:
        return [
            f"The user {account} is a member of db_owner: it can do anything in the database."
            f" Mend it: ALTER ROLE db_owner DROP MEMBER {account};"
        ]
    (member,) = rows(_MEMBER)
    found = [
        f"The user {account} is a member of {role}. Mend it: ALTER ROLE {role} DROP MEMBER {account};"
        for role, is_member in zip(_ROLES, member, strict=True)
        if is_member
    ]
    of_user = [name for (name,) in rows(_DATABASE) if name not in _HARMLESS]
    of_login = [name for (name,) in rows(_SERVER) if name not in _HARMLESS]
    said = quoted(str(login))
    beyond = [
        *(
            f"The user {account} has the permission {name}. Mend it: REVOKE {name} FROM {account};"
            for name in of_user
        ),
        *(
            f"The login {said} has the permission {name}. Mend it: USE master; REVOKE {name} FROM {said};"
            for name in of_login
        ),
    ]
    found += beyond[:_MOST]
    if len(beyond) > _MOST:
        found.append(f"The user {account} has {len(beyond) - _MOST} more permissions beyond reading.")
    for schema, count, example in rows(_WRITABLE):
        table = f"{quoted(schema)}.{quoted(example)}"
        tables = table if count == 1 else f"{count} tables of {quoted(schema)} (for example {table})"
        found.append(
            f"The user {account} can write {tables}."
            f" Mend it: REVOKE INSERT, UPDATE, DELETE ON SCHEMA::{quoted(schema)} FROM {account};"
        )
    return found

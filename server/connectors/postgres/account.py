"""What a PostgreSQL account can do that a reading one should not, and the statements that mend it."""

from collections.abc import Callable

Rows = Callable[..., list[list[str | None]]]

_ROLE = """
SELECT quote_ident(r.rolname), r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
"""
_ATTRIBUTES = (
    ("is a superuser: it can do anything, on the machine too", "NOSUPERUSER"),
    ("can make other accounts", "NOCREATEROLE"),
    ("can make databases", "NOCREATEDB"),
    ("can copy the whole server by replication", "NOREPLICATION"),
    ("is not bound by row-level security", "NOBYPASSRLS"),
)

_GROUPS = """
SELECT quote_ident(g.rolname) FROM pg_catalog.pg_roles g
WHERE g.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program',
    'pg_write_all_data', 'pg_signal_backend', 'pg_maintain', 'pg_checkpoint', 'pg_create_subscription')
  AND pg_catalog.pg_has_role(current_user, g.oid, 'MEMBER')
ORDER BY 1
"""

_WRITABLE = """
SELECT quote_ident(n.nspname), count(*), min(quote_ident(c.relname)),
    bool_or(pg_has_role(c.relowner, 'USAGE'))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp)'
  AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
       OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))
GROUP BY 1 ORDER BY 1
"""

_CREATABLE = """
SELECT quote_ident(nspname), has_schema_privilege('public', oid, 'CREATE') FROM pg_catalog.pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'CREATE')
ORDER BY 1
"""


def warnings(rows: Rows) -> list[str]:
    """A sentence each; empty when the account only reads."""
    ((name, *attributes),) = rows(_ROLE)
    account = name or ""
    if attributes[0] == "t":
        says, mend = _ATTRIBUTES[0]
        return [
            f"The account {account} {says}. Mend it: ALTER ROLE {account} {mend}; or use another account."
        ]
    found = [
        f"The account {account} {says}. Mend it: ALTER ROLE {account} {mend};"
        for (says, mend), has in zip(_ATTRIBUTES, attributes, strict=True)
        if has == "t"
    ]
    found += [
        f"The account {account} is a member of {group}. Mend it: REVOKE {group} FROM {account};"
        for (group,) in rows(_GROUPS)
    ]
    found += [_writable(account, *row) for row in rows(_WRITABLE)]
    for schema, by_everybody in rows(_CREATABLE):
        grantee = "PUBLIC" if by_everybody == "t" else account
        found.append(
            f"The account {account} can make tables in the schema {schema}."
            f" Mend it: REVOKE CREATE ON SCHEMA {schema} FROM {grantee};"
        )
    return found


def _writable(
    account: str, schema: str | None, count: str | None, example: str | None, owner: str | None
) -> str:
    tables = f"{count} tables in the schema {schema}" if count != "1" else f"the table {schema}.{example}"
    example = "" if count == "1" else f" (for example {example})"
    if owner == "t":
        return (
            f"The account {account} owns or can write {tables}{example}."
            f" Mend it: use another account; an owner can always write."
        )
    return (
        f"The account {account} can write {tables}{example}. Mend it:"
        f" REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA {schema} FROM {account};"
    )

"""The 23 permissions and the built-in roles. Who holds which stays in server/access."""

from enum import StrEnum

from shared.errors import NotPermitted


class Permission(StrEnum):
    """One thing that a key may do. The names are part of the public contract."""

    CONNECTIONS_READ = "connections_read"
    CONNECTIONS_WRITE = "connections_write"
    CONNECTIONS_DELETE = "connections_delete"
    SCHEMA_READ = "schema_read"
    DB_READ = "db_read"
    DB_WRITE = "db_write"
    DATA_EXPORT = "data_export"
    FILES_READ = "files_read"
    FILES_WRITE = "files_write"
    AI_CHAT = "ai_chat"
    AI_INSIGHTS = "ai_insights"
    SCHEDULES_WRITE = "schedules_write"
    GLOSSARY_READ = "glossary_read"
    GLOSSARY_WRITE = "glossary_write"
    AUDIT_READ = "audit_read"
    USERS_READ = "users_read"
    USERS_WRITE = "users_write"
    USERS_DELETE = "users_delete"
    ROLES_READ = "roles_read"
    ROLES_WRITE = "roles_write"
    ROLES_DELETE = "roles_delete"
    KEYS_WRITE = "keys_write"
    SYSTEM_ADMIN = "system_admin"


MEANINGS: dict[Permission, str] = {
    Permission.CONNECTIONS_READ: "see connections",
    Permission.CONNECTIONS_WRITE: "add, change and test connections",
    Permission.CONNECTIONS_DELETE: "delete connections",
    Permission.SCHEMA_READ: "see tables and columns",
    Permission.DB_READ: "run a reading query",
    Permission.DB_WRITE: "run a writing statement",
    Permission.DATA_EXPORT: "take a whole result away as a file",
    Permission.FILES_READ: "list and read file connections",
    Permission.FILES_WRITE: "save into a file connection",
    Permission.AI_CHAT: "ask with the backend's model",
    Permission.AI_INSIGHTS: "have data analysed",
    Permission.SCHEDULES_WRITE: "make jobs that the backend runs",
    Permission.GLOSSARY_READ: "see business terms and verified queries",
    Permission.GLOSSARY_WRITE: "change business terms and verified queries",
    Permission.AUDIT_READ: "read the audit trail",
    Permission.USERS_READ: "see users",
    Permission.USERS_WRITE: "add and change users",
    Permission.USERS_DELETE: "delete users",
    Permission.ROLES_READ: "see roles",
    Permission.ROLES_WRITE: "change roles and data policies",
    Permission.ROLES_DELETE: "delete roles",
    Permission.KEYS_WRITE: "issue, list and revoke keys",
    Permission.SYSTEM_ADMIN: "configure the backend, rotate keys, read metrics",
}


def lacking(permission: Permission) -> NotPermitted:
    """The refusal, which names what is missing and who can give it."""
    return NotPermitted(
        f"This key lacks the permission {permission.value} ({MEANINGS[permission]}).",
        details="Whoever administers the backend can issue a key that has it.",
    )


EVERYTHING: frozenset[Permission] = frozenset(Permission)

_VIEWER = frozenset(
    {
        Permission.CONNECTIONS_READ,
        Permission.SCHEMA_READ,
        Permission.DB_READ,
        Permission.FILES_READ,
        Permission.GLOSSARY_READ,
        Permission.AI_CHAT,
    }
)
_ANALYST = _VIEWER | {
    Permission.DATA_EXPORT,
    Permission.AI_INSIGHTS,
    Permission.SCHEDULES_WRITE,
    Permission.GLOSSARY_WRITE,
}
_DEVELOPER = _ANALYST | {
    Permission.CONNECTIONS_WRITE,
    Permission.FILES_WRITE,
    Permission.DB_WRITE,
}

BUILT_IN_ROLES: dict[str, frozenset[Permission]] = {
    "admin": EVERYTHING,
    "analyst": _ANALYST,
    "developer": _DEVELOPER,
    "viewer": _VIEWER,
}

"""The 23 permissions and the built-in roles, as the contract names them."""

from shared.permissions import BUILT_IN_ROLES, EVERYTHING, MEANINGS, Permission

CONTRACT = [
    *("connections_read", "connections_write", "connections_delete"),
    *("schema_read", "db_read", "db_write"),
    *("data_export", "files_read", "files_write"),
    *("ai_chat", "ai_insights", "schedules_write"),
    *("glossary_read", "glossary_write", "audit_read"),
    *("users_read", "users_write", "users_delete"),
    *("roles_read", "roles_write", "roles_delete"),
    *("keys_write", "system_admin"),
]


def test_there_are_exactly_the_permissions_of_the_contract() -> None:
    assert [permission.value for permission in Permission] == CONTRACT
    assert len(CONTRACT) == 23


def test_every_permission_has_a_meaning() -> None:
    assert set(MEANINGS) == EVERYTHING


def test_the_built_in_roles_grow_from_viewer_to_admin() -> None:
    assert set(BUILT_IN_ROLES) == {"admin", "analyst", "developer", "viewer"}
    assert BUILT_IN_ROLES["viewer"] < BUILT_IN_ROLES["analyst"] < BUILT_IN_ROLES["developer"]
    assert BUILT_IN_ROLES["admin"] == EVERYTHING


def test_only_an_admin_administers() -> None:
    admins_own = {
        Permission.USERS_WRITE,
        Permission.USERS_DELETE,
        Permission.ROLES_WRITE,
        Permission.ROLES_DELETE,
        Permission.KEYS_WRITE,
        Permission.SYSTEM_ADMIN,
        Permission.AUDIT_READ,
        Permission.CONNECTIONS_DELETE,
    }
    for name, role in BUILT_IN_ROLES.items():
        assert name == "admin" or not role & admins_own

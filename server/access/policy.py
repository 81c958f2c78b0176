"""May this identity do that? Only server/api/dispatch asks."""

from server.access.identity import Identity
from shared.errors import NotPermitted
from shared.permissions import MEANINGS, Permission


def permit(identity: Identity, permission: Permission) -> None:
    """Raises NotPermitted, naming what is missing and who can give it."""
    if permission not in identity.permissions:
        raise NotPermitted(
            f"This key lacks the permission {permission.value} ({MEANINGS[permission]}).",
            details="Whoever administers the backend can issue a key that has it.",
        )


def may(identity: Identity, permission: Permission) -> bool:
    return permission in identity.permissions

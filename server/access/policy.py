"""May this identity do that? Only server/api/dispatch asks."""

from server.access.identity import Identity
from shared.permissions import Permission, lacking


def permit(identity: Identity, permission: Permission) -> None:
    """Raises NotPermitted, naming what is missing and who can give it."""
    if permission not in identity.permissions:
        raise lacking(permission)


def may(identity: Identity, permission: Permission) -> bool:
    return permission in identity.permissions

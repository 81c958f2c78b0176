"""The key that seals the audit trail: made once in the life of a state, and kept there, sealed."""

import secrets
from collections.abc import Callable

from server.store.facts import add_fact, find_fact
from server.store.state import State
from server.vault import Vault
from shared.errors import NotFound

NAME = "audit_key"


def key_for_writing(state: State, vault: Vault) -> bytes:
    """Raises VaultClosed when the vault has another master key than it was sealed with."""
    sealed = find_fact(state, NAME)
    if sealed is None:
        sealed = add_fact(state, NAME, vault.seal(NAME, {"key": secrets.token_hex(32)}))
    return bytes.fromhex(vault.open(NAME, sealed)["key"])


def key_for_reading(state: State, open_vault: Callable[[], Vault]) -> bytes:
    """Raises NotFound when no backend has written a trail here, and VaultClosed as above."""
    sealed = find_fact(state, NAME)
    if sealed is None:
        raise NotFound("There is no audit trail yet: no backend has been started on this state.")
    return bytes.fromhex(open_vault().open(NAME, sealed)["key"])

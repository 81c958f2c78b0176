"""The secret that keys the hashes of masked columns: made once in the life of a state, sealed in it."""

import secrets

from server.store.facts import add_fact, find_fact
from server.store.state import State
from server.vault import Vault

_FACT = "mask_secret"


def mask_secret(state: State, vault: Vault) -> str:
    """The same for every process and as long as the state lives. Raises VaultClosed."""
    sealed = find_fact(state, _FACT)
    if sealed is None:
        sealed = add_fact(state, _FACT, vault.seal(_FACT, {"secret": secrets.token_hex(16)}))
    return vault.open(_FACT, sealed)["secret"]

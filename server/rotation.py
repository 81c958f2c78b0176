"""A new master key in place of the old one, while workers serve. What is sealed with it: store/sealed_texts.

The new key is put before the old one, everything is sealed anew with it, and only then, when it is asked for,
the old one is taken away. Whatever is interrupted leaves both keys there, and both open.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from server.store import sealed_texts
from server.store.facts import find_fact
from server.store.state import State, open_state
from server.vault import MARK, Vault, fresh_key, given_key, is_sealed, key_in
from shared import private_files
from shared.errors import SettingsInvalid, VaultClosed

SETTLED_SECONDS = 3.0
"""After that every worker that lives has taken the new key over."""

_MOST_PASSES = 20


class Rotated(msgspec.Struct, frozen=True):
    """``dropped``: the older keys are gone."""

    texts: int
    files: tuple[Path, ...]
    dropped: bool


def rotate(
    store_url: str,
    home: Path,
    environ: Mapping[str, str],
    *,
    files: Sequence[Path] = (),
    drop_old: bool = False,
    wait: Callable[[float], None] = time.sleep,
) -> Rotated:
    """``files`` are sealed files that are sealed anew too; those that are not sealed are left alone. Raises
    VaultClosed, and SettingsInvalid where the key is not ours to write."""
    state = open_state(store_url, home)
    try:
        vault = _with_new_key(state, home, environ)
        count = _seal_anew(state, vault)
        wait(SETTLED_SECONDS)  # a worker may have sealed something with the old key just now
        for _ in range(_MOST_PASSES):
            late = _seal_anew(state, vault)
            count += late
            if not late:
                break
        sealed = tuple(file for file in files if is_sealed(file))
        for file in sealed:
            private_files.replace(file, vault.seal_file(vault.open_sealed(file)))
        if drop_old:
            _drop_old(state, home, environ)
        return Rotated(count, sealed, drop_old)
    finally:
        state.close()


def _with_new_key(state: State, home: Path, environ: Mapping[str, str]) -> Vault:
    given = given_key(environ)
    if given is not None:
        text, where = given
        if len(text.split()) < 2:
            raise SettingsInvalid(
                f"The master key comes from {where}, which is not ours to write. Put a new one before it "
                "there, on a line of its own (generate-master-key prints one), and run this again; with a "
                "variable, restart the backend in between."
            )
        vault = Vault(text, where)
        _check(state, vault)
        return vault
    file = home / ".key"
    before = key_in(file)
    _check(state, Vault(before, file))
    private_files.replace(file, fresh_key().encode() + b"\n" + before.strip() + b"\n")
    return Vault(key_in(file), file)


def _check(state: State, vault: Vault) -> None:
    """Raises VaultClosed for a key that is not the state's, before anything changes."""
    mark = find_fact(state, MARK)
    if mark is not None:
        vault.open(MARK, mark)


def _seal_anew(state: State, vault: Vault) -> int:
    """How many were sealed with an older key."""
    old = [text for text in sealed_texts.everything(state) if not vault.is_newest(text.sealed)]
    for text in old:
        sealed_texts.swap(state, text, vault.sealed_anew(text.sealed))
    return len(old)


def _drop_old(state: State, home: Path, environ: Mapping[str, str]) -> None:
    given = given_key(environ)
    if given is not None:
        raise SettingsInvalid(
            f"Everything is sealed with the first key of {given[1]}; take the others away there yourself."
        )
    file = home / ".key"
    newest = key_in(file).split()[0]
    alone = Vault(newest, file)
    if any(not alone.is_newest(text.sealed) for text in sealed_texts.everything(state)):
        raise VaultClosed(
            "Something is still sealed with an older key: a worker has not taken the new one over. "
            "The older keys stay where they are. Run this again."
        )
    private_files.replace(file, newest + b"\n")

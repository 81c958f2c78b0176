"""Folders that are no one's reports: what cannot be granted, what is warned of, what stays shut inside a
grant."""

import os
from pathlib import Path, PurePath

import msgspec

from shared import paths
from shared.errors import PathRefused

_SECRET_NAMES = frozenset(
    {
        *(".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".gcloud", ".password-store", ".vmart"),
        *(".netrc", ".pgpass", ".npmrc", ".pypirc", ".git-credentials", "credentials"),
        *(".mozilla", ".thunderbird", ".config", ".local", ".cache", "keychains", "keyrings"),
    }
)
"""Shut wherever they lie: keys, passwords, the stores of browsers. Compared without case."""

_SECRET_TAILS = (
    ("library", "application support", "google"),
    ("library", "application support", "firefox"),
    ("library", "cookies"),
    ("library", "mail"),
    ("appdata", "local", "google"),
    ("appdata", "local", "microsoft"),
    ("appdata", "local", "bravesoftware"),
    ("appdata", "roaming", "mozilla"),
    ("appdata", "roaming", "microsoft"),
    ("appdata", "roaming", "opera software"),
)
_SYSTEM_BELOW = frozenset(
    {
        *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run", "/sbin", "/sys"),
        *("/usr", "/system", "/private/etc"),
    }
)
_SYSTEM = _SYSTEM_BELOW | {
    *("/", "/var", "/opt", "/root", "/home", "/tmp", "/mnt", "/media", "/library", "/applications"),  # noqa: S108
    *("/private", "/cores", "/users", "/volumes"),
}
_SYSTEM_OF_DRIVE = frozenset(
    ["windows", "program files", "program files (x86)", "programdata", "$recycle.bin", "users", "recovery"]
)


class Advice(msgspec.Struct, frozen=True):
    """What the person should know before they grant a folder; empty for nothing."""

    warning: str = ""


def is_secret(path: PurePath) -> bool:
    """Whether anything on the way is a store of keys or passwords."""
    names = [part.casefold() for part in path.parts]
    if any(name in _SECRET_NAMES for name in names):
        return True
    return any(
        tuple(names[start : start + len(tail)]) == tail
        for tail in _SECRET_TAILS
        for start in range(len(names) - len(tail) + 1)
    )


def is_ours(path: Path, folder: Path) -> bool:
    """Whether it is the agent's own: ``folder`` is the person's, and others on this machine have theirs."""
    return any(path == own or path.is_relative_to(own) for own in (folder.resolve(), _real(paths.home())))


def advice(folder: Path, state: Path) -> Advice:
    """About granting ``folder``, an absolute path without links. ``state`` is where we keep a person's own.
    Raises PathRefused when it cannot be granted at all."""
    home = _real(Path.home())
    text = os.path.normcase(str(folder)).replace("\\", "/").casefold()
    if folder == home:
        return Advice(
            "This is your whole home folder. Keys, passwords and browser data in it stay shut, but all "
            "else can be read. A folder with just the files you need is safer."
        )
    if _is_system(folder, text):
        raise PathRefused(f"{folder} belongs to the system. Grant a folder with your own files.")
    if is_secret(folder) or is_ours(folder, state):
        raise PathRefused(f"{folder} holds keys, passwords or a program's own data, and is never granted.")
    if home.is_relative_to(folder):
        raise PathRefused(f"{folder} holds the home folders of people. Grant a folder with your own files.")
    if state.is_relative_to(folder):
        return Advice("The agent's own data lies in this folder; that part stays shut.")
    return Advice()


def _is_system(folder: Path, text: str) -> bool:
    if folder.parent == folder:  # /, C:\, \\server\share
        return True
    if text in _SYSTEM or any(text.startswith(f"{above}/") for above in _SYSTEM_BELOW):
        return True
    return bool(folder.drive) and len(folder.parts) > 1 and folder.parts[1].casefold() in _SYSTEM_OF_DRIVE


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except OSError:
        return path

"""Which settings a command uses: the file it is given, the one that the environment names, or the sample.

An image names its places by ``VMART_CONFIG``, ``VMART_SAMPLE_CONFIG`` and ``VMART_LOGS``, and itself by
``VMART_IN_CONTAINER``; what the settings mean is in shared/settings. A file may be sealed with
the master key.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from server.vault import is_sealed, open_vault
from shared.errors import SettingsInvalid
from shared.paths import home
from shared.settings import BackendSettings, load, parse

_OURSELVES_ALONE = ("127.0.0.1", "::1", "localhost")


class Chosen(msgspec.Struct, frozen=True):
    """``remarks`` are sentences for whoever starts a backend with these settings."""

    settings: BackendSettings
    remarks: tuple[str, ...] = ()


def choose(given: Path | None, environ: Mapping[str, str]) -> Chosen:
    """Without any file every setting has its default. Raises SettingsInvalid, and VaultClosed for a sealed
    file that does not open."""
    file, remarks = file_of(given, environ), []
    if given is None and file is not None:
        sample = environ.get("VMART_SAMPLE_CONFIG", "").strip()
        if sample and not _is_there(file):
            remarks.append(
                f"There is no settings file at {file}: starting with {sample}, which explains itself: "
                f"copy it, change it and put it there (in a container: mount a folder at {file.parent})."
            )
            file = Path(sample)
    settings = BackendSettings() if file is None else _load(file, environ)
    folder = environ.get("VMART_LOGS", "").strip()
    if folder and not settings.logging.file:
        if os.access(folder, os.W_OK | os.X_OK):
            logging = msgspec.structs.replace(settings.logging, file=str(Path(folder) / "backend.log"))
            settings = msgspec.structs.replace(settings, logging=logging)
        else:
            remarks.append(
                f"The log is on standard error only: {folder} cannot be written{as_whom()}. "
                "Give that folder to this user to have a file there too."
            )
    if environ.get("VMART_IN_CONTAINER") and settings.server.host in _OURSELVES_ALONE:
        remarks.append(
            f"server.host is {settings.server.host}, which nobody outside this container can reach. "
            'Set it to "0.0.0.0"; what is published stays your choice.'
        )
    return Chosen(settings, tuple(remarks))


def file_of(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The one that is given, or that the environment names."""
    named = environ.get("VMART_CONFIG", "").strip()
    return given or (Path(named) if named else None)


@contextmanager
def named(given: Path | None, environ: Mapping[str, str]) -> Iterator[None]:
    """What is wrong with a setting is said with the file in which it stands."""
    try:
        yield
    except SettingsInvalid as error:
        file = file_of(given, environ)
        if file is None or not _is_there(file) or Path(error.message.partition(": ")[0]).is_absolute():
            raise  # there is none, or the sentence begins with a file
        raise SettingsInvalid(f"{file}: {error.message}", details=error.details) from error


def _load(file: Path, environ: Mapping[str, str]) -> BackendSettings:
    if not is_sealed(file):
        return load(file, BackendSettings, environ)
    plain = open_vault(home() / ".key", create=False, environ=environ).open_sealed(file)
    try:
        text = plain.decode()
    except UnicodeDecodeError as error:
        raise SettingsInvalid(f"What is sealed in {file} is not UTF-8 text, and so no settings.") from error
    return parse(text, BackendSettings, source=str(file), environ=environ)


def as_whom() -> str:
    """The user we run as, for sentences about folders that belong to somebody else."""
    return f" by user {os.geteuid()}" if hasattr(os, "geteuid") else ""


def _is_there(file: Path) -> bool:
    try:
        file.stat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise SettingsInvalid(
            f"The settings file {file} cannot be reached{as_whom()}: {error.strerror}. "
            "Let this user read it and enter its folder."
        ) from error
    return True

"""Which backend this person chose: the one in the settings, the demo, or nothing yet.

Kept in a file of its own, beside the state, for it must be known before the state is opened.
"""

from pathlib import Path

import msgspec

from shared.paths import private_folder
from shared.private_files import replace
from shared.settings import BackendSection


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """``demo``: demo data, in place of ``instead_of``, which is what the settings said at that time.
    When they say something else by now, that is newer and holds."""

    demo: bool = False
    instead_of: str = ""


class ChoiceFile:
    """Remembers the choice in a person's folder; a file that is damaged is none."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "backend.json"

    def find(self) -> Choice:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Choice)
        except (OSError, msgspec.DecodeError):
            return Choice()

    def keep(self, choice: Choice) -> None:
        private_folder(self._file.parent)
        replace(self._file, msgspec.json.encode(choice))


def chosen(section: BackendSection, choice: Choice, *, ask: bool) -> BackendSection | None:
    """The settings to go by: without an address they mean the demo. None when the person is to be asked."""
    if choice.demo and choice.instead_of == section.url:
        return demo(section)
    if not section.url and ask:
        return None
    return section


def demo(section: BackendSection) -> BackendSection:
    return msgspec.structs.replace(section, url="", api_key="")

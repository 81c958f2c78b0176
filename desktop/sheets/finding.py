"""The spreadsheets in what the person granted, by their names alone; nothing is read."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator

from desktop.files.grants import GrantedPath, Grants
from desktop.sheets.grids import WORKBOOKS
from shared.errors import AppError

_MOST_DEPTH = 12
_MOST_ENTRIES = 100_000
_SECONDS = 10.0
_TEMPORARY = ("~$", ".")
_ENDINGS = (*WORKBOOKS, "csv", "tsv", "tab")


def spreadsheets(grants: Grants, cancelled: Callable[[], None]) -> Iterator[GrantedPath]:
    """Those nearest to a grant's own folder first; stops after some seconds."""
    waiting = deque(GrantedPath(grant, ()) for grant in grants.list())
    until, seen = time.monotonic() + _SECONDS, 0
    while waiting and time.monotonic() < until:
        cancelled()
        here = waiting.popleft()
        found: list[GrantedPath] = []
        try:
            with grants.opened_folder(here) as folder, os.scandir(folder) as entries:
                for entry in entries:
                    seen += 1
                    if seen > _MOST_ENTRIES or entry.name.startswith(_TEMPORARY):
                        continue
                    below = here.below(entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        if len(here.steps) < _MOST_DEPTH:
                            waiting.append(below)
                    elif entry.name.lower().endswith(tuple(f".{ending}" for ending in _ENDINGS)):
                        found.append(below)
        except (AppError, OSError):
            continue
        yield from sorted(
            (path for path in found if grants.is_open(path.grant, path.steps)),
            key=lambda path: path.text.casefold(),
        )

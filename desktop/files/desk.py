"""All that is done with the person's files, made together: for the window, the tools and the analyst."""

from collections.abc import Callable
from pathlib import Path

from desktop.files.dropping import Dropping
from desktop.files.grants import Grants
from desktop.files.library import Library
from desktop.files.search import Search
from desktop.files.writing import Planned, Writing, Written


class FileDesk:
    """``folder`` is the person's own; ``told`` hears of each file that was written with their yes. Close
    it at the end."""

    def __init__(
        self, grants: Grants, folder: Path, told: Callable[[Written], None] = lambda _: None
    ) -> None:
        self._told = told
        self.grants = grants
        self.library = Library(grants)
        self.search = Search(self.library, grants, folder / "files" / "index.db")
        self.writing = Writing(grants, folder)
        self.dropping = Dropping(grants, self.library, folder)

    def write(self, planned: Planned) -> Written:
        """What the person said yes to. Raises FileNotWritten."""
        written = self.writing.write(planned)
        self._told(written)
        return written

    def close(self) -> None:
        self.library.close()
        self.search.close()

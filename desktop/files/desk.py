"""All that is done with the person's files, made together: for the window, the tools and the analyst."""

from pathlib import Path

from desktop.files.dropping import Dropping
from desktop.files.grants import Grants
from desktop.files.library import Library
from desktop.files.search import Search
from desktop.files.writing import Writing


class FileDesk:
    """``folder`` is the person's own. Close it at the end."""

    def __init__(self, grants: Grants, folder: Path) -> None:
        self.grants = grants
        self.library = Library(grants)
        self.search = Search(self.library, grants, folder / "files" / "index.db")
        self.writing = Writing(grants, folder)
        self.dropping = Dropping(grants, self.library, folder)

    def close(self) -> None:
        self.library.close()
        self.search.close()

"""What a connection shows: tables and columns, files and folders."""

from shared.results import ColumnType
from shared.wire.base import Reply


class ColumnInfo(Reply, frozen=True):
    """One column of a table.

    ``samples`` are distinct values of a text column in the order of their frequency, where
    they could be had cheaply; ``samples_complete`` says that these are all of them.
    """

    name: str
    type: ColumnType
    nullable: bool = True
    comment: str = ""
    samples: list[str] = []
    samples_complete: bool = False


class ForeignKey(Reply, frozen=True):
    """``columns`` of this table point at ``references_columns`` of ``references_table``."""

    columns: list[str]
    references_table: str
    references_columns: list[str]


class TableInfo(Reply, frozen=True):
    """One table or view. ``name`` is written as SQL needs it: ``sales``, ``hr.staff``.

    ``row_estimate`` is None when the source cannot say it cheaply.
    """

    name: str
    columns: list[ColumnInfo]
    comment: str = ""
    primary_key: list[str] = []
    foreign_keys: list[ForeignKey] = []
    row_estimate: int | None = None


class Unread(Reply, frozen=True):
    """A connection whose tables are missing, all or some of them, and the sentence that says why."""

    connection: str
    error: str


class Schema(Reply, frozen=True):
    """What a connection shows. ``dialect`` is sqlglot's name for its SQL.

    ``found``: how many tables fit a search of which ``tables`` are the best. ``unread`` is what could not
    be read, or not yet: connections, when the schema is that of all; files that are seen for the first time.
    """

    tables: list[TableInfo]
    dialect: str = ""
    connection: str = ""
    found: int | None = None
    unread: list[Unread] = []


class FileInfo(Reply, frozen=True):
    """A file or folder of a connection. ``path`` finds it again; ``size`` is None where only reading tells;
    ``modified_at`` is ISO 8601, or empty."""

    path: str
    folder: bool
    media_type: str
    size: int | None
    modified_at: str


class FileList(Reply, frozen=True):
    """``truncated``: there are more than were asked for."""

    files: list[FileInfo]
    truncated: bool

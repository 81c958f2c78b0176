"""The tables that a query across connections names: ``connection.table`` or ``connection.schema.table``."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlglot import exp

from server.schemas import qualified
from shared.errors import NotFound, QueryRefused
from shared.sql.tree import Ctes, is_cte
from shared.wire import ColumnInfo, TableInfo

_TAKEN = frozenset({"memory", "main", "system", "temp", "pg_catalog", "information_schema"})
"""Names that mean something to DuckDB."""

DEFAULT_SCHEMAS = {"postgres": "public", "tsql": "dbo", "duckdb": "main", "clickhouse": "default"}
"""Which schema a name without one means, and whose name may be left out."""


@dataclass(frozen=True, eq=False)
class Reference:
    """One place in the SQL where a table is named."""

    node: exp.Table
    connection: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The name within the connection."""
        return tuple(part.name for part in self.node.parts[1:])

    @property
    def path(self) -> tuple[str, str, str]:
        """Where DuckDB looks for it: catalog, schema, table."""
        schema, table = ("main", self.node.name) if len(self.parts) == 1 else self.parts
        return self.node.parts[0].name.lower(), schema.lower(), table.lower()

    @property
    def alias(self) -> str:
        return str(self.node.alias or self.node.name).lower()

    @property
    def written(self) -> str:
        return qualified(self.connection, ".".join(self.parts))


@dataclass(frozen=True, eq=False)
class Bound:
    """A reference, and the table that it turned out to mean."""

    reference: Reference
    table: TableInfo

    @property
    def key(self) -> tuple[str, str]:
        """The same for every reference to this table."""
        return self.reference.connection, self.table.name

    def find(self, column: str) -> ColumnInfo | None:
        wanted = column.lower()
        return next((one for one in self.table.columns if one.name.lower() == wanted), None)


def references(tree: exp.Expr, connections: Collection[str]) -> list[Reference]:
    """Raises NotFound or QueryRefused, for the first table that names no connection."""
    found = list(_references(tree, connections))
    by_path: dict[str, str] = {}
    for reference in found:
        if by_path.setdefault(reference.path[0], reference.connection) != reference.connection:
            raise QueryRefused(
                f"The names of two connections, {by_path[reference.path[0]]!r} and "
                f"{reference.connection!r}, differ only in case; one query can not use both."
            )
    return found


def _references(tree: exp.Expr, connections: Collection[str]) -> Iterator[Reference]:
    known: Ctes = {}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or is_cte(table, known):
            continue
        first = table.parts[0].name
        if len(table.parts) == 1:
            raise NotFound(
                f"The table {first[:80]!r} names no connection.",
                details="Across connections a table is written connection.table or connection.schema.table;"
                " GET /api/schema/* lists them.",
            )
        yield Reference(table, _connection(first, connections))


def _connection(name: str, connections: Collection[str]) -> str:
    if name.lower() in _TAKEN:
        raise QueryRefused(f"A connection that is called {name!r} can not be used across connections.")
    if name in connections:
        return name
    alike = [one for one in connections if one.lower() == name.lower()]
    if len(alike) != 1:
        raise NotFound(f"There is no connection called {name[:63]!r}.")
    return alike[0]

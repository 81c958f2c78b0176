"""The tables of a connection by the names that SQL has for them, as each dialect reads them. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlglot import exp
from sqlglot.errors import SqlglotError

Parts = tuple[str, ...]
"""Of a name as the source keeps it: the schema, when it has one here, and the table."""

_CASELESS = frozenset({"duckdb", "tsql"})


def exact(identifier: exp.Expr, dialect: str) -> str:
    """The name that an identifier means: letters outside quotes may be folded."""
    name = identifier.name
    if not identifier.args.get("quoted"):
        if dialect == "postgres":
            return "".join(letter.lower() if letter.isascii() else letter for letter in name)
        if dialect == "oracle":
            return name.upper()
    return name.lower() if dialect in _CASELESS else name


def parts_of(name: str, dialect: str) -> Parts | None:
    """Of a name as a schema lists it, which is as SQL writes it; None for one that can not be read."""
    try:
        table = exp.to_table(name, dialect=dialect)
    except (SqlglotError, ValueError):
        return None
    kept = "oracle" if dialect == "oracle" else "clickhouse"  # only Oracle's are listed in another case
    return tuple(exact(part, kept) for part in table.parts)


class Directory:
    """Where each table of a schema stands in it. ``own`` is the schema that goes without saying."""

    def __init__(self, names: Sequence[str], dialect: str, own: str) -> None:
        self.dialect, self._own = dialect, own
        self.parts = [parts_of(name, dialect) for name in names]
        self._places: dict[Parts, int] = {}
        folded = Counter(_folded(parts) for parts in self.parts if parts is not None)
        self._alike = {parts for parts, count in folded.items() if count > 1}
        for place, parts in enumerate(self.parts):
            for known in self.written(parts):
                self._places.setdefault(known, place)
                if dialect in _CASELESS and _folded(parts or ()) not in self._alike:
                    self._places.setdefault(_folded(known), place)

    def written(self, parts: Parts | None) -> Iterable[Parts]:
        """The ways to name the table: with its schema, and without it when that goes without saying."""
        if parts is None:
            return ()
        if len(parts) == 1 and self._own:
            return (parts, (self._own, *parts))
        return (parts,)

    def is_alone(self, parts: Parts) -> bool:
        """Whether no other table differs from it in case only."""
        return _folded(parts) not in self._alike

    def find(self, table: exp.Table) -> int | None:
        """The place of the table that a query means."""
        identifiers = table.parts
        plain = tuple(part.name for part in identifiers)
        meant = tuple(exact(part, self.dialect) for part in identifiers)
        if self.dialect in _CASELESS and plain in self._places:
            return self._places[plain]
        return self._places.get(meant)


def _folded(parts: Parts) -> Parts:
    return tuple(part.lower() for part in parts)

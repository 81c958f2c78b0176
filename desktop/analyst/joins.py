"""Which rows belong to which: many-to-one links between tables, and the paths along them.

A link goes from a row to at most one other row, so following links never multiplies rows. Declared
foreign keys are links; a same-named or table-named key column is one when its target is unique,
which is checked against the data once, when the link is first wanted.
"""

from collections.abc import Callable

import msgspec

from desktop.analyst.roles import Col, Role, Table

MAX_HOPS = 4


class Link(msgspec.Struct, frozen=True):
    """``columns`` of ``table`` find at most one row of ``target`` by its ``target_columns``.
    ``said`` is what the link is called when two lead to the same table: ``origin``."""

    table: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    declared: bool
    said: str


class Links:
    """The links of a schema. ``is_unique`` asks the data about a table and a column."""

    def __init__(self, tables: dict[str, Table], is_unique: Callable[[str, str], bool]) -> None:
        self._tables = tables
        self._is_unique = is_unique
        self._from: dict[str, list[Link]] = {name: [] for name in tables}
        for table in tables.values():
            self._declared(table)
        self._inferred()

    def _declared(self, table: Table) -> None:
        for key in table.info.foreign_keys:
            target = self._tables.get(key.references_table)
            if target is None or any(target.find(c) is None for c in key.references_columns):
                continue
            said = _said(table, key.columns, target)
            link = Link(
                table.name, tuple(key.columns), target.name, tuple(key.references_columns), True, said
            )
            self._from[table.name].append(link)

    def _inferred(self) -> None:
        homes: dict[tuple[str, ...], list[tuple[Table, Col]]] = {}
        for table in self._tables.values():
            for column in _possible_keys(table):
                for words in _called(table, column):
                    homes.setdefault(words, []).append((table, column))
        for table in self._tables.values():
            taken = {c for link in self._from[table.name] for c in link.columns}
            for column in table.columns:
                if column.role not in (Role.KEY, Role.TEXT, Role.LABEL) or column.name in taken:
                    continue
                for home, key in homes.get(column.words, []):
                    if home.name != table.name and _comparable(column, key):
                        self._from[table.name].append(
                            Link(table.name, (column.name,), home.name, (key.name,), False, "")
                        )

    def of(self, table: str) -> list[Link]:
        """The links that leave a table; the inferred ones only when the data bears them out."""
        return [
            link
            for link in self._from[table]
            if link.declared or self._is_unique(link.target, link.target_columns[0])
        ]

    def paths(self, start: str, goal: str) -> list[tuple[Link, ...]]:
        """The shortest ways from ``start`` to ``goal``; several when they are equally short."""
        if start == goal:
            return [()]
        waiting: list[tuple[Link, ...]] = [()]
        for _ in range(MAX_HOPS):
            longer: list[tuple[Link, ...]] = []
            for path in waiting:
                here = path[-1].target if path else start
                seen = {start, *(link.target for link in path)}
                longer.extend((*path, link) for link in self.of(here) if link.target not in seen)
            found = [path for path in longer if path[-1].target == goal]
            if found:
                return found
            waiting = longer
        return []

    def reachable(self, start: str) -> set[str]:
        seen, waiting = {start}, [start]
        for _ in range(MAX_HOPS):
            waiting = [link.target for here in waiting for link in self.of(here) if link.target not in seen]
            seen.update(waiting)
        return seen

    def said_of(self, table: str) -> list[Link]:
        """Those declared links of a table that share their target and so need a name of their own."""
        links = [link for link in self._from[table] if link.declared]
        shared = [link.target for link in links]
        return [link for link in links if link.said and shared.count(link.target) > 1]


def _said(table: Table, columns: list[str], target: Table) -> str:
    column = table.find(columns[0])
    if column is None:
        return ""
    words = [w for w in column.words if w not in target.words and w not in ("id", "code", "key", "no")]
    return " ".join(words)


def _possible_keys(table: Table) -> list[Col]:
    """Columns that may identify a row: the declared key; else a key in first place, ``id``, ``store_id`` in
    ``stores``."""
    if len(table.info.primary_key) == 1:
        column = table.find(table.info.primary_key[0])
        return [column] if column else []
    if table.info.primary_key:
        return []
    noun = table.words[-1:]
    first = table.columns[0] if table.columns else None
    return [
        c
        for c in table.columns
        if c.role in (Role.KEY, Role.TEXT)
        and (
            (c is first and c.role is Role.KEY)
            or c.words[:1] == ("id",)
            or c.words == noun
            or (c.words[:-1] in (table.words, noun) and c.role is Role.KEY)
        )
    ]


def _called(table: Table, key: Col) -> list[tuple[str, ...]]:
    """What a column that points here may be called: ``store_id``, ``store``."""
    names = {key.words} if len(key.words) > 1 or key.words == table.words[-1:] else set()
    if key.words[-1:] and key.words[-1] in ("id", "code", "key", "no"):
        names.update({(*table.words, key.words[-1]), (*table.words[-1:], key.words[-1])})
        names.update({table.words, table.words[-1:]})
    return sorted(names)


def _comparable(one: Col, other: Col) -> bool:
    return one.type is other.type or (one.type.is_number and other.type.is_number)

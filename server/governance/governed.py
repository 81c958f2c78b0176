"""One table as a caller sees it: its columns, and the SQL that gives its rows. Pure.

Roles add up. A row is there when some role shows it; a column when some role shows it. A value is as it is
where a role covers the row that shows the column unmasked; else masked as a role that covers the row has it;
else NULL.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlglot import exp

from server.access.data_policy import closeness, fits
from server.governance import masks
from server.governance.names import Directory, Parts
from shared.errors import InvalidRequest
from shared.policies import Mask, TablePolicy
from shared.results import ColumnType
from shared.sql import conditions, filling, parsing
from shared.wire import ColumnInfo, TableInfo

ALIAS = "vmart_policy"
"""Of a table inside its governed form. No name of a query may hold it."""

_ORDER = (Mask.LAST_FOUR, Mask.YEAR, Mask.HASH, Mask.HIDE)
"""Where several roles cover a row, and each masks the value otherwise."""


class Governed(msgspec.Struct, frozen=True):
    """``table`` is what a schema says of it. ``select`` is SQL up to FROM and the table, and ``where`` the
    condition of the rows that are seen, empty when all are."""

    table: TableInfo
    select: str
    where: str


class _Grant(msgspec.Struct, frozen=True):
    """What one role shows: a column is here with its mask, or None; ``rows`` is a condition, empty for every
    row, and None for no row."""

    columns: Mapping[str, Mask | None]
    rows: str | None


class Rules(msgspec.Struct, frozen=True):
    """Of one caller for one connection: what each role says of its tables."""

    roles: Sequence[Sequence[TablePolicy]]
    attributes: Mapping[str, Sequence[str]]
    dialect: str
    secret: str


def governed(table: TableInfo, parts: Parts, directory: Directory, rules: Rules) -> Governed | None:
    """None when no role shows anything of the table."""
    found = [_entry(role, parts, directory) for role in rules.roles]
    grants = [_grant(one, table, rules) for one in found if one is not None]
    return _together([one for one in grants if one is not None], table, parts, rules)


def _entry(policies: Sequence[TablePolicy], parts: Parts, directory: Directory) -> TablePolicy | None:
    """The one that names the table most closely. None also where a closer one names it but for the case of
    its letters, and other tables are alike: what it means is not sure, and it may be there to take away."""
    known = [".".join(one) for one in directory.written(parts)]
    alone = directory.is_alone(parts)
    fitting = [one for one in policies if _names(one.table, known, alone=alone)]
    chosen = min(fitting, key=lambda one: closeness(one.table), default=None)
    if alone or chosen is None:
        return chosen
    alike = [one for one in policies if _names(one.table, known, alone=True)]
    nearest = min(closeness(one.table) for one in alike)
    return chosen if closeness(chosen.table) <= nearest else None


def _names(pattern: str, known: Sequence[str], *, alone: bool) -> bool:
    """Letters count as they are; where no other table is alike, whatever their case."""
    if pattern == "*":
        return True
    return any(
        fits(pattern, one, within=".") or (alone and fits(pattern.lower(), one.lower(), within="."))
        for one in known
    )


def _grant(policy: TablePolicy, table: TableInfo, rules: Rules) -> _Grant | None:
    """None when it shows no column, or when its condition speaks of columns that the table does not have."""
    alike = Counter(column.name.lower() for column in table.columns)

    def named(pattern: str, column: str) -> bool:
        return fits(pattern, column) or (alike[column.lower()] == 1 and fits(pattern.lower(), column.lower()))

    def closed(pattern: str, column: str) -> bool:
        """For what takes away: a name that is no column's as it is written means all that are alike."""
        exactly = any(fits(pattern, one.name) for one in table.columns)
        return fits(pattern, column) if exactly else fits(pattern.lower(), column.lower())

    def find(name: str) -> ColumnInfo | None:
        same = [one for one in table.columns if one.name == name]
        folded = [one for one in table.columns if one.name.lower() == name.lower()]
        return same[0] if same else folded[0] if len(folded) == 1 else None

    shown = {
        column.name: _mask(policy, column.name, named, closed)
        for column in table.columns
        if (policy.columns is None or any(named(one, column.name) for one in policy.columns))
        and not any(named(one, column.name) or closed(one, column.name) for one in policy.hidden)
    }
    if not shown:
        return None
    if not policy.rows:
        return _Grant(shown, "")
    try:
        condition = conditions.parsed(policy.rows)
    except InvalidRequest:  # it was written when more was allowed
        return None
    if any(find(name) is None for name in condition.columns):
        return None
    filled = filling.filled(condition, find, rules.attributes, ALIAS)
    return _Grant(shown, None if filled is None else parsing.render(filled, rules.dialect))


def _mask(policy: TablePolicy, column: str, *named: Callable[[str, str], bool]) -> Mask | None:
    fitting = [pattern for pattern in policy.masks if any(means(pattern, column) for means in named)]
    return policy.masks[min(fitting, key=closeness)] if fitting else None


def _together(grants: Sequence[_Grant], table: TableInfo, parts: Parts, rules: Rules) -> Governed | None:
    columns = [one for one in table.columns if any(one.name in grant.columns for grant in grants)]
    if not columns:
        return None
    covering = [grant for grant in grants if grant.rows is not None]
    filtered = not any(grant.rows == "" for grant in grants)
    written = [_column(one, covering, rules) for one in columns]
    shown = ", ".join(text for text, _ in written)
    source = ".".join(_quoted(part, rules.dialect) for part in parts)
    as_ = " " if rules.dialect == "oracle" else " AS "
    select = f"SELECT {shown} FROM {source}{as_}{_quoted(ALIAS, rules.dialect)}"  # noqa: S608 - names, quoted
    texts = dict.fromkeys(grant.rows for grant in covering if grant.rows)
    where = (" OR ".join(f"({text})" for text in texts) or "1 = 0") if filtered else ""
    kinds = [kind for _, kind in written]
    return Governed(_info(table, columns, kinds, grants, filtered=filtered), select, where)


def _column(column: ColumnInfo, grants: Sequence[_Grant], rules: Rules) -> tuple[str, ColumnType | None]:
    """Its SQL, and its type when that is not the column's own."""
    dialect = rules.dialect
    name = f"{_quoted(ALIAS, dialect)}.{_quoted(column.name, dialect)}"
    text, kind = _value(name, column, grants, rules)
    return f"{text} AS {_quoted(column.name, dialect)}", None if text == name else kind


def _value(name: str, column: ColumnInfo, grants: Sequence[_Grant], rules: Rules) -> tuple[str, ColumnType]:
    shows = [(grant.columns[column.name], grant.rows) for grant in grants if column.name in grant.columns]
    ways = {mask for mask, _ in shows}
    used = [way for way in (None, *_ORDER) if way in ways]
    kinds = {masks.kind_of(way, column.type) for way in used if way is not Mask.HIDE}
    kind = kinds.pop() if len(kinds) == 1 else ColumnType.TEXT if kinds else column.type
    if not grants or (len(shows) == len(grants) and len(used) == 1):
        return (name if not used else _as(used[0], name, column, rules)), kind
    if not used:
        return masks.nothing(name, column.type, column.type, rules.dialect), column.type
    mixed = kind is ColumnType.TEXT and len(used) > 1
    branches: list[str] = []
    nothing = masks.nothing(name, column.type, kind, rules.dialect, text=mixed)
    for way in used:
        value = nothing if way is Mask.HIDE and len(used) > 1 else _as(way, name, column, rules)
        if mixed and way not in (Mask.HIDE, Mask.HASH, Mask.LAST_FOUR):
            value = masks.as_text(value, masks.kind_of(way, column.type), rules.dialect)
        rows = dict.fromkeys(rows for mask, rows in shows if mask is way and rows is not None)
        if "" in rows:
            branches.append(f"ELSE {value}")
            break
        branches.append(f"WHEN {' OR '.join(f'({one})' for one in rows)} THEN {value}")
    if branches[0].startswith("ELSE "):
        return branches[0].removeprefix("ELSE "), kind
    if not branches[-1].startswith("ELSE "):
        branches.append(f"ELSE {nothing}")
    return f"CASE {' '.join(branches)} END", kind


def _as(mask: Mask | None, name: str, column: ColumnInfo, rules: Rules) -> str:
    return name if mask is None else masks.masked(mask, name, column.type, rules.dialect, rules.secret)


def _info(
    table: TableInfo,
    columns: Sequence[ColumnInfo],
    kinds: Sequence[ColumnType | None],
    grants: Sequence[_Grant],
    *,
    filtered: bool,
) -> TableInfo:
    """Keys and estimates only where they tell nothing of what is not seen."""
    shown: list[ColumnInfo] = []
    plain: set[str] = set()
    for column, kind in zip(columns, kinds, strict=True):
        bare = all(grant.columns.get(column.name, Mask.HIDE) is None for grant in grants)
        said = column
        if bare:
            plain.add(column.name)
        if filtered or not bare:
            said = msgspec.structs.replace(said, samples=[], samples_complete=False)
        if not bare:
            said = msgspec.structs.replace(said, type=kind or column.type, nullable=True)
        shown.append(said)
    return msgspec.structs.replace(
        table,
        columns=shown,
        primary_key=table.primary_key if set(table.primary_key) <= plain else [],
        foreign_keys=[key for key in table.foreign_keys if set(key.columns) <= plain],
        row_estimate=None if filtered else table.row_estimate,
    )


def _quoted(name: str, dialect: str) -> str:
    return parsing.render(exp.to_identifier(name, quoted=True), dialect)

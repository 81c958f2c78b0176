"""What a caller may see of the data: the policies of its roles, with the attributes of its user. How they are
enforced stays in server/governance.

Roles add up. Of one role, the entry that names a connection or a table most closely counts, and the others do
not: an exact name before one with ``*``, more letters before fewer.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from shared.errors import InvalidRequest
from shared.policies import ConnectionPolicy, TablePolicy, check_names
from shared.sql import conditions

Attributes = Mapping[str, str | Sequence[str]]
"""Of a user, as they are stored."""


class DataPolicy(msgspec.Struct, frozen=True):
    """``scope`` is equal for those who see the same, and empty for who sees everything."""

    roles: tuple[tuple[ConnectionPolicy, ...], ...] | None = None
    """None: everything."""
    attributes: dict[str, tuple[str, ...]] = {}
    """Those that the policies speak of."""
    scope: str = ""

    @property
    def restricts(self) -> bool:
        return self.roles is not None

    def sees(self, connection: str) -> bool:
        """Whether there is such a connection for this caller."""
        return self.roles is None or bool(self.of(connection))

    def of(self, connection: str) -> list[tuple[TablePolicy, ...]]:
        """Of each role that names the connection, what it says of its tables."""
        named = [closest(role, connection) for role in self.roles or ()]
        return [tuple(one.tables) for one in named if one is not None]

    def sees_whole(self, connection: str) -> bool:
        """Whether a role shows every table with every row and column, as it is."""
        if self.roles is None:
            return True
        return any(len(tables) == 1 and tables[0] == _EVERY_TABLE for tables in self.of(connection))


_EVERY_TABLE = TablePolicy("*")

UNRESTRICTED = DataPolicy()


def resolve(roles: Iterable[Sequence[ConnectionPolicy] | None], attributes: Attributes) -> DataPolicy:
    """The policy of a caller that has these roles; of a role that shows all data, None. Without any role, and
    with roles that name nothing, nothing is seen. Policies are taken as checked by :func:`check`."""
    named: list[tuple[ConnectionPolicy, ...]] = []
    for role in roles:
        if role is None:
            return UNRESTRICTED
        if role:
            named.append(tuple(role))
    texts = {table.rows for role in named for policy in role for table in policy.tables if table.rows}
    spoken_of = {name for text in texts for name in _attributes_in(text)}
    known = {
        name: (value,) if isinstance(value, str) else tuple(value)
        for name, value in attributes.items()
        if name in spoken_of
    }
    return DataPolicy(tuple(named), known, _digest(named, known))


def _attributes_in(text: str) -> frozenset[str]:
    try:
        return conditions.parsed(text).attributes
    except InvalidRequest:  # it was written when more was allowed, and shows nothing today
        return frozenset()


def check(policies: Sequence[ConnectionPolicy]) -> None:
    """Raises InvalidRequest for what can not be meant, in one sentence that names the place."""
    check_names(policies)
    for policy in policies:
        for table in policy.tables:
            if not table.rows.strip():
                if table.rows:
                    raise InvalidRequest(
                        f"The condition on rows of the table {table.table!r} is blank; leave it empty."
                    )
                continue
            try:
                conditions.parsed(table.rows)
            except InvalidRequest as error:
                raise InvalidRequest(
                    f"{error.message.rstrip('.')} (table {table.table!r} of {policy.connection!r}).",
                    details=error.details,
                ) from error


def closest(policies: Sequence[ConnectionPolicy], connection: str) -> ConnectionPolicy | None:
    """Of one role."""
    fitting = [policy for policy in policies if fits(policy.connection, connection)]
    return min(fitting, key=lambda policy: closeness(policy.connection), default=None)


def closeness(pattern: str) -> tuple[bool, int]:
    """Smaller is closer."""
    return "*" in pattern, -len(pattern.replace("*", ""))


def fits(pattern: str, name: str, *, within: str = "") -> bool:
    """Whether ``name`` is meant; ``*`` stands for any letters but those of ``within``."""
    return pattern == name or _compiled(pattern, within).fullmatch(name) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str, within: str) -> re.Pattern[str]:
    star = f"[^{re.escape(within)}]*" if within else ".*"
    return re.compile(star.join(map(re.escape, pattern.split("*"))), re.DOTALL)


def _digest(roles: Sequence[tuple[ConnectionPolicy, ...]], attributes: Mapping[str, Sequence[str]]) -> str:
    """The order of roles, and of attributes and their values, makes no difference."""
    written = sorted(msgspec.json.encode(role, order="deterministic") for role in roles)
    known = {name: sorted(set(values)) for name, values in attributes.items()}
    whole = msgspec.json.encode([written, known], order="deterministic")
    return hashlib.sha256(whole).hexdigest()[:32]

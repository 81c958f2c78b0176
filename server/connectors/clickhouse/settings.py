"""What is set for each query, as far as the account lets us. With ``readonly=1`` it lets nothing be set.

Such an account has its limits from its own profile; the deadline is then kept by us alone.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from server.connectors.base import Limits

INTEGERS_QUOTED = "output_format_json_quote_64bit_integers"

CONDITION_CACHE = "use_query_condition_cache"
"""Remembers which parts of a table a condition ruled out; on by default since 25.4. Today's versions can
mistake a condition above a join for one on the table, and rows are then missing. So it is off."""

NAMES = (
    "readonly",
    "max_execution_time",
    "max_memory_usage",
    "max_result_rows",
    "result_overflow_mode",
    CONDITION_CACHE,
    INTEGERS_QUOTED,
)

_MEMORY_BYTES = 8_000_000_000
"""For one query, unless the account has less."""

_LATER_SECONDS = 1
"""The server's own deadline comes after ours, which is exact to a fraction of a second."""


class Account(msgspec.Struct, frozen=True):
    """The settings that matter, as they are for this account, and the highest that each may be."""

    values: Mapping[str, str]
    changeable: frozenset[str]
    highest: Mapping[str, int]

    def for_query(self, limits: Limits) -> dict[str, str | int]:
        """``readonly`` comes last: after it nothing can be set."""
        wanted: dict[str, str | int] = {
            "max_execution_time": math.ceil(limits.timeout_seconds) + _LATER_SECONDS,
            "max_memory_usage": self._lower("max_memory_usage", _MEMORY_BYTES),
            "max_result_rows": limits.max_rows + 1,
            "result_overflow_mode": "break",
            CONDITION_CACHE: 0,
            "readonly": 1,
        }
        if not {"max_result_rows", "result_overflow_mode"} <= self.changeable:
            del wanted["max_result_rows"], wanted["result_overflow_mode"]
        return {
            name: min(value, self.highest.get(name, value)) if isinstance(value, int) else value
            for name, value in wanted.items()
            if name in self.changeable
        }

    def for_json(self, limits: Limits) -> dict[str, str | int]:
        """The same where the server writes the rows. Their number is bounded by LIMIT then."""
        settings = self.for_query(limits)
        readonly = settings.pop("readonly", None)
        settings.pop("max_result_rows", None)
        settings.pop("result_overflow_mode", None)
        if INTEGERS_QUOTED in self.changeable:
            settings[INTEGERS_QUOTED] = 0
        return settings if readonly is None else {**settings, "readonly": readonly}

    @property
    def remembers_conditions(self) -> bool:
        """Whatever we set."""
        return CONDITION_CACHE not in self.changeable and self.values.get(CONDITION_CACHE, "0") != "0"

    @property
    def integers_are_quoted(self) -> bool:
        """In JSON, whatever we set."""
        return INTEGERS_QUOTED not in self.changeable and self.values.get(INTEGERS_QUOTED) != "0"

    def _lower(self, name: str, limit: int) -> int:
        own = int(self.values.get(name) or 0)
        return min(own, limit) if own else limit


def account(rows: Iterable[Mapping[str, Any]]) -> Account:
    """``rows`` of system.settings, whose columns are not the same in all versions."""
    found = {row["name"]: row for row in rows}
    values = {name: str(row["value"]) for name, row in found.items()}
    level = values.get("readonly", "1")
    changeable = frozenset(
        name
        for name, row in found.items()
        if level != "1" and not int(row.get("readonly") or 0) and (name != "readonly" or level == "0")
    )
    highest = {name: int(row["max"]) for name, row in found.items() if str(row.get("max") or "").isdecimal()}
    return Account(values, changeable, highest)

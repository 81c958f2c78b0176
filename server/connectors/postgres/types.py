"""How each PostgreSQL type leaves: its portable type, and the SQL that writes it so. No bytes here.

Both ways out (COPY and plain rows) select the same expressions, so they cannot differ.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

import msgspec

from server.connectors.postgres.protocol import Described
from shared.results import Column, ColumnType


class Form(Enum):
    """What the text of a cell is in JSON."""

    STRING = "string"
    NUMBER = "number"
    """As it stands, but for NaN and the infinities."""
    LITERAL = "literal"
    """true or false, as it stands."""
    JSON = "json"
    """As it stands; line breaks in it are only spacing."""


class Written(msgspec.Struct, frozen=True):
    """``expression`` holds ``{}`` where the column's name goes."""

    type: ColumnType
    form: Form = Form.STRING
    expression: str = "{}"


# ISO 8601 has four digits for the year: what lies outside, and infinity, becomes null.
_DATE = "CASE WHEN {0} BETWEEN '0001-01-01' AND '9999-12-31' THEN {0} END"
_IN_RANGE = "CASE WHEN {{0}} >= '0001-01-01' AND {{0}} < '10000-01-01' THEN {} END"
_TIMESTAMP = _IN_RANGE.format("overlay({0}::text PLACING 'T' FROM 11 FOR 1)")
_TIMESTAMP_TZ = _IN_RANGE.format("btrim(to_json({0})::text, chr(34))")

_INTEGER = Written(ColumnType.INTEGER, Form.NUMBER)
_FLOAT = Written(ColumnType.FLOAT, Form.NUMBER)
_TIME = Written(ColumnType.TIME)
_TEXT = Written(ColumnType.TEXT)
_JSON = Written(ColumnType.JSON, Form.JSON)
_ARRAY = Written(ColumnType.JSON, Form.JSON, "to_json({0})")

BY_OID: Mapping[int, Written] = {
    16: Written(ColumnType.BOOLEAN, Form.LITERAL, "{0}::text"),
    17: Written(ColumnType.BINARY, expression="translate(encode({0}, 'base64'), chr(10), '')"),
    20: _INTEGER,
    21: _INTEGER,
    23: _INTEGER,
    26: _INTEGER,
    25: _TEXT,
    1043: _TEXT,
    1042: _TEXT,
    700: _FLOAT,
    701: _FLOAT,
    1700: Written(ColumnType.DECIMAL, Form.NUMBER),
    1082: Written(ColumnType.DATE, expression=_DATE),
    1083: _TIME,
    1266: _TIME,
    1114: Written(ColumnType.TIMESTAMP, expression=_TIMESTAMP),
    1184: Written(ColumnType.TIMESTAMP, expression=_TIMESTAMP_TZ),
    114: _JSON,
    3802: _JSON,
}
"""The OIDs of built-in types never change (pg_type.dat)."""


def written(oid: int, arrays: frozenset[int]) -> Written:
    """``arrays``: those of the OIDs outside BY_OID that are arrays; all others leave as text."""
    return BY_OID.get(oid) or (_ARRAY if oid in arrays else _TEXT)


class Plan(msgspec.Struct, frozen=True):
    """How the rows of one described statement are fetched."""

    columns: tuple[Column, ...]
    forms: tuple[Form, ...]
    select: str
    """Without its ``FROM``: the expressions."""
    aliases: str

    @property
    def can_be_copied(self) -> bool:
        """COPY writes CSV, which would make a string of a JSON value."""
        return Form.JSON not in self.forms

    @property
    def has_numbers(self) -> bool:
        return Form.NUMBER in self.forms

    def rows_sql(self, sql: str, max_rows: int) -> str:
        """One row more than wanted tells whether there are more. The line break ends a comment.

        ``sql`` was parsed alone before, so it cannot reach out of its brackets.
        """
        return f"SELECT {self.select} FROM ({sql}\n) q({self.aliases}) LIMIT {max_rows + 1}"  # noqa: S608

    def copy_sql(self, sql: str, max_rows: int) -> str:
        """CSV whose rows are JSON arrays but for the brackets (and control characters, and NaN)."""
        strings = ", ".join(f"c{i}" for i, form in enumerate(self.forms) if form is Form.STRING)
        quoted = f", FORCE_QUOTE ({strings})" if strings else ""
        rows = self.rows_sql(sql, max_rows)
        return f"COPY ({rows}) TO STDOUT (FORMAT csv, ESCAPE '\\', NULL 'null'{quoted})"


def plan(described: Sequence[Described], arrays: frozenset[int]) -> Plan:
    ways = [written(column.oid, arrays) for column in described]
    names = [f"c{i}" for i in range(len(ways))]
    return Plan(
        columns=tuple(_column(column, way) for column, way in zip(described, ways, strict=True)),
        forms=tuple(way.form for way in ways),
        select=", ".join(
            f"{way.expression.format(name)} AS {name}" for way, name in zip(ways, names, strict=True)
        ),
        aliases=", ".join(names),
    )


_NUMERIC, _WITHOUT_ZONE, _WITH_ZONE = 1700, 1114, 1184


def _column(described: Described, way: Written) -> Column:
    """With what PostgreSQL tells of its digits (numeric.c: precision and scale in one number) or zone."""
    name, oid, modifier = described.name, described.oid, described.modifier - 4
    if oid == _NUMERIC and modifier >= 0:
        precision, scale = modifier >> 16 & 0xFFFF, (modifier & 0x7FF ^ 1024) - 1024
        return Column(name, way.type, precision=precision + max(-scale, 0), scale=max(scale, 0))
    if oid in (_WITHOUT_ZONE, _WITH_ZONE):
        return Column(name, way.type, zoned=oid == _WITH_ZONE)
    return Column(name, way.type)

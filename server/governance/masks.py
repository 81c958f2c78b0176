"""What is shown in place of a value, as SQL of each dialect. Pure: text in, text out.

A hash is keyed: who does not hold the secret can not find out by trying which value it is of. It is cut to
half of its bits, so that none can be made from another. Equal values have equal hashes in every table and
connection whose dialect writes the value as text in the same way.
"""

from collections.abc import Callable

from shared.guard import literal
from shared.policies import Mask
from shared.results import ColumnType

HASH_CHARACTERS = 32


def masked(mask: Mask, column: str, kind: ColumnType, dialect: str, secret: str) -> str:
    """``column`` is SQL already. NULL stays NULL."""
    match mask:
        case Mask.HASH:
            value = literal(secret)
            text = as_text(column, kind, dialect)
            return f"CASE WHEN NOT ({column} IS NULL) THEN {_HASHES[dialect](value, text)} END"
        case Mask.LAST_FOUR:
            return _last_four(as_text(column, kind, dialect), dialect)
        case Mask.YEAR if kind.is_temporal:
            return _YEARS[dialect](column)
    return nothing(column, kind, kind, dialect)


def kind_of(mask: Mask | None, kind: ColumnType) -> ColumnType:
    """Of what the mask shows."""
    match mask:
        case Mask.HASH | Mask.LAST_FOUR:
            return ColumnType.TEXT
        case Mask.YEAR if kind.is_temporal:
            return ColumnType.INTEGER
    return kind


def nothing(column: str, own: ColumnType, kind: ColumnType, dialect: str, *, text: bool = False) -> str:
    """NULL, of the column's ``own`` type; of ``kind``, where that is another, or ``text`` in any case.

    ClickHouse keeps the value below a NULL that stands for it, and functions compute, and fail, on that one:
    so there it is a NULL of its own.
    """
    if dialect != "clickhouse":
        return f"CASE WHEN 1 = 0 THEN {column} END" if own is kind and not text else "NULL"
    found = f"materialize(defaultValueOfArgumentType(toNullable({column})))"
    if text or (kind is not own and kind is ColumnType.TEXT):
        return f"toString({found})"
    return found if kind is own else f"toInt32(toYear({found}))"


def as_text(column: str, kind: ColumnType, dialect: str) -> str:
    return column if kind is ColumnType.TEXT and dialect not in _SAY_TEXT else _TEXTS[dialect](column)


_SAY_TEXT = frozenset({"postgres", "clickhouse"})
"""Their text columns may be of a type that is not text: an enum, a uuid."""

_TEXTS: dict[str, Callable[[str], str]] = {
    "postgres": lambda column: f"CAST({column} AS TEXT)",
    "duckdb": lambda column: f"CAST({column} AS TEXT)",
    "clickhouse": lambda column: f"toString({column})",
    "oracle": lambda column: f"TO_CHAR({column})",
    "tsql": lambda column: f"CONVERT(NVARCHAR(4000), {column})",
}

_HASHES: dict[str, Callable[[str, str], str]] = {
    "postgres": lambda secret, text: (
        f"substr(encode(sha256(convert_to({secret} || {text}, 'UTF8')), 'hex'), 1, {HASH_CHARACTERS})"
    ),
    "duckdb": lambda secret, text: f"substr(sha256({secret} || {text}), 1, {HASH_CHARACTERS})",
    "clickhouse": lambda secret, text: (
        f"SUBSTRING(lower(hex(SHA256(concat({secret}, {text})))), 1, {HASH_CHARACTERS})"
    ),
    "oracle": lambda secret, text: (
        f"SUBSTR(LOWER(RAWTOHEX(STANDARD_HASH({secret} || {text}, 'SHA256'))), 1, {HASH_CHARACTERS})"
    ),
    "tsql": lambda secret, text: (
        f"LOWER(CONVERT(VARCHAR({HASH_CHARACTERS}), HASHBYTES('SHA2_256', CONCAT({secret}, {text})), 2))"
    ),
}

_LENGTHS = {
    "postgres": "length", "duckdb": "length", "clickhouse": "lengthUTF8", "oracle": "LENGTH", "tsql": "LEN",
}  # fmt: skip


def _last_four(text: str, dialect: str) -> str:
    """Without telling how long the value is."""
    length = f"{_LENGTHS[dialect]}({text})"
    last = {
        "clickhouse": f"substringUTF8({text}, {length} - 3)",
        "oracle": f"SUBSTR({text}, -4)",
        "tsql": f"RIGHT({text}, 4)",
        "duckdb": f"right({text}, 4)",
    }.get(dialect, f"substr({text}, {length} - 3)")
    joined = f"'****' || {last}"
    if dialect in ("clickhouse", "tsql"):
        joined = f"{'concat' if dialect == 'clickhouse' else 'CONCAT'}('****', {last})"
    return f"CASE WHEN {length} > 4 THEN {joined} WHEN {length} <= 4 THEN '****' END"


_YEARS: dict[str, Callable[[str], str]] = {
    "postgres": lambda column: f"CAST(EXTRACT(YEAR FROM {column}) AS INT)",
    "duckdb": lambda column: f"date_part('year', {column})",
    "clickhouse": lambda column: f"toInt32(toYear({column}))",
    "oracle": lambda column: f"EXTRACT(YEAR FROM {column})",
    "tsql": lambda column: f"YEAR({column})",
}

"""ClickHouse's types, from the text that a server sends to the portable ones. Pure; no values here."""

import msgspec

from shared.results import Column, ColumnType

_DECIMAL_DIGITS = {"Decimal32": 9, "Decimal64": 18, "Decimal128": 38, "Decimal256": 76}

_PORTABLE = {
    **{f"{sign}Int{bits}": ColumnType.INTEGER for sign in ("", "U") for bits in (8, 16, 32, 64, 128, 256)},
    **dict.fromkeys(("Float32", "Float64", "BFloat16"), ColumnType.FLOAT),
    **dict.fromkeys(("Decimal", *_DECIMAL_DIGITS), ColumnType.DECIMAL),
    **dict.fromkeys(("String", "FixedString", "Enum8", "Enum16", "UUID", "IPv4", "IPv6"), ColumnType.TEXT),
    **dict.fromkeys(("Date", "Date32"), ColumnType.DATE),
    **dict.fromkeys(("DateTime", "DateTime32", "DateTime64"), ColumnType.TIMESTAMP),
    **dict.fromkeys(("Time", "Time64"), ColumnType.TIME),
    **dict.fromkeys(("Array", "Map", "Tuple", "Nested", "Point", "Ring", "Polygon"), ColumnType.JSON),
    **dict.fromkeys(("MultiPolygon", "LineString", "MultiLineString"), ColumnType.JSON),
    "Bool": ColumnType.BOOLEAN,
    "Nothing": ColumnType.TEXT,
}

_ALIASES = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "Polygon": "Array(Ring)",
    "MultiLineString": "Array(LineString)",
    "MultiPolygon": "Array(Polygon)",
}


class Type(msgspec.Struct, frozen=True):
    """``Nullable(Decimal(18, 2))``: its ``name`` without what is around it, and the texts in its brackets."""

    name: str
    arguments: tuple[str, ...] = ()
    nullable: bool = False
    low_cardinality: bool = False

    @property
    def digits(self) -> int:
        """Of a decimal."""
        return _DECIMAL_DIGITS.get(self.name) or int(self.arguments[0])

    @property
    def scale(self) -> int:
        """Of a decimal, or of a time with fractions."""
        if self.name in ("DateTime64", "Time64"):
            return int(self.arguments[0]) if self.arguments else 3
        return int(self.arguments[-1]) if self.arguments else 0

    @property
    def zone(self) -> str:
        """Of a date with time: its own, or empty."""
        last = self.arguments[-1] if self.arguments else ""
        return last.strip("'") if last.startswith("'") else ""

    @property
    def inner(self) -> "tuple[Type, ...]":
        """Of an array, a map, a tuple: the types of what is in it."""
        return tuple(parsed(_without_name(text)) for text in self.arguments)

    @property
    def names(self) -> tuple[str, ...]:
        """Of a tuple whose fields all have names; otherwise empty."""
        names = tuple(_name(text) for text in self.arguments)
        return names if all(names) else ()


def parsed(text: str) -> Type:
    name, arguments = _taken_apart(text.strip())
    if name in _ALIASES:
        return parsed(_ALIASES[name])
    match name:
        case "Nullable":
            return msgspec.structs.replace(parsed(arguments[0]), nullable=True)
        case "LowCardinality":
            return msgspec.structs.replace(parsed(arguments[0]), low_cardinality=True)
        case "SimpleAggregateFunction":
            return parsed(arguments[-1])
        case "Nested":
            return Type("Array", (f"Tuple({', '.join(arguments)})",))
        case _:
            return Type(name, arguments)


def column(name: str, text: str) -> Column | None:
    """None for a type that no client can read, such as the state of an aggregate."""
    kind = parsed(text)
    if not _is_readable(kind):
        return None
    portable = _portable(kind)
    match portable:
        case ColumnType.DECIMAL:
            return Column(name, portable, precision=kind.digits, scale=kind.scale)
        case ColumnType.TIMESTAMP:
            return Column(name, portable, zoned=bool(kind.zone))
        case ColumnType.INTEGER if kind.name.startswith("UInt64"):
            return Column(name, portable, precision=20, scale=0)
        case _:
            return Column(name, portable)


def column_type(text: str) -> ColumnType:
    return _portable(parsed(text))


def _portable(kind: Type) -> ColumnType:
    if kind.name.startswith("Interval"):
        return ColumnType.INTEGER
    return _PORTABLE.get(kind.name, ColumnType.JSON)


def _is_readable(kind: Type) -> bool:
    if kind.name in ("Array", "Map", "Tuple"):
        return all(map(_is_readable, kind.inner))
    return kind.name in _PORTABLE or kind.name.startswith("Interval")


def _taken_apart(text: str) -> tuple[str, tuple[str, ...]]:
    """``Map(String, Array(Int8))`` to its name and the texts between the outer commas."""
    name, bracket, rest = text.partition("(")
    if not bracket:
        return name, ()
    parts, depth, quoted, start = [], 0, False, 0
    inside = rest[:-1]
    position = 0
    while position < len(inside):
        character = inside[position]
        if quoted and character == "\\":
            position += 1
        elif character == "'":
            quoted = not quoted
        elif not quoted and character == "(":
            depth += 1
        elif not quoted and character == ")":
            depth -= 1
        elif not quoted and depth == 0 and character == ",":
            parts.append(inside[start:position].strip())
            start = position + 1
        position += 1
    last = inside[start:].strip()
    return name, (*parts, last) if last else tuple(parts)


def _name(field: str) -> str:
    """``a Int8`` has one, ``Int8`` and ``Decimal(9, 2)`` have none."""
    name, space, rest = field.partition(" ")
    return name.strip("`") if space and rest and "(" not in name and "," not in name else ""


def _without_name(field: str) -> str:
    return field.partition(" ")[2] if _name(field) else field


def enum_names(kind: Type) -> dict[int, str]:
    """``'a' = 1`` …: what each number of an Enum is called."""
    found = {}
    for argument in kind.arguments:
        text, _, number = argument.rpartition("=")
        found[int(number)] = _unquoted(text.strip())
    return found


def _unquoted(text: str) -> str:
    out, characters = [], iter(text[1:-1])
    for character in characters:
        escaped = next(characters, "") if character == "\\" else ""
        out.append(
            {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}.get(escaped, escaped)
            or character
        )
    return "".join(out)

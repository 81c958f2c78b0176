"""What is allowed in each dialect: the data files beside this module. Judging a tree is in shared/guard."""

import tomllib
from functools import lru_cache
from importlib import resources

import msgspec

from shared.errors import QueryRefused


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    functions: str
    grammar: str
    table_functions: str
    typed: str
    nodes: str
    refused_schemas: str
    refused_table_prefixes: str
    allowed_tables: str
    refused_types: str
    plain_table_names: bool
    functional_notation: bool
    fields: str
    refused_tables: str = ""
    hints: str = ""
    packages: str = ""
    combinators: str = ""
    without: str = ""
    in_reads_tables: bool = False


class Rules(msgspec.Struct, frozen=True):
    """Names are lower case, but those of nodes. See the data files for what each list means."""

    functions: frozenset[str]
    table_functions: frozenset[str]
    typed: frozenset[str]
    nodes: frozenset[str]
    refused_schemas: frozenset[str]
    refused_table_prefixes: tuple[str, ...]
    allowed_tables: frozenset[str]
    refused_types: frozenset[str]
    plain_table_names: bool
    functional_notation: bool
    fields: frozenset[str]
    refused_tables: frozenset[str]
    hints: frozenset[str]
    packages: tuple[str, ...]
    combinators: tuple[str, ...] = ()
    in_reads_tables: bool = False


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@lru_cache(maxsize=16)
def rules(dialect: str) -> Rules:
    """Raises QueryRefused for a dialect that has no file: nothing runs unchecked."""
    try:
        found = msgspec.convert(tomllib.loads(_read(f"{dialect}.toml")), _File)
    except FileNotFoundError as error:
        raise QueryRefused(
            f"SQL of the dialect {dialect!r} can not be checked, so it does not run."
        ) from error
    common = frozenset(tomllib.loads(_read("common.toml"))["nodes"].split())
    return Rules(
        functions=frozenset(found.functions.split()) | frozenset(found.grammar.split()),
        table_functions=frozenset(found.table_functions.split()),
        typed=frozenset(found.typed.upper().split()),
        nodes=(common - frozenset(found.without.split())) | frozenset(found.nodes.split()),
        refused_schemas=frozenset(found.refused_schemas.split()),
        refused_table_prefixes=tuple(found.refused_table_prefixes.split()),
        allowed_tables=frozenset(found.allowed_tables.split()),
        refused_types=frozenset(found.refused_types.split()),
        plain_table_names=found.plain_table_names,
        functional_notation=found.functional_notation,
        fields=frozenset(found.fields.split()),
        refused_tables=frozenset(found.refused_tables.split()),
        hints=frozenset(found.hints.split()),
        packages=tuple(found.packages.split()),
        combinators=tuple(found.combinators.split()),
        in_reads_tables=found.in_reads_tables,
    )

"""The params of a connection: complete, of the right types, and no secret sent elsewhere unknowingly.

What they lead to is for the connector; sealing the secrets is for connections.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from server import own_fields
from server.connectors.base import Field, Kind
from shared.errors import InvalidRequest


def loosens(field: Field, params: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether a kept secret would go elsewhere, or less protected; empty is as good as left out."""
    if not field.guards_secret:
        return False
    wanted, had = (values.get(field.name) for values in (params, before))
    return bool(
        (field.default if wanted in (None, "") else wanted) != (field.default if had is None else had)
    )


def demand_secrets_again(
    kind: Kind, params: Mapping[str, Any], kept: Mapping[str, str], changes: Sequence[str]
) -> None:
    missing = [field.name for field in kind.fields if field.name in kept and not params.get(field.name)]
    if missing:
        raise InvalidRequest(
            f"Give {', '.join(missing)} again: what is kept was given for another {', '.join(changes)}."
        )


def checked(
    kind: Kind, params: Mapping[str, Any], *, kept: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The open fields and the secret ones, complete and of the right types."""
    known = {field.name for field in kind.fields}
    for name in params:
        if name not in known:
            raise InvalidRequest(
                f"{_a(kind.label)} connection has no field called {name[:63]!r}.",
                details=f"There are: {', '.join(sorted(known))}.",
            )
    values: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for field in kind.fields:
        value = params.get(field.name)
        if value is None:
            value = kept.get(field.name, field.default)
        if value is None or value == "":
            if field.required:
                raise InvalidRequest(f"The field {field.name!r} ({field.label}) is missing.")
            continue
        if field.secret:
            secrets[field.name] = str(_typed(field, value))
        else:
            values[field.name] = _typed(field, value)
    own_fields.check(values)
    return values, secrets


def _a(label: str) -> str:
    return f"{'An' if label[0] in 'AEIOU' else 'A'} {label}"


def _typed(field: Field, value: object) -> object:
    try:
        typed: object = msgspec.convert(value, field.type, strict=True)
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            f"The field {field.name!r} ({field.label}) has the wrong type: it is a {field.type.__name__}."
        ) from error
    if isinstance(typed, str) and "\0" in typed:
        raise InvalidRequest(f"The field {field.name!r} ({field.label}) holds the character NUL.")
    if field.between is not None and isinstance(typed, int):
        least, most = field.between
        if not least <= typed <= most:
            raise InvalidRequest(f"The field {field.name!r} ({field.label}) is from {least:,} to {most:,}.")
    return typed


def one_line(text: str) -> str:
    if len(text) > 500 or "\0" in text:
        raise InvalidRequest("A description has at most 500 characters, and NUL is none of them.")
    return " ".join(text.split())

"""One line of the audit trail, as a struct and as the values of a row."""

from operator import itemgetter
from typing import Any

import msgspec

from server.store.state import now


class AuditLine(msgspec.Struct, frozen=True):
    """Who did what, from where, with which outcome.

    ``scope`` names the data policy that was applied, ``target`` what was changed, and ``detail`` which of its
    fields; ``row_count`` and ``detail`` of an answer tell how much of it left. A field that is added goes to
    the end, with an empty default: older lines keep their seals.
    """

    at: str
    request_id: str
    key_id: str
    key_name: str
    address: str
    action: str
    connection: str
    query_id: str
    sql_text: str
    tables: str
    row_count: int | None
    status: int
    code: str
    elapsed_ms: float
    user_name: str = ""
    scope: str = ""
    target: str = ""
    detail: str = ""


FIELDS = AuditLine.__struct_fields__


def cleaned(line: AuditLine) -> AuditLine:
    """As every database takes it: PostgreSQL takes no NUL in a text, and one such line, which any caller can
    cause, would hold up all; nor does anything take half a character."""
    texts = {name: value for name, value in msgspec.structs.asdict(line).items() if isinstance(value, str)}
    return msgspec.structs.replace(line, **{name: _clean(value) for name, value in texts.items()})


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def of_the_backend(action: str, detail: str, status: int = 200) -> AuditLine:
    """What the backend did by itself."""
    return AuditLine(
        at=now(),
        request_id="",
        key_id="",
        key_name="",
        address="",
        action=action,
        connection="",
        query_id="",
        sql_text="",
        tables="",
        row_count=None,
        status=status,
        code="" if status < 400 else action.replace(".", "_"),
        elapsed_ms=0.0,
        detail=detail,
    )


def values_of(line: AuditLine) -> tuple[Any, ...]:
    """The values of a row, cleaned."""
    values = msgspec.structs.astuple(line)
    text = "".join(_texts(values))
    return values if text.isascii() and "\0" not in text else msgspec.structs.astuple(cleaned(line))


_texts = itemgetter(
    *[number for number, field in enumerate(msgspec.structs.fields(AuditLine)) if field.type is str]
)
"""Of the values of a row."""

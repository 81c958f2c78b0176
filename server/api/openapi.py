"""The API's description in OpenAPI 3.1, made from the routes page, the structs of the messages and the
tree of errors. For people it is drawn by docs_page.

What is said of a message is its struct's docstring; of a route, what described says.
"""

import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from server.api.call import Route, Stream, Whole
from server.api.described import DESCRIBED, PAGES, Described, Parameter
from server.api.examples import EXAMPLES, IN_PATH
from shared import errors
from shared.errors import AppError
from shared.permissions import MEANINGS
from shared.wire import ErrorBody, QueryEnd, QueryHead, Readiness, Reply, Schema

JSON = "application/json"
_UNEXPECTED = "Something unexpected; the log of the backend tells more."
_REFERENCE = "#/components/schemas/{name}"

SHAPES: Mapping[str, object] = {
    "QueryAnswer": {
        "title": "QueryAnswer",
        "description": "The answer to a query in JSON: rows are arrays of values in the order of `columns`.",
        "allOf": [
            {"$ref": _REFERENCE.format(name="QueryHead")},
            {
                "type": "object",
                "properties": {"rows": {"type": "array", "items": {"type": "array"}}},
                "required": ["rows"],
            },
            {"$ref": _REFERENCE.format(name="QueryEnd")},
        ],
    }
}
"""Answers that no struct describes, because they are written piece by piece."""

ALWAYS: tuple[type[AppError], ...] = (errors.InvalidRequest, errors.TooLarge, AppError)
KNOWN_CALLER = (
    errors.NotAuthenticated,
    errors.NotPermitted,
    errors.AddressNotAllowed,
    errors.RateLimited,
)


def describe(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The whole document; equal for equal arguments."""
    routes = [route for route in routes if route.action not in PAGES]
    bodies = [route.body for route in routes if route.body is not None]
    replies = [reply for route in routes if (reply := _reply(route)) is not None]
    messages = dict.fromkeys([*bodies, *replies, ErrorBody, QueryHead, QueryEnd, Readiness, Schema])
    _, schemas = msgspec.json.schema_components(messages, ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(address(route), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "V-Mart AI Agent: the backend",
            "version": version,
            "description": (
                "Governed access to every source of the company. A call carries an API key in the header "
                "`Authorization: Bearer <key>`; what it may do is decided by the key's permissions and roles."
            ),
        },
        "paths": paths,
        "components": {
            "schemas": {name: _tidy(schema) for name, schema in sorted({**schemas, **SHAPES}.items())},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(_tag(route) for route in routes)],
    }


def address(route: Route) -> str:
    """``/api/jobs/<id>`` as OpenAPI writes it: ``/api/jobs/{id}``."""
    return re.sub(r"<(\w+)(?::\w+)?>", r"{\1}", route.path)


def _operation(route: Route) -> dict[str, Any]:
    described = DESCRIBED[route.action]
    operation: dict[str, Any] = {
        "operationId": route.action.replace(".", "_"),
        "tags": [_tag(route)],
        "summary": described.summary,
        "description": _description(route, described),
        "parameters": [
            *_in_path(route),
            *_in("query", described.parameters),
            *_in("header", described.headers),
        ],
        "responses": _responses(route, described),
    }
    if route.body is not None:
        schema = {"$ref": _REFERENCE.format(name=route.body.__name__)}
        content = {"schema": schema, "example": EXAMPLES[route.action]}
        operation["requestBody"] = {"required": True, "content": {JSON: content}}
    if not route.open:
        operation["security"] = [{"key": []}]
    return {name: value for name, value in operation.items() if value != []}


def _description(route: Route, described: Described) -> str:
    takes = "Open to everybody." if route.open else "Takes a valid key, whatever it may do."
    if route.permission is not None:
        named = [f"`{one}` ({MEANINGS[one]})" for one in (route.permission, *route.also)]
        takes = f"Takes the permission{'s' * bool(route.also)} {', '.join(named)}."
    return f"{described.about} {takes}".strip()


def _in_path(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": IN_PATH[_tag(route)],
            "schema": {"type": "string", "minLength": 1},
        }
        for name in re.findall(r"<(\w+)", route.path)
    ]


def _in(place: str, parameters: Iterable[Parameter]) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "in": place,
            "required": one.required,
            "description": one.about,
            "schema": dict(one.schema),
        }
        for one in parameters
    ]


def _responses(route: Route, described: Described) -> dict[str, Any]:
    answers: dict[str, Any] = {str(route.status): _answer(route, described)}
    for status in described.statuses:
        answers[str(status)] = {"description": HTTPStatus(status).phrase}
        if status in (HTTPStatus.PARTIAL_CONTENT, HTTPStatus.SERVICE_UNAVAILABLE):
            answers[str(status)]["content"] = _content(described)
    for status, about in failures_of(_failures(route, described)).items():
        answers[str(status)] = {
            "description": about,
            "content": {JSON: {"schema": {"$ref": _REFERENCE.format(name="ErrorBody")}}},
        }
    return answers


def _answer(route: Route, described: Described) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
    reply = _reply(route)
    if reply is not None:
        answer["content"] = {JSON: {"schema": {"$ref": _REFERENCE.format(name=reply.__name__)}}}
    elif described.media:
        answer["content"] = _content(described)
    return answer


def _content(described: Described) -> dict[str, Any]:
    """Of bytes nothing more is said than what they are."""
    content: dict[str, Any] = {media: {} for media in described.media}
    if described.reply:
        content[JSON] = {"schema": {"$ref": _REFERENCE.format(name=described.reply)}}
    return content


def failures_of(kinds: Iterable[type[AppError]]) -> dict[int, str]:
    """By status, in order: the codes of these errors, each with what its docstring says."""
    found: dict[int, dict[str, str]] = {}
    for kind in kinds:
        about = _UNEXPECTED if kind is AppError else kind.__doc__
        found.setdefault(kind.status, {})[kind.code] = _one_line(about or "")
    return {
        status: " ".join(f"`{code}`: {about}" for code, about in sorted(abouts.items()))
        for status, abouts in sorted(found.items())
    }


def _failures(route: Route, described: Described) -> list[type[AppError]]:
    kinds = [*ALWAYS, *described.failures]
    if not route.open:
        kinds += KNOWN_CALLER
    elif not route.from_anywhere:
        kinds.append(errors.AddressNotAllowed)
    if route.body is not None:
        kinds.append(errors.UnsupportedMedia)
    if "<" in route.path:
        kinds.append(errors.NotFound)
    return kinds


def _reply(route: Route) -> type[Reply] | None:
    """The struct that a handler says it gives back; None for bytes, streams and nothing."""
    said = typing.get_type_hints(route.handler)["return"]
    kinds = typing.get_args(said) if isinstance(said, types.UnionType) else (said,)
    if not {Stream, Whole}.isdisjoint(kinds):
        return None
    found = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Reply)]
    return found[0] if found else None


def _tag(route: Route) -> str:
    return route.action.partition(".")[0]


def _one_line(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _tidy(schema: object) -> object:
    """Docstrings as they are read, not as they are indented."""
    if isinstance(schema, dict):
        return {
            name: _one_line(value) if name == "description" and isinstance(value, str) else _tidy(value)
            for name, value in schema.items()
        }
    return [_tidy(value) for value in schema] if isinstance(schema, list) else schema

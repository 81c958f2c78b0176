"""The API's description as a page for people: static HTML, readable offline, without a script.

Everything on it is escaped text of the document that openapi makes.
"""

import json
import re
from collections.abc import Iterable, Mapping
from html import escape
from string import Template
from typing import Any

from server.api.openapi import ALWAYS, KNOWN_CALLER, failures_of

_NAMES = {
    "me": "Your key",
    "insights": "Insights",
    "schema": "Tables and columns",
    "query": "Queries",
    "reference": "Description",
}

_COMMON = {str(status): about for status, about in failures_of((*ALWAYS, *KNOWN_CALLER)).items()}
_WORDS = {"array": "list", "string": "text"}

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<link rel="icon" href="/admin/icons/app.svg" type="image/svg+xml">
<link rel="stylesheet" href="/admin/css/tokens.css">
<link rel="stylesheet" href="/admin/css/base.css">
<link rel="stylesheet" href="/admin/css/reference.css">
</head>
<body class="reference">
<a class="skip" href="#operations">Skip to the calls</a>
<nav aria-label="Calls"><p class="strong">V-Mart backend · API</p>$menu<a href="#messages">Messages</a></nav>
<main id="operations">
<header>
<h1>$title</h1>
<p>$about</p>
<p>A failure is <a href="#m-ErrorBody">ErrorBody</a>: one sentence, its <code>code</code>, and how to mend it.
Times are ISO 8601; lists come in pages.</p>
$common
<p class="quiet">Version $version · <a href="/openapi.json">openapi.json</a> (OpenAPI $openapi) ·
<a href="/admin">Admin console</a></p>
</header>
$calls
<section id="messages"><h2>Messages</h2>$messages</section>
</main>
</body>
</html>
""")


def page(document: Mapping[str, Any]) -> str:
    """The whole page."""
    operations = list(_operations(document))
    groups = list(dict.fromkeys(operation["tags"][0] for _, _, operation in operations))
    schemas: Mapping[str, Any] = document["components"]["schemas"]
    calls = "".join(
        f'<section id="{_id(group)}"><h2>{_text(_name(group))}</h2>'
        + "".join(_operation(*one, schemas) for one in operations if one[2]["tags"][0] == group)
        + "</section>"
        for group in groups
    )
    return _PAGE.substitute(
        title=_text(document["info"]["title"]),
        about=_text(document["info"]["description"]),
        version=_text(document["info"]["version"]),
        openapi=_text(document["openapi"]),
        menu="".join(_menu(group, operations) for group in groups),
        common=_table("What every call can answer", ("Status", "Meaning"), _common()),
        calls=calls,
        messages="".join(_message(name, schema) for name, schema in schemas.items()),
    )


def _common() -> list[list[str]]:
    return [[f"<code>{status}</code>", _text(about)] for status, about in _COMMON.items()]


def _operations(document: Mapping[str, Any]) -> Iterable[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _menu(group: str, operations: Iterable[tuple[str, str, Mapping[str, Any]]]) -> str:
    links = "".join(
        f'<li><a href="#{escape(operation["operationId"])}">{_text(operation["summary"])}</a></li>'
        for _, _, operation in operations
        if operation["tags"][0] == group
    )
    return f'<h2><a href="#{_id(group)}">{_text(_name(group))}</a></h2><ul>{links}</ul>'


def _operation(method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    parts = [
        f'<article id="{escape(operation["operationId"])}"><h3>{_text(operation["summary"])}</h3>',
        f'<p class="call"><span class="tag accent">{method}</span> <code>{_text(path)}</code></p>',
        f"<p>{_text(operation['description'])}</p>",
    ]
    if rows := [_parameter(one) for one in operation.get("parameters", ())]:
        parts.append(_table("Address and headers", ("Name", "Where", "Type", "Meaning"), rows))
    if body is not None:
        name = body["schema"]["$ref"].rpartition("/")[2]
        parts.append(_table(f"Body: {name}", ("Field", "Type", "", "Default"), _fields(schemas[name])))
        if "example" in body:
            parts.append(_example(method, path, body["example"]))
    answers = [
        _response(status, answer)
        for status, answer in operation["responses"].items()
        if status not in _COMMON or answer["description"] != _COMMON[status]
    ]
    parts.append(_table("Answers", ("Status", "Content", "Meaning"), answers))
    return "".join(parts) + "</article>"


def _address(path: str) -> str:
    """What is in braces would mean something to curl."""
    return re.sub(r"\{(\w+)\}", lambda name: name[1].upper(), path)


def _example(method: str, path: str, body: object) -> str:
    lines = (
        f"curl -X {method} https://backend.example.com:5000{_address(path)}",
        '  -H "Authorization: Bearer $BACKEND_API_KEY"',
        '  -H "Content-Type: application/json"',
        f"  -d '{json.dumps(body, indent=2)}'",
    )
    command = " \\\n".join(lines)
    return f'<pre class="wide" tabindex="0"><code>{escape(command)}</code></pre>'


def _parameter(one: Mapping[str, Any]) -> list[str]:
    needed = " (required)" if one["required"] and one["in"] != "path" else ""
    return [
        f"<code>{_text(one['name'])}</code>",
        _text(one["in"]),
        _type(one["schema"]),
        _text(one.get("description", "") + needed),
    ]


def _response(status: str, answer: Mapping[str, Any]) -> list[str]:
    kinds = []
    for media, content in answer.get("content", {}).items():
        schema = content.get("schema")
        kinds.append(_type(schema) if schema else f"<code>{_text(media)}</code>")
    return [f"<code>{_text(status)}</code>", "<br>".join(kinds), _text(answer["description"])]


def _message(name: str, schema: Mapping[str, Any]) -> str:
    about = f"<p>{_text(schema['description'])}</p>" if schema.get("description") else ""
    whole = schema.get("allOf")
    if whole:
        about += f"<p>{' and '.join(_type(part) for part in whole)}</p>"
    rows = _fields(schema)
    table = _table("", ("Field", "Type", "", "Default"), rows) if rows else ""
    return f'<article id="m-{escape(name)}"><h3><code>{_text(name)}</code></h3>{about}{table}</article>'


def _fields(schema: Mapping[str, Any]) -> list[list[str]]:
    needed = schema.get("required", ())
    return [
        [
            f"<code>{_text(name)}</code>",
            _type(field),
            "required" if name in needed else "",
            "" if "default" not in field else f"<code>{_text(json.dumps(field['default']))}</code>",
        ]
        for name, field in schema.get("properties", {}).items()
    ]


def _type(schema: Mapping[str, Any]) -> str:
    """In words: ``text``, ``list of Column``, ``one of a, b``."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#m-{escape(name)}">{_text(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{_text(str(value))}</code>" for value in schema["enum"])
    inner = schema.get("items") or schema.get("additionalProperties")
    of = f" of {_type(inner)}" if isinstance(inner, dict) else ""
    return _WORDS.get(schema.get("type", ""), _text(schema.get("type", "anything"))) + of


def _table(title: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Of cells that are HTML already. It can be scrolled sideways where it is too wide."""
    caption = f"<caption>{_text(title)}</caption>" if title else ""
    head = "".join(f'<th scope="col">{_text(one)}</th>' for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    table = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0">{table}</div>'


def _text(text: str) -> str:
    """Escaped, with what stands in backticks as code."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if at % 2 else piece for at, piece in enumerate(pieces))


def _name(group: str) -> str:
    return _NAMES.get(group, group.capitalize())


def _id(group: str) -> str:
    return f"g-{escape(group)}"

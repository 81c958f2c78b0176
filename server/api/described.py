"""What the routes page does not say of a route and the API's description needs: parameters of its address,
what it answers with when that is no struct, and how it can fail beyond what every route can."""

from collections.abc import Mapping

import msgspec

from server.encodings import FORMATS
from server.store.jobs import JobState
from shared import errors
from shared.errors import AppError


class Parameter(msgspec.Struct, frozen=True):
    """One ``?name=``. ``schema`` is JSON Schema."""

    name: str
    about: str
    schema: Mapping[str, object] = msgspec.field(default_factory=lambda: {"type": "string"})
    required: bool = False


class Described(msgspec.Struct, frozen=True):
    """In the words of who calls it; what handlers say of themselves is for who reads them."""

    summary: str
    about: str = ""
    parameters: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    media: tuple[str, ...] = ()
    """Of an answer that is bytes or a stream."""
    reply: str = ""
    """The schema of such an answer's JSON, when there is one: a name of :data:`server.api.openapi.SHAPES`."""
    statuses: tuple[int, ...] = ()
    """Beside the route's own."""
    failures: tuple[type[AppError], ...] = ()


def _number(most: int) -> Mapping[str, object]:
    return {"type": "integer", "minimum": 1, "maximum": most}


def _text(longest: int) -> Mapping[str, object]:
    return {"type": "string", "maxLength": longest}


_SEARCH = Parameter("search", "Only what holds this text.", _text(200))
_PAGE = (
    Parameter("limit", "How many at most.", _number(1_000)),
    Parameter("after", "Go on after a page: what it gave as `next`."),
    _SEARCH,
)
_MOMENT: Mapping[str, object] = {"type": "string", "format": "date-time"}
_LINES = (
    Parameter("from", "Only lines from then on.", _MOMENT),
    Parameter("to", "Only lines from before.", _MOMENT),
    Parameter("user", "Only of this user.", _text(200)),
    Parameter("key", "Only of this key: its id or its name.", _text(200)),
    Parameter("connection", "Only about this connection.", _text(200)),
    Parameter("action", "Only this action, such as query.run.", _text(200)),
    Parameter("request_id", "Only of this request.", _text(200)),
    Parameter("outcome", "ok, refused, failed, or the code of an error.", _text(200)),
)
_NOT_MODIFIED = Parameter("If-None-Match", "The ETag of an answer that the caller has kept.")
_SOURCE = (errors.SourceUnavailable, errors.SourceBusy, errors.DriverMissing, errors.QueryTimeout)
_ASKING = (
    *_SOURCE,
    errors.NotFound,
    errors.NotAcceptable,
    errors.QueryRefused,
    errors.QueryFailed,
    errors.QueryCancelled,
    errors.TooLarge,
)
_MEDIA = tuple(format_.media_type for format_ in FORMATS)

_OTHERS = "With `system_admin` also those of other callers."
_LEFT_OUT = "What is left out stays as it is."
_NOBODY = "Nobody grants a permission that they do not hold, or shows data that they do not see."
_GRANTED = (errors.Conflict,)
_EXPORT = "With `data_export` also as a file (CSV, Arrow, Parquet, XLSX), and more rows than by default."

PAGES = frozenset(("console.page", "console.file", "reference.page"))
"""For people: a description of the API leaves them out."""

DESCRIBED: Mapping[str, Described] = {
    "health.show": Described("Is the backend there?"),
    "health.ready": Described(
        "Can the backend work?",
        "503 with `reasons` when requests should be sent elsewhere.",
        media=("application/json",),
        reply="Readiness",
        statuses=(503,),
    ),
    "metrics.show": Described(
        "Show figures for Prometheus",
        "Of all worker processes. Callers from `metrics.allowed_ips` need no key.",
        media=("text/plain",),
    ),
    "audit.search": Described(
        "Search the audit trail",
        "The newest first. A search that has to look far may give a short page with a `next`.",
        parameters=(*_PAGE, *_LINES),
    ),
    "audit.export": Described(
        "Read out the audit trail",
        "One JSON object a line, the oldest first, each with its number and its seal.",
        parameters=(_SEARCH, *_LINES),
        media=("application/x-ndjson",),
    ),
    "audit.show": Described("Show a line of the audit trail"),
    "audit.verify": Described(
        "Verify the audit trail",
        "Reads the chain, of a very long one its newer part, and says where it is not as it was written. "
        "Once at a time.",
        failures=(errors.Conflict,),
    ),
    "reference.openapi": Described("This description", media=("application/json",)),
    "me.show": Described("Show what the caller's key may do"),
    "connections.show_all": Described("List connections", "Without secrets."),
    "connections.create": Described(
        "Add a connection",
        "`params` are the fields of its kind. Secrets go in and never come out.",
        failures=(errors.Conflict,),
    ),
    "connections.kinds": Described("List the kinds of connections", "With the fields that each takes."),
    "connections.show": Described("Show a connection", "With the figures of its pool, once it was used."),
    "connections.update": Described(
        "Change a connection", "Replaces `params`; a secret that is left out keeps its value."
    ),
    "connections.delete": Described("Delete a connection"),
    "connections.test": Described(
        "Test a connection",
        "Opens it, asks whether it answers, and what its account could do that it should not.",
        failures=_SOURCE,
    ),
    "files.show_all": Described(
        "List or search files",
        "Give a folder or a text to search for, not both.",
        parameters=(
            Parameter("path", "A folder; the root without it.", _text(4_000)),
            Parameter("search", "A text in the names of files, of all folders.", _text(4_000)),
            Parameter("limit", "How many at most.", _number(1_000)),
        ),
        failures=_SOURCE,
    ),
    "files.content": Described(
        "Read a file",
        "As it is, up to 50 MB.",
        parameters=(Parameter("path", "The file, as the list names it.", _text(4_000), required=True),),
        media=("application/octet-stream",),
        failures=(*_SOURCE, errors.TooLarge),
    ),
    "schema.show": Described(
        "Show tables and columns",
        "Of one connection, or of all with the name `*`.",
        parameters=(
            Parameter("search", "Only the tables that fit these words best.", _text(500)),
            Parameter("table", "Only this table."),
            Parameter("limit", "How many tables a search gives at most.", _number(1_000)),
            Parameter("refresh", "1: read it from the source again.", {"enum": ["0", "1", "false", "true"]}),
        ),
        headers=(_NOT_MODIFIED,),
        media=("application/json",),
        reply="Schema",
        statuses=(304,),
        failures=_SOURCE,
    ),
    "query.run": Described(
        "Run a query",
        f"One reading statement in the dialect of the connection; `*` joins across connections. {_EXPORT}",
        headers=(_NOT_MODIFIED,),
        media=_MEDIA,
        reply="QueryAnswer",
        statuses=(304,),
        failures=_ASKING,
    ),
    "preview.show": Described(
        "Look through the eyes of another",
        "The schema that a user, a role or unsaved policies show of a connection; with `query`, its answer. "
        "Only for who sees all data.",
        media=("application/json",),
        failures=_ASKING,
    ),
    "query.cancel": Described("Cancel a query", f"Also inside its source. {_OTHERS}"),
    "jobs.create": Described(
        "Submit a long query",
        "It runs on when nobody waits; its result is kept for a while.",
        failures=(*_ASKING, errors.Conflict, errors.ResultNotKept),
    ),
    "jobs.show_all": Described(
        "List jobs",
        f"The newest first. {_OTHERS}",
        parameters=(*_PAGE, Parameter("state", "Only jobs in this state.", {"enum": [*JobState]})),
    ),
    "jobs.show": Described("Show a job", f"With its progress. {_OTHERS}"),
    "jobs.result": Described(
        "Fetch the result of a job",
        f"Also while it is being written. {_OTHERS}",
        headers=(Parameter("Range", "A part of it: bytes=FIRST-LAST."),),
        media=_MEDIA,
        statuses=(206,),
        failures=(errors.Conflict, errors.ResultNotKept),
    ),
    "jobs.delete": Described("Stop a job and delete its result", _OTHERS),
    "insights.analyze": Described(
        "Analyse data",
        "Facts by statistics, and what stands out: in the rows of a query (takes `db_read` too), or in rows "
        "of the body. With `ai_chat` in the words of the backend's model, when it has one.",
        failures=_ASKING,
    ),
    "insights.recommend": Described(
        "Recommend what to do",
        "Options with what the data says they would have brought, a range, and what they assume; as the "
        "answer to an analysis, with the insights that they rest on.",
        failures=_ASKING,
    ),
    "keys.show_all": Described(
        "List keys", "Without the keys themselves, which nobody can show again.", parameters=_PAGE
    ),
    "keys.create": Described(
        "Issue a key",
        f"The answer is the only one that ever holds it. {_NOBODY}",
        failures=_GRANTED,
    ),
    "keys.show": Described("Show a key", "Without the key itself."),
    "keys.update": Described("Change a key", f"{_LEFT_OUT} {_NOBODY}", failures=_GRANTED),
    "keys.rotate": Described(
        "Rotate a key",
        "The same key with a new text, which only this answer holds; the former one works for "
        f"`overlap_seconds` more. {_NOBODY}",
        failures=_GRANTED,
    ),
    "keys.permissions": Described("Show what a key may do, and why"),
    "keys.revoke": Described("Revoke a key", "At once, in every process.", failures=(errors.Conflict,)),
    "connect_codes.create": Described(
        "Make a connect code",
        "In place of a key: whoever brings the code to `/api/connect` within `valid_minutes` gets the key, "
        f"once. With `url`, the address of this backend, there is a link that the agent opens. {_NOBODY}",
        failures=_GRANTED,
    ),
    "connect_codes.redeem": Described(
        "Redeem a connect code",
        "The answer is the only one that ever holds the key. A code that is mistyped, used or ended fails in "
        "one and the same way; ten tries a minute from an address.",
        failures=(errors.NotAuthenticated, errors.RateLimited),
    ),
    "users.show_all": Described("List users", parameters=_PAGE),
    "users.create": Described("Add a user", _NOBODY, failures=_GRANTED),
    "users.show": Described("Show a user"),
    "users.update": Described("Change a user", f"{_LEFT_OUT} {_NOBODY}", failures=_GRANTED),
    "users.delete": Described(
        "Delete a user", "And revoke the keys of this user, at once.", failures=(errors.Conflict,)
    ),
    "users.permissions": Described("Show what a user may do, and why"),
    "roles.show_all": Described("List roles", "The built-in ones among them.", parameters=_PAGE),
    "roles.create": Described(
        "Add a role", f"`policies` say which data it shows; without any, none. {_NOBODY}", failures=_GRANTED
    ),
    "roles.show": Described("Show a role"),
    "roles.update": Described(
        "Change a role", f"{_LEFT_OUT} In force at once for all who have it. {_NOBODY}", failures=_GRANTED
    ),
    "roles.delete": Described(
        "Delete a role", "Refused while a user or a key has it, and says who.", failures=(errors.Conflict,)
    ),
}
"""By the routes' actions."""

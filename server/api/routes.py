"""The whole API on one page: each line with the permission it takes. Around a handler: dispatch."""

from server.api import connections, console, files, health, insights, jobs, keys, me, query, reference, schema
from server.api.call import Route
from shared.permissions import Permission
from shared.wire import (
    AnalyzeRequest,
    ConnectionCreate,
    ConnectionUpdate,
    JobRequest,
    KeyCreate,
    QueryRequest,
)

EVERYBODY = None

ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", health.show, EVERYBODY),
    Route("GET", "/openapi.json", reference.openapi, EVERYBODY),
    Route("GET", "/admin", console.page, EVERYBODY),
    Route("GET", "/admin/<path:path>", console.file, EVERYBODY),
    Route("GET", "/api/me", me.show, EVERYBODY, with_key=True),
    Route("GET", "/api/connections", connections.show_all, Permission.CONNECTIONS_READ),
    Route(
        "POST",
        "/api/connections",
        connections.create,
        Permission.CONNECTIONS_WRITE,
        ConnectionCreate,
        status=201,
    ),
    Route("GET", "/api/connections/kinds", connections.kinds, Permission.CONNECTIONS_READ),
    Route("GET", "/api/connections/<name>", connections.show, Permission.CONNECTIONS_READ),
    Route(
        "PUT", "/api/connections/<name>", connections.update, Permission.CONNECTIONS_WRITE, ConnectionUpdate
    ),
    Route("DELETE", "/api/connections/<name>", connections.delete, Permission.CONNECTIONS_DELETE, status=204),
    Route("POST", "/api/connections/<name>/test", connections.test, Permission.CONNECTIONS_WRITE),
    Route("GET", "/api/files/<name>", files.show_all, Permission.FILES_READ),
    Route("GET", "/api/files/<name>/content", files.content, Permission.FILES_READ),
    Route("GET", "/api/schema/<name>", schema.show, Permission.SCHEMA_READ),
    Route("POST", "/api/query", query.run, Permission.DB_READ, QueryRequest, extra=Permission.DATA_EXPORT),
    Route(
        "DELETE",
        "/api/query/<query_id>",
        query.cancel,
        Permission.DB_READ,
        status=202,
        extra=Permission.SYSTEM_ADMIN,
    ),
    Route(
        "POST",
        "/api/jobs",
        jobs.create,
        Permission.DB_READ,
        JobRequest,
        status=202,
        extra=Permission.DATA_EXPORT,
    ),
    Route("GET", "/api/jobs", jobs.show_all, Permission.DB_READ, extra=Permission.SYSTEM_ADMIN),
    Route("GET", "/api/jobs/<id>", jobs.show, Permission.DB_READ, extra=Permission.SYSTEM_ADMIN),
    Route(
        "GET",
        "/api/jobs/<id>/result",
        jobs.result,
        Permission.DB_READ,
        extra=Permission.SYSTEM_ADMIN,
        export=Permission.DATA_EXPORT,
    ),
    Route(
        "DELETE",
        "/api/jobs/<id>",
        jobs.delete,
        Permission.DB_READ,
        status=204,
        extra=Permission.SYSTEM_ADMIN,
    ),
    Route(
        "POST",
        "/api/ai/analyze",
        insights.analyze,
        Permission.AI_INSIGHTS,
        AnalyzeRequest,
        extra=Permission.DB_READ,
    ),
    Route("GET", "/api/keys", keys.show_all, Permission.KEYS_WRITE),
    Route("POST", "/api/keys", keys.create, Permission.KEYS_WRITE, KeyCreate, status=201),
    Route("DELETE", "/api/keys/<id>", keys.revoke, Permission.KEYS_WRITE, status=204),
)

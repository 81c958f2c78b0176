"""A body that works for each route that takes one, and what stands in the addresses of routes: for the API's
description."""

from collections.abc import Mapping

_CONNECTION = "The name of the connection."

IN_PATH: Mapping[str, str] = {
    "audit": "The number of the line.",
    "connections": _CONNECTION,
    "files": _CONNECTION,
    "jobs": "The id of the job.",
    "keys": "The id of the key.",
    "query": "The id of the query: of the answer, of the header `X-Query-Id`, or the caller's own.",
    "roles": "The name of the role.",
    "schema": "The name of the connection, or `*` for all.",
    "users": "The name of the user.",
}
"""By the first word of the route's action."""

_POLICIES = [
    {
        "connection": "postgres_prod",
        "tables": [{"table": "sales", "rows": "zone = {user.zone}", "masks": {"phone": "last_four"}}],
    }
]

EXAMPLES: Mapping[str, Mapping[str, object]] = {
    "connections.create": {
        "name": "postgres_prod",
        "type": "postgresql",
        "params": {
            "host": "db.example.com",
            "database": "sales",
            "user": "vmart_reader",
            "password": "the password of that account",
        },
    },
    "connections.update": {
        "params": {
            "host": "db.example.com",
            "database": "sales",
            "user": "vmart_reader",
            "query_timeout": 60,
        },
        "description": "Sales of all stores, by the day",
    },
    "query.run": {
        "connection": "postgres_prod",
        "query": "SELECT city, sum(amount) AS amount FROM sales WHERE sold_on >= :since GROUP BY city",
        "params": {"since": "2026-04-01"},
        "max_rows": 100,
    },
    "preview.show": {
        "connection": "postgres_prod",
        "role": "zone_manager",
        "attributes": {"zone": "North"},
    },
    "jobs.create": {"connection": "postgres_prod", "query": "SELECT * FROM sales", "format": "parquet"},
    "insights.analyze": {"connection": "postgres_prod", "query": "SELECT sold_on, amount FROM sales"},
    "insights.recommend": {
        "connection": "postgres_prod",
        "query": "SELECT sold_on, store, amount, discount FROM sales",
    },
    "keys.create": {"name": "store-17", "roles": ["viewer"], "expires_at": "2027-03-31T23:59:59+05:30"},
    "keys.update": {"allowed_ips": ["10.1.0.0/16"], "rate_limit": "100/hour"},
    "keys.rotate": {"overlap_seconds": 86400},
    "connect_codes.create": {
        "name": "asha-laptop",
        "roles": ["viewer"],
        "url": "https://backend.example.com:5000",
        "valid_minutes": 10,
    },
    "connect_codes.redeem": {"code": "VM4K-7QPD-2RXW"},
    "users.create": {
        "username": "asha",
        "email": "asha@example.com",
        "roles": ["zone_manager"],
        "attributes": {"zone": "North"},
    },
    "users.update": {"roles": ["zone_manager", "viewer"], "active": True},
    "roles.create": {
        "name": "zone_manager",
        "description": "Sees the sales of the zone",
        "permissions": ["schema_read", "db_read", "ai_insights"],
        "policies": _POLICIES,
    },
    "roles.update": {"permissions": ["schema_read", "db_read", "ai_insights", "data_export"]},
}
"""By the route's action."""

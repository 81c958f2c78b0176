"""A backend with all of its governance switched on, and somebody whom it binds: what that costs a query."""

from tests.bench.backend import Backend

SETTINGS = """
security:
  allowed_ips: [127.0.0.1, 10.0.0.0/8]
  rate_limit: 100000/second
  rate_limit_per_address: 100000/second
"""

_POLICY = {
    "connection": "*",
    "tables": [
        {
            "table": "*",
            "rows": "store_id IN ({user.stores})",
            "hidden": ["discount"],
            "masks": {"item": "last_four"},
        }
    ],
}


def caller_of(ours: Backend) -> Backend:
    """Asks for a user whose role shows some rows and columns only, by a key with addresses and a rate of its
    own."""
    ours.make(
        "/api/roles",
        {
            "name": "manager",
            "description": "",
            "permissions": ["db_read", "data_export"],
            "policies": [_POLICY],
        },
    )
    stores = [str(store) for store in range(0, 400, 10)]
    ours.make(
        "/api/users",
        {
            "username": "asha",
            "email": "asha@example.com",
            "roles": ["manager"],
            "attributes": {"stores": stores},
        },
    )
    key = {"name": "till", "user": "asha", "allowed_ips": ["127.0.0.1"], "rate_limit": "90000/second"}
    return ours.as_caller(ours.make("/api/keys", key)["key"])

"""A backend with one table that streams NDJSON, and keeps every body that it was sent."""

import json

from tests.desktop.running import RetailPeer
from tests.peers.backend import Asked, Reply


class SheetPeer(RetailPeer):
    """Streams NDJSON where that is asked for."""

    def __enter__(self) -> "SheetPeer":
        super().__enter__()
        return self

    def __init__(self) -> None:
        super().__init__()
        self.asked_bodies: list[bytes] = []

    def _reply(self, asked: Asked) -> Reply:
        self.asked_bodies.append(asked.body)
        if asked.path == "/api/query" and "ndjson" in asked.headers.get("Accept", ""):
            head = {
                "query_id": "q",
                "columns": [{"name": "zone", "type": "text"}, {"name": "net_sales", "type": "decimal"}],
            }
            rows = b'["North",123456789.50]\n["South",4500000.00]\n'
            end = {"row_count": 2, "truncated": False, "elapsed_ms": 1.0, "cached": False}
            body = json.dumps(head).encode() + b"\n" + rows + json.dumps(end).encode() + b"\n"
            return Reply(body=body, headers={"Content-Type": "application/x-ndjson"})
        return super()._reply(asked)

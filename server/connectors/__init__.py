"""The list of kinds. A new one is a package beside this file and a line below."""

from server.connectors import clickhouse, filesystem, google_drive, oracle, postgres, sqlserver, tableau
from server.connectors.base import Kind

KINDS: dict[str, Kind] = {
    kind.type: kind
    for kind in (
        clickhouse.KIND,
        filesystem.KIND,
        google_drive.KIND,
        oracle.KIND,
        postgres.KIND,
        sqlserver.KIND,
        tableau.KIND,
    )
}

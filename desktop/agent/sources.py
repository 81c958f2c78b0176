"""What can be asked: connections, their schemas, and an analyst for each. Asking itself is elsewhere."""

import threading
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Protocol

import msgspec

from desktop.analyst.meaning import InsightPlan, Outcome, Plan, Question, Refusal, Told
from shared.backend_client import BackendClient, QueryResult
from shared.errors import BackendConnectionError, NotFound
from shared.results import Column
from shared.wire import ConnectionInfo, Schema

Fetch = Callable[[str], Sequence[Sequence[Any]]]
_FETCH_ROWS = 5_000


class AnalystLike(Protocol):
    """What the rest of the agent needs of the built-in analyst."""

    @property
    def as_of(self) -> date | None: ...

    def read(self, question: str, memory: dict[str, object] | None) -> Outcome: ...
    def wonder(self, question: str) -> InsightPlan | Question | Refusal | None: ...
    def tell(
        self, plan: Plan, columns: Sequence[Column], rows: Sequence[Sequence[Any]], *, truncated: bool
    ) -> Told: ...
    def starters(self) -> list[str]: ...


class Local(Protocol):
    """The person's own tables, under the name of a connection; see desktop/sheets."""

    name: str

    def schema(self, paths: Sequence[str] | None = None) -> Schema: ...
    def query(self, sql: str, *, max_rows: int) -> QueryResult: ...


MakeAnalyst = Callable[[Schema, Fetch, date, date | None], AnalystLike]


class Sources:
    """Looks through the client, which remembers for a while. An analyst is kept as long as its schema,
    and its client: the values it knows are those of one backend."""

    def __init__(
        self,
        client: Callable[[], BackendClient],
        make_analyst: MakeAnalyst,
        today: Callable[[], date] = date.today,
        local: Local | None = None,
    ) -> None:
        self._local = local
        self._client = client
        self._make_analyst = make_analyst
        self.today = today
        self._lock = threading.Lock()
        self._analysts: dict[tuple[str, date | None], tuple[BackendClient | None, bytes, AnalystLike]] = {}

    def connections(self) -> list[ConnectionInfo]:
        """Those that SQL can be sent to; this PC as well, when spreadsheets were opened on it."""
        here = self._here()
        try:
            found = [connection for connection in self._client().list_connections() if connection.dialect]
        except BackendConnectionError:
            if not here:
                raise
            found = []
        return [*found, *here]

    def choose(self, name: str | None) -> str:
        """``name`` when there is such a connection, otherwise the first one."""
        names = [connection.name for connection in self.connections()]
        if name is None:
            if not names:
                raise NotFound("There is no connection yet. The backend's administrator can add one.")
            return names[0]
        if name not in names:
            known = f" There are: {', '.join(names)}." if names else ""
            raise NotFound(f"There is no connection called {name!r}.{known}")
        return name

    def type_of(self, name: str) -> str:
        if self._is_local(name):
            return "spreadsheets"
        return next((found.type for found in self._client().list_connections() if found.name == name), "")

    def schema(self, connection: str) -> Schema:
        if self._local is not None and self._is_local(connection):
            return self._local.schema()
        return self._client().get_schema(connection)

    def analyst(self, connection: str, as_of: date | None = None) -> AnalystLike:
        if self._is_local(connection):
            return self.local_analyst(None, as_of)
        client = self._client()
        schema = client.get_schema(connection)
        return self._kept((connection, as_of), client, schema, lambda sql: self._fetch(connection, sql))

    def tables_to_learn(self, connection: str, as_of: date | None = None) -> int:
        """How many there are when no question has been asked about them yet; 0 when they are known."""
        with self._lock:
            known = (connection, as_of) in self._analysts
        return 0 if known or self._is_local(connection) else len(self.schema(connection).tables)

    def local_analyst(self, paths: Sequence[str] | None, as_of: date | None = None) -> AnalystLike:
        """For the spreadsheets at ``paths``, or for all that were opened."""
        local = self._local
        if local is None:
            raise NotFound("There are no spreadsheets here.")
        schema = local.schema(paths)
        return self._kept(
            (local.name, as_of), None, schema, lambda sql: local.query(sql, max_rows=_FETCH_ROWS).rows
        )

    def newest_day(self, connection: str, as_of: date | None = None) -> date | None:
        """For a model. What is the newest day in a spreadsheet of the person's stays here."""
        return as_of if self._is_local(connection) else self.analyst(connection, as_of).as_of

    def _kept(
        self, key: tuple[str, date | None], client: BackendClient | None, schema: Schema, fetch: Fetch
    ) -> AnalystLike:
        mark = msgspec.json.encode([schema.tables, schema.dialect, self.today().isoformat()])
        with self._lock:
            kept = self._analysts.get(key)
        if kept is not None and kept[0] is client and kept[1] == mark:
            return kept[2]
        made = self._make_analyst(schema, fetch, self.today(), key[1])
        with self._lock:
            self._analysts[key] = (client, mark, made)
        return made

    def _is_local(self, connection: str) -> bool:
        return self._local is not None and connection == self._local.name

    def _here(self) -> list[ConnectionInfo]:
        if self._local is None or not self._local.schema().tables:
            return []
        told = "Spreadsheets and CSV files that you granted; they stay on this PC"
        return [ConnectionInfo(self._local.name, "spreadsheets", {}, told, "duckdb", "", "")]

    def _fetch(self, connection: str, sql: str) -> Sequence[Sequence[Any]]:
        return self._client().execute_query(connection, sql, max_rows=_FETCH_ROWS, allow_cached=True).rows

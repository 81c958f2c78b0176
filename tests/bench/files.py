"""The demo's Parquet files through the backend, beside DuckDB itself; and the analyst's questions."""

from pathlib import Path

from tests.bench import analyst, backend, bare
from tests.bench.measuring import Way, compared
from tests.bench.workload import Workload

_QUESTIONS = {
    "files: sum by zone over 1,000,000 lines": (
        "SELECT zone, sum(net_amount) FROM sales JOIN stores USING (store_id) GROUP BY zone"
    ),
    "files: 1,000 rows": "SELECT * FROM sales LIMIT 1000",
}


def measured(folder: Path, *, rounds: int) -> list[Workload]:
    from server import demo

    data = demo.ensure(folder / "data", lambda _: None)
    with backend.running(folder) as ours, bare.running("duckdb", {"root": str(data)}) as duck:
        ours.add("retail", "filesystem", {"root": str(data)})
        found = []
        for name, sql in _QUESTIONS.items():
            ways: dict[str, Way] = {
                "backend": lambda sql=sql: ours.short(ours.ask("retail", sql), 15),  # type: ignore[misc]
                "duckdb + json": lambda sql=sql: duck.ask(sql, 15),  # type: ignore[misc]
            }
            found.append(Workload(name, compared(ways, rounds)))
        found.append(analyst.measured(ours, "retail", rounds=rounds))
        return found

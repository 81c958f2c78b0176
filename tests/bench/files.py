"""Files through the backend, beside DuckDB itself: the demo's, large ones; and the analyst's questions."""

import os
import time
from pathlib import Path

from tests.bench import analyst, backend, bare
from tests.bench.measuring import Figures, Way, compared
from tests.bench.workload import Workload

_QUESTIONS = {
    "files: sum by zone over 1,000,000 lines": (
        "SELECT zone, sum(net_amount) FROM sales JOIN stores USING (store_id) GROUP BY zone"
    ),
    "files: 1,000 rows": "SELECT * FROM sales LIMIT 1000",
}


def measured(folder: Path, *, rows: int, rounds: int) -> list[Workload]:
    return [*_demo(folder / "demo", rounds=rounds), *_large(folder / "large", rows=rows, rounds=rounds)]


_BY_DAY = "SELECT date, sum(net_amount), count(*) FROM sales GROUP BY date"
_AGGREGATE = "SELECT mode, sum(net_amount), count(*) FROM {} GROUP BY mode"


def _large(folder: Path, *, rows: int, rounds: int) -> list[Workload]:
    """The same rows as CSV and as Parquet."""
    import duckdb

    data = folder / "data"
    data.mkdir(parents=True)
    made = (
        "SELECT i AS sale_id, DATE '2025-04-01' + (i % 365)::INT AS sold_on, 1 + i % 200 AS store_id, "
        "1 + (i * 7) % 3000 AS product_id, (i % 5) + 1 AS quantity, "
        "((i * 37) % 100000 / 100)::DECIMAL(12, 2) AS net_amount, ['UPI', 'Cash', 'Card'][1 + i % 3] AS mode "
        f"FROM range({rows}) t(i)"
    )
    duckdb.execute(f"COPY ({made}) TO '{data}/sales_csv.csv' (HEADER)")
    duckdb.execute(f"COPY ({made}) TO '{data}/sales_parquet.parquet'")
    with backend.running(folder) as ours, bare.running("duckdb", {"root": str(data)}) as duck:
        ours.add("large", "filesystem", {"root": str(data)})

        def first() -> Figures:
            """The file is another one for us; what is converted beside the query ends before the next way."""
            changed = time.time()
            os.utime(data / "sales_csv.csv", (changed, changed))
            time.sleep(1.2)  # until the folder is looked at again
            began = time.perf_counter()
            ours.rows("large", f"{_AGGREGATE.format('sales_csv')} -- {changed}")
            seconds = time.perf_counter() - began
            while not any(
                kept.stat().st_mtime > changed for kept in folder.glob("home/cache/files/*/*.msgpack")
            ):
                time.sleep(0.1)
            return Figures(seconds)

        found = []
        for kind in ("csv", "parquet"):
            sql = _AGGREGATE.format(f"sales_{kind}")
            ways: dict[str, Way] = {
                "backend": lambda sql=sql: ours.short(ours.ask("large", sql), 5),  # type: ignore[misc]
                "duckdb + json": lambda sql=sql: duck.ask(sql, 1),  # type: ignore[misc]
            }
            if kind == "csv":
                once = {"backend": first, "duckdb + json": ways["duckdb + json"]}
                found.append(Workload(f"files: first sum over {rows:,} rows of CSV", compared(once, rounds)))
            found.append(Workload(f"files: sum over {rows:,} rows of {kind.upper()}", compared(ways, rounds)))
        return found


def _demo(folder: Path, *, rounds: int) -> list[Workload]:
    from server import demo

    folder.mkdir(parents=True)

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
        looked: dict[str, Way] = {
            "backend": lambda: ours.short(ours.analysis("retail", "SELECT * FROM sales"), 1),
            "duckdb + json": lambda: duck.ask(_BY_DAY, 1),
        }
        name = "insights: all facts of 1,000,000 lines, beside one sum by day"
        found.append(Workload(name, compared(looked, rounds)))
        return found

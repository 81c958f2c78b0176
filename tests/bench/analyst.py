"""The built-in analyst: what reading a question costs beside the query that answers it."""

import statistics
import time
from datetime import date
from typing import Any

import msgspec

from desktop.analyst.analyst import Analyst
from desktop.analyst.meaning import Plan
from shared.wire import Schema
from tests.bench.backend import Backend
from tests.bench.measuring import Figures, compared
from tests.bench.workload import Workload

_QUESTIONS = (
    "net sales by zone last financial year",
    "top 5 stores by net sales",
    "average discount by category",
    "how many returns in Bihar",
    "net sales month by month this financial year",
)


def measured(ours: Backend, connection: str, *, rounds: int) -> Workload:
    """The first reading of a question looks values up in the data; what is measured are later ones."""
    schema = msgspec.json.decode(ours.schema(connection), type=Schema)

    def fetch(sql: str) -> list[list[Any]]:
        rows: list[list[Any]] = msgspec.json.decode(ours.rows(connection, sql))["rows"]
        return rows

    analyst = Analyst(schema, fetch, date(2026, 3, 31))
    plans = [plan for plan in map(analyst.read, _QUESTIONS) if isinstance(plan, Plan)]
    if not plans:
        raise RuntimeError("The analyst could read none of the questions.")

    def read() -> Figures:
        seconds = []
        for question in _QUESTIONS:
            began = time.perf_counter()
            analyst.read(question)
            seconds.append(time.perf_counter() - began)
        return Figures(statistics.median(seconds))

    def query() -> Figures:
        seconds = [ours.short(ours.ask(connection, plan.sql), 3).seconds for plan in plans]
        return Figures(statistics.median(seconds))

    ways = {"reading the question": read, "its query": query}
    return Workload(f"analyst: {len(plans)} questions, each", compared(ways, rounds))

"""Where the built-in analyst will stand."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from desktop.agent.sources import Fetch
from desktop.analyst.meaning import Outcome, Plan, Refusal, Told
from shared.results import Column
from shared.wire import Schema


class NoAnalyst:
    def __init__(self, schema: Schema, fetch: Fetch, today: date, as_of: date | None) -> None:
        self.schema, self.fetch, self.today, self.as_of = schema, fetch, today, as_of

    def read(self, question: str, memory: dict[str, object] | None) -> Outcome:  # noqa: ARG002
        tables = ", ".join(table.name for table in self.schema.tables)
        return Refusal(text=f"I can't answer that yet ({question}). There is data on {tables}.")

    def tell(self, plan: Plan, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Told:  # noqa: ARG002
        return Told(text=f"{plan.title}: {len(rows)} rows.")

    def starters(self) -> list[str]:
        return []

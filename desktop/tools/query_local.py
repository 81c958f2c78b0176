"""The tool ``query_local``: one SELECT over the person's spreadsheets, run on their PC, kept and shown as a
card."""

from typing import Annotated, cast

import msgspec

from desktop.sheets.known import THIS_PC
from desktop.tools.base import ToolContext, ToolOutput
from desktop.tools.query import PREVIEW_ROWS, Queries, Query, local_output


class QueryLocalArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sql: Annotated[
        str,
        msgspec.Meta(
            description="One SELECT in DuckDB's SQL over what local_tables told; quote names with spaces.",
            min_length=1,
        ),
    ]
    title: Annotated[str, msgspec.Meta(description="What the result shows, as a short heading.")]


class QueryLocalTool:
    """The person sees the result; cells go to the model only as far as the person lets them."""

    name = "query_local"
    description = (
        "Run one read-only SELECT over the person's own spreadsheets, on their PC. The person sees the "
        "whole result; you get the columns, and where the person lets values go the number of rows and at "
        f"most {PREVIEW_ROWS} rows."
    )
    arguments: type[msgspec.Struct] = QueryLocalArguments

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:  # noqa: ARG002 - same for all
        return f"Running SQL on {THIS_PC}"

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        wanted = cast("QueryLocalArguments", arguments)
        return local_output(
            self._queries.run(Query(connection=THIS_PC, sql=wanted.sql, title=wanted.title), context)
        )

"""The tool ``private_join``: a spreadsheet on the person's PC with a governed result, joined there.

What the model gets does not depend on the SQL that it wrote beyond the names and types of columns: see
desktop/sheets/telling. No cell, whatever the person's settings are.
"""

from typing import Annotated, cast

import msgspec

from desktop.sheets import telling
from desktop.sheets.joining import Join, Joining
from desktop.sheets.known import THIS_PC
from desktop.store.private_answers import PrivateAnswers
from desktop.tools.base import ToolContext, ToolOutput
from desktop.tools.query import MAX_ROWS, Queries, Query, rows_text


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    local: Annotated[str, msgspec.Meta(description="A column of the local table.")]
    governed: Annotated[
        str, msgspec.Meta(description="The column of the governed result that is the same thing.")
    ]


class PrivateJoinArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    table: Annotated[str, msgspec.Meta(description="The local table, as local_tables told it.", min_length=1)]
    governed_sql: Annotated[
        str,
        msgspec.Meta(
            description=(
                "One SELECT in the connection's dialect, already aggregated to the keys of the join. It "
                "must not hold values of the local table. Its rows become the table `governed`."
            ),
            min_length=1,
        ),
    ]
    on: Annotated[list[Pair], msgspec.Meta(description="The columns to join by.", min_length=1)]
    sql: Annotated[
        str,
        msgspec.Meta(
            description=(
                "One SELECT in DuckDB's SQL over `joined`: every row and column of the local table, with "
                "the governed columns that match (NULL where none does; `governed_x` where both have a "
                "column x)."
            ),
            min_length=1,
        ),
    ]
    title: Annotated[str, msgspec.Meta(description="What the result shows, as a short heading.")]


class PrivateJoinTool:
    name = "private_join"
    description = (
        "Join a spreadsheet on the person's own PC with a governed result, on that PC: nothing of the "
        "spreadsheet leaves it. The person sees the result; you get its columns, the totals of the "
        "spreadsheet's own whole columns, and whether most of its rows found a match: never how many rows "
        "the result has, nor what a filter or a group came to. State no figure but those totals."
    )
    arguments: type[msgspec.Struct] = PrivateJoinArguments

    def __init__(self, joining: Joining, queries: Queries, private_answers: PrivateAnswers) -> None:
        self._joining = joining
        self._queries = queries
        self._private_answers = private_answers

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:
        wanted = cast("PrivateJoinArguments", arguments)
        return f"Joining {wanted.table} with {context.connection} on this PC"[:120]

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        wanted = cast("PrivateJoinArguments", arguments)
        self._private_answers.take(context.conversation_id)  # a failure tells something too
        join = Join(
            table=wanted.table,
            connection=context.connection,
            governed_sql=wanted.governed_sql,
            keys=[(pair.local, pair.governed) for pair in wanted.on],
            sql=wanted.sql,
        )
        joined = self._joining.run(
            join, max_rows=MAX_ROWS, cancelled=context.cancelled, on_stop=context.on_stop
        )
        query = Query(connection=THIS_PC, sql=wanted.sql, title=wanted.title, readings=joined.readings())
        ran = self._queries.keep(query, joined.result, context)
        return ToolOutput(
            for_model={
                "result_id": ran.result.id,
                "columns": [{"name": c.name, "type": c.type.value} for c in ran.result.columns],
                "shown": "to the person, with its rows and what matched",
                "found_a_match": telling.match(joined.matched),
                "totals_of_the_sheet": telling.totals(joined.amounts),
            },
            for_window=ran.result.card(ran.rows),
            summary=rows_text(ran.result.row_count, truncated=ran.result.truncated),
            detail=f"{wanted.governed_sql}\n\n{wanted.sql}",
            columns_sent=len(ran.result.columns),
        )

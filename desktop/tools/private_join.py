"""The tool ``private_join``: a spreadsheet on the person's PC with a governed result, joined there.

The model gets names, types, counts and sums over many rows; no cell, whatever the person's settings are.
"""

from decimal import Decimal
from typing import Annotated, Any, cast

import msgspec

from desktop.sheets.joining import Join, Joining
from desktop.sheets.known import THIS_PC
from desktop.tools.base import ToolContext, ToolOutput
from desktop.tools.query import MAX_ROWS, Queries, Query, Ran, rows_text

ENOUGH_ROWS = 5
"""A sum over fewer would tell single cells."""


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
        "spreadsheet leaves it. The person sees the result; you get only columns, counts and sums. State no "
        "figure but those."
    )
    arguments: type[msgspec.Struct] = PrivateJoinArguments

    def __init__(self, joining: Joining, queries: Queries) -> None:
        self._joining = joining
        self._queries = queries

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:
        wanted = cast("PrivateJoinArguments", arguments)
        return f"Joining {wanted.table} with {context.connection} on this PC"[:120]

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        wanted = cast("PrivateJoinArguments", arguments)
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
                "row_count": ran.result.row_count,
                "truncated": ran.result.truncated,
                "matched": msgspec.to_builtins(joined.matched),
                "sums": _sums(ran),
            },
            for_window=ran.result.card(ran.rows),
            summary=rows_text(ran.result.row_count, truncated=ran.result.truncated),
            detail=f"{wanted.governed_sql}\n\n{wanted.sql}",
            columns_sent=len(ran.result.columns),
        )


def _sums(ran: Ran) -> dict[str, Any]:
    """Of the columns of figures, over enough rows not to be a cell; columns that are no amounts are left
    out."""
    found: dict[str, Any] = {}
    for place, column in enumerate(ran.result.columns):
        cells = [row[place] for row in ran.rows if isinstance(row[place], int | float | Decimal)]
        different = {cell for cell in cells if cell}
        if column.type.is_number and len(cells) >= ENOUGH_ROWS and len(different) >= ENOUGH_ROWS:
            found[column.name] = float(round(sum(map(Decimal, map(str, cells)), Decimal(0)), 4))
    return found

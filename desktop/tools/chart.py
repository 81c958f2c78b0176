"""The tool ``chart``: another drawing of a result. Declarative: column names and a kind, never code."""

from typing import Annotated, Literal, cast

import msgspec

from desktop.events import ChartSpec
from desktop.store.results import Results
from desktop.tools.base import ToolContext, ToolOutput
from shared.errors import ToolRefused


class ChartArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    result_id: Annotated[str, msgspec.Meta(description="The result_id that query gave.")]
    kind: Literal["bar", "line", "area", "column", "number"]
    x: Annotated[str, msgspec.Meta(description="The column along the axis.")]
    y: Annotated[list[str], msgspec.Meta(description="The number columns to draw.", min_length=1)]
    series: Annotated[str | None, msgspec.Meta(description="A column that splits into lines or bars.")] = None
    title: str = ""


class ChartTool:
    """The result's card is shown again, with this chart."""

    name = "chart"
    description = (
        "Choose how a result is drawn. Results already come with a fitting chart; use it to change that."
    )
    arguments: type[msgspec.Struct] = ChartArguments

    def __init__(self, results: Results) -> None:
        self._results = results

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:  # noqa: ARG002 - same for all
        return f"Drawing a {cast('ChartArguments', arguments).kind} chart"

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        wanted = cast("ChartArguments", arguments)
        result = self._results.get(wanted.result_id)
        if result.turn_id != context.turn_id:
            raise ToolRefused("That result belongs to an earlier question. Run the query again.")
        types = {column.name: column.type for column in result.columns}
        unknown = [n for n in (wanted.x, *wanted.y, wanted.series) if n is not None and n not in types]
        if unknown:
            raise ToolRefused(f"The result has no column called {', '.join(unknown)}.")
        words = [name for name in wanted.y if not types[name].is_number]
        if words:
            raise ToolRefused(f"{', '.join(words)} holds no numbers to draw.")
        spec = ChartSpec(
            kind=wanted.kind, x=wanted.x, y=wanted.y, series=wanted.series, title=wanted.title or result.title
        )
        changed = msgspec.structs.replace(result, chart=spec)
        self._results.change(changed)
        return ToolOutput(
            for_model={"drawn": True},
            for_window=changed.card(self._results.rows(result.id)),
            summary=wanted.kind,
        )

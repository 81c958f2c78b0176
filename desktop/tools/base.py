"""What a tool is: something the model may ask for. One tool per module beside this one.

Two readers: the model gets names, a preview and a count; the person gets the data. Large
results never pass through the model.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Protocol

import msgspec

from desktop.events import Effect, InsightCard, ResultCard
from shared.errors import EffectDeclined
from shared.llm.base import ToolSpec


class ToolOutput(msgspec.Struct, frozen=True):
    """``for_model`` is JSON-able; ``for_window`` a card, or None; ``summary`` one short phrase.

    ``for_model`` holds names, types, counts and aggregates. Whatever comes out of a cell or a file goes
    into ``cells``, JSON-able too: whether the model gets it, the person decides.
    ``columns_sent`` and ``rows_sent`` count the data in ``cells``, for the meter.
    """

    for_model: Any
    cells: Any = None
    for_window: ResultCard | InsightCard | None = None
    summary: str = ""
    detail: str = ""
    columns_sent: int = 0
    rows_sent: int = 0


def nobody_to_ask(effect: Effect) -> None:
    """Where no window listens, nobody says yes."""
    raise EffectDeclined(
        f"This needs a yes in the window, and no window is asking: {effect.title}. Nothing was done."
    )


class ToolContext(msgspec.Struct, frozen=True):
    """What a run may use. ``cancelled`` raises Cancelled when the person pressed stop; a tool calls
    it wherever it waits. ``on_stop`` takes a call to make at that moment, and gives one that takes it
    back. ``approve`` waits until the person has said yes to the effect, which is then done as it was
    shown; a no raises EffectDeclined, a stop Cancelled. ``keeps_cells``: what is said here goes to a model
    to which no cell value may go."""

    connection: str
    conversation_id: str
    turn_id: str
    cancelled: Callable[[], None]
    on_stop: Callable[[Callable[[], None]], Callable[[], None]]
    question: str = ""
    as_of: date | None = None
    approve: Callable[[Effect], None] = nobody_to_ask
    keeps_cells: bool = False


class Tool(Protocol):
    """``arguments`` is the struct whose schema goes to the model and whose check guards ``run``.

    A failure that the model can mend is raised as an AppError with ``fixer`` MODEL.
    """

    name: str
    description: str
    arguments: type[msgspec.Struct]

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:
        """The step as the person sees it: ``Running SQL on retail``."""
        ...

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput: ...


def spec(tool: Tool) -> ToolSpec:
    """The tool as a model sees it."""
    schema = msgspec.json.schema(tool.arguments)
    found = schema["$defs"][tool.arguments.__name__]
    parameters = {key: found[key] for key in ("type", "properties", "required")}
    return ToolSpec(name=tool.name, description=tool.description, parameters=parameters)

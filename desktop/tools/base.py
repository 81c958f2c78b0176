"""What a tool is: something the model may ask for. One tool per module beside this one.

Two readers: the model gets names, a preview and a count; the person gets the data. Large
results never pass through the model.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec

from desktop.events import ResultCard


class ToolOutput(msgspec.Struct, frozen=True):
    """``for_model`` is JSON-able; ``for_window`` a card, or None; ``summary`` one short phrase."""

    for_model: Any
    for_window: ResultCard | None = None
    summary: str = ""
    detail: str = ""


class ToolContext(msgspec.Struct, frozen=True):
    """What a run may use. ``cancelled`` raises Cancelled when the person pressed stop; a tool calls
    it wherever it waits."""

    connection: str
    conversation_id: str
    turn_id: str
    cancelled: Callable[[], None]


A_contra = TypeVar("A_contra", bound=msgspec.Struct, contravariant=True)


class Tool(Protocol[A_contra]):
    """``arguments`` is the struct whose schema goes to the model and whose check guards ``run``.

    A failure that the model can mend is raised as an AppError with ``fixer`` MODEL.
    """

    name: str
    description: str
    arguments: type[msgspec.Struct]

    def label(self, arguments: A_contra) -> str:
        """The step as the person sees it: ``Running SQL on retail``."""
        ...

    def run(self, arguments: A_contra, context: ToolContext) -> ToolOutput: ...

"""What a tool's answer becomes on its way to a model: the one place that adds cell values to it."""

from typing import Any

from desktop.tools.base import ToolOutput
from shared.errors import AppError
from shared.llm.base import ToolAnswer, ToolCall

CELLS = "cells"


def answer_of(call: ToolCall, output: ToolOutput) -> ToolAnswer:
    """Names, types and counts, and under ``cells`` what came out of cells and files."""
    return ToolAnswer(call.id, call.name, _merged(output))


def refusal_of(call: ToolCall, error: AppError) -> ToolAnswer:
    """A failure that the model can mend."""
    return ToolAnswer(call.id, call.name, {"error": str(error), "code": error.code})


def _merged(output: ToolOutput) -> Any:
    if output.cells is None:
        return output.for_model
    about = output.for_model if isinstance(output.for_model, dict) else {"about": output.for_model}
    return {**about, CELLS: output.cells}

"""One figure of a shipped program, as ``bench --ship`` prints it."""

import msgspec


class ShipFigure(msgspec.Struct, frozen=True):
    """``value`` in ``unit``; None with a ``reason`` where it could not be measured here."""

    program: str
    name: str
    value: float | None
    unit: str
    reason: str = ""

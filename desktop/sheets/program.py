"""What the worker's process does with an order about spreadsheets; see desktop/files/worker_process."""

from collections.abc import Callable, Sequence
from typing import BinaryIO

import msgspec

from desktop.sheets.asking import Ask, Order, Understand

_orders = msgspec.msgpack.Decoder(Order)
_encoder = msgspec.msgpack.Encoder()


def answer(request: bytes, files: Sequence[BinaryIO], say: Callable[[bytes], None]) -> bytes:
    """An order of desktop/sheets/asking in, its answer out. Raises an AppError in the person's words."""
    order: Order = _orders.decode(request)
    match order:
        case Understand(wanted):
            from desktop.sheets.understanding import understand

            [file] = files
            return _encoder.encode(understand(wanted, file, lambda text: say(text.encode())))
        case Ask() as ask:
            from desktop.sheets.answering import answered

            return _encoder.encode(answered(ask))

"""What an encoder is, and what it is told. The formats are beside it, their list in ``__init__``."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from shared.results import Batch, Column
from shared.wire import ErrorBody, QueryEnd


class Origin(msgspec.Struct, frozen=True):
    """Where a result comes from, for formats that carry a receipt."""

    connection: str
    sql: str
    asked_at: datetime


class Encoder(Protocol):
    """One answer being written: ``head``, then batches, then ``end`` or ``failed``; ``close`` in any case.

    Blocking, on the connection's thread. Raises NotAcceptable for what the format cannot hold.
    """

    def head(self, query_id: str, columns: Sequence[Column]) -> bytes: ...

    def batch(self, batch: Batch) -> bytes: ...

    def end(self, end: QueryEnd) -> Iterable[bytes]:
        """In pieces: the end of some formats is nearly all of them."""
        ...

    def failed(self, error: ErrorBody) -> bytes:
        """Empty when the format cannot say it. See Format.tells_failure."""
        ...

    def close(self) -> None:
        """Gives back what the encoder holds. From any thread, more than once."""
        ...

"""What a session must have undone between two queries: whether it has been. What that is: described."""

from server.connectors.postgres.described import CLEAN_UP, CLEAN_UP_READIES
from server.connectors.postgres.protocol import DATA_ROW, ConnectionLost, ServerError, Wire, data_row
from server.connectors.postgres.quick import Frame
from server.connectors.postgres.running import Running

SHORT_SECONDS = 4.0


class CleanUp:
    """Of one connection, for which it has been sent."""

    def __init__(self, wire: Wire, running: Running, frame: Frame) -> None:
        self._wire, self._running, self._frame = wire, running, frame

    def is_done(self) -> bool:
        """Reads what it answers. The cancel of a query that was over already has met it instead: then it is
        sent once more, which no cancel can meet, for the server has acted on it."""
        try:
            done = self._answered()
            if not done and self._running.was_stopped:
                self._running.was_stopped = False
                self._wire.send(CLEAN_UP, readies=CLEAN_UP_READIES)
                done = self._answered()
        except ConnectionLost:
            return False
        return done

    def _answered(self) -> bool:
        """Whether nothing failed and the session only reads, as at its start."""
        self._wire.wait_at_most(SHORT_SECONDS)
        shown: list[bytes] = []
        failed = False
        while self._wire.readies:
            try:
                shown = self._wire.exchange(DATA_ROW)
            except ServerError:
                failed = True
        return not failed and list(map(data_row, shown)) == [[self._frame.shown]]

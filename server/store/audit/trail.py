"""Takes the lines of one process: into its spool at once, into the chain soon, by one thread.

A line that was written is never lost: when the process dies, whoever starts next, or a process beside it,
finds it in the spool. When neither takes a line, its caller waits.
"""

import contextlib
import logging
import threading
import time
from pathlib import Path

import sqlalchemy as sa

from server.store.audit.chain import Chain, Mark, Sealer, Witness, find_mark, lock
from server.store.audit.line import AuditLine, of_the_backend
from server.store.audit.pruning import Pruned, prune
from server.store.audit.repeats import Repeats
from server.store.audit.spool import Left, Numbered, Spool
from server.store.audit.verifying import Verified, verify
from server.store.lock import Held, hold
from server.store.state import State
from shared.errors import Conflict

_log = logging.getLogger(__name__)

_GATHER_SECONDS = 0.1
_RETRY_SECONDS = 1.0
_CLEAR_SECONDS = 3600.0
_LOOK_SECONDS = 5.0
"""How soon the lines of a process that died beside this one are taken over."""
_MOST_VERIFIED = 500_000
"""Lines at a time while calls are answered: seconds, not minutes. All of them: ``verify-audit``."""


class AuditTrail:
    """``write`` never waits; ``write_slowly`` does when many lines stand before it, or no disk takes one."""

    def __init__(
        self, state: State, chain: Chain, spool: Spool, *, folder: Path, waiting_lines: int, keep_days: int
    ) -> None:
        self._verifying_file = folder / "verifying"
        self.keep_days = keep_days
        """May be changed at any time; 0 keeps all."""
        self._repeats = Repeats()
        self._state = state
        self._chain = chain
        self._next_clearing = 0.0
        self._cleared = Pruned(0, 0)
        self._spool = spool
        self._most = waiting_lines
        self._waiting: list[Numbered] = []
        self._number = 0
        self._settled = 0
        self._closed = False
        self._lock = threading.Lock()
        self._verifying = threading.Lock()
        self._moved = threading.Condition(self._lock)
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def begun(self, line: AuditLine) -> Path | None:
        """``line`` is what will be on record of something that takes long if this process dies before that
        line is written of which the mark that this gives is said. None when the disk takes none: it goes
        on without one, since the line itself must find room before its end."""
        with self._lock:
            try:
                return self._spool.mark(line)
            except OSError as error:
                _log.warning("What was begun could not be noted for the audit trail: %s", error.strerror)
                return None

    def write(self, line: AuditLine, mark: Path | None = None) -> bool:
        """False when it is not taken; then the caller must wait with :meth:`write_slowly`. ``mark`` is that
        of the same call, which has ended."""
        with self._lock:
            waiting = self._waiting
            if len(waiting) >= self._most:
                return False
            number = self._number + 1
            try:
                self._spool.append(number, line)
            except OSError:
                return False
            self._number = number
            waiting.append((number, line))
            if mark is not None:  # before another thread has settled the line, which proves the mark wrong
                _remove(mark)
        if len(waiting) == 1:
            self._wake.set()
        return True

    def refuse(self, line: AuditLine) -> bool:
        """Like write, of a call that was turned away: of many such only a count is kept."""
        with self._lock:
            counted = self._repeats.counts(line)
        return counted or self.write(line)

    def write_slowly(self, line: AuditLine, mark: Path | None = None) -> None:
        """Returns when the line is safe, so that a storm or a full disk slows callers and loses no line."""
        if self.write(line, mark):
            return
        with self._moved:
            self._moved.wait_for(lambda: len(self._waiting) < self._most or self._closed)
            number = self._number = self._number + 1
            self._waiting.append((number, line))
            self._wake.set()
            self._moved.wait_for(lambda: self._settled >= number or self._closed)
            if mark is not None and self._settled >= number:
                _remove(mark)

    @property
    def waiting(self) -> int:
        """How many lines are not in the state yet."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether the next line has to wait."""
        return len(self._waiting) >= self._most

    def verify(self) -> Verified:
        """Whether the chain is as it was written; of a very long one, its newer part. Blocking, for seconds.

        Raises Conflict while another thread, or another process of this machine, does the same.
        """
        already = Conflict("The audit trail is being verified already. Try again when that is done.")
        if not self._verifying.acquire(blocking=False):
            raise already
        held: Held | None = Held()
        try:
            with contextlib.suppress(OSError):  # a system without such locks: each process by itself then
                held = hold(self._verifying_file)
            if held is None:
                raise already
            with self._state.begin() as connection:
                head = find_mark(connection, "head")
            first = 0 if head is None else max(head.mark.sequence - _MOST_VERIFIED + 1, 0)
            return verify(self._state, self._chain.sealer, self._chain.witness, first=first)
        finally:
            if held is not None:
                held.close()
            self._verifying.release()

    def close(self, timeout_seconds: float = 10) -> None:
        """Writes what waits, then stops."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while True:
            self._take_over()
            self._clear()
            self._wake.wait(_LOOK_SECONDS)
            self._stopping.wait(_GATHER_SECONDS if len(self._waiting) < self._most // 2 else 0)
            stopping = self._stopping.is_set()
            self._tell_repeats(everything=stopping)
            settled = self._settle()
            if stopping:
                with self._moved:
                    self._closed = True
                    self._moved.notify_all()
                self._end(settled=settled)
                return

    def _end(self, *, settled: bool) -> None:
        self._spool.close(settled=settled)
        if settled:
            self._forget(self._spool.writer)

    def _forget(self, writer: str) -> None:
        try:
            with self._state.begin() as connection:
                connection.execute(_FORGET, {"writer": writer})
        except sa.exc.SQLAlchemyError:
            _log.debug("A writer of the audit trail stays known")

    def _settle(self) -> bool:
        """False when it was stopped before they were in the state."""
        with self._lock:
            lines, self._waiting = self._waiting, []
            part = self._spool.turn()
            self._wake.clear()
        if lines and not self._commit(self._spool.writer, lines):
            return False
        self._spool.settle(part)
        with self._moved:
            self._settled = lines[-1][0] if lines else self._settled
            self._moved.notify_all()
        return True

    def _tell_repeats(self, *, everything: bool) -> None:
        with self._lock:
            due = self._repeats.due(everything=everything)
        for line in due:
            self.write(line)

    def _clear(self) -> None:
        """A few thousand old lines at a time, so that new ones do not wait behind them."""
        if not self.keep_days or time.monotonic() < self._next_clearing:
            return
        try:
            some = prune(self._state, self._chain.sealer, self.keep_days)
        except sa.exc.SQLAlchemyError as error:
            _log.error("Old lines of the audit trail stay for now: %s", type(error).__name__)
            some = Pruned(0, 0)
        if some.lines:
            self._cleared = Pruned(self._cleared.lines + some.lines, some.upto)
            self._wake.set()
            return
        self._next_clearing = time.monotonic() + _CLEAR_SECONDS
        done, self._cleared = self._cleared, Pruned(0, 0)
        if done.lines:
            detail = f"{done.lines} lines up to number {done.upto}, older than {self.keep_days} days"
            self.write(of_the_backend("audit.clear", detail))

    def _take_over(self) -> None:
        try:
            for left in self._spool.left_by_the_dead():
                try:
                    self._take(left)
                finally:
                    left.close()
        except OSError as error:
            _log.error("The audit lines that another process left cannot be read: %s", error.strerror)

    def _take(self, left: Left) -> None:
        lines = left.lines()
        if lines and not left.is_of_a_command:
            _log.warning(
                "A process that died left %d lines of the audit trail; they go into it now", len(lines)
            )
        if not lines or self._commit(left.writer, lines):
            left.forget()
            self._forget(left.writer)

    def _commit(self, writer: str, lines: list[Numbered]) -> bool:
        """Tries until it works: a full disk must not lose the lines that explain it."""
        suspicious = False
        while True:
            try:
                head = self._append(writer, lines, suspicious=suspicious)
            except sa.exc.SQLAlchemyError as error:
                if isinstance(error, sa.exc.IntegrityError) and not suspicious:
                    suspicious = True
                    continue
                # Not the error itself: it quotes the lines.
                reason = getattr(error, "orig", None) or type(error).__name__
                _log.error("The audit trail cannot be written, %d lines wait: %s", len(lines), reason)
                if self._stopping.wait(_RETRY_SECONDS):
                    return False
            else:
                if head is not None:
                    self._seen(head)
                return True

    def _append(self, writer: str, lines: list[Numbered], *, suspicious: bool) -> Mark | None:
        """Each line once, whoever tries it again: the last one of each writer is known."""
        with self._state.begin() as connection:
            lock(connection)
            known = connection.execute(_KNOWN, {"writer": writer, "last": lines[-1][0]})
            last = known.scalar()
            fresh = [line for number, line in lines if last is None or number > last]
            if not fresh:
                return None
            connection.execute(_FORGET, {"writer": writer})
            connection.execute(_REMEMBER, {"writer": writer, "last": lines[-1][0]})
            return self._chain.append(connection, fresh, suspicious=suspicious)

    def _seen(self, head: Mark) -> None:
        try:
            self._chain.committed(head)
        except OSError as error:
            _log.error("The last line of the audit trail could not be noted: %s", error.strerror)


def _remove(mark: Path) -> None:
    try:
        mark.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("A note of what was begun stays in %s: %s", mark.parent, error.strerror)


_KNOWN = sa.text("SELECT last FROM audit_writers WHERE writer = :writer")
_FORGET = sa.text("DELETE FROM audit_writers WHERE writer = :writer")
_REMEMBER = sa.text("INSERT INTO audit_writers (writer, last) VALUES (:writer, :last)")


def open_trail(
    state: State, folder: Path, key: bytes, *, waiting_lines: int = 10_000, keep_days: int = 0
) -> AuditTrail:
    """``folder`` is this machine's; ``key`` seals the chain, see keys. Raises OSError."""
    sealer = Sealer(key)
    spool = Spool(folder)
    chain = Chain(sealer, Witness(folder / "head", sealer))
    return AuditTrail(state, chain, spool, folder=folder, waiting_lines=waiting_lines, keep_days=keep_days)

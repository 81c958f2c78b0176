"""What the workers of one backend share and tell one another: stop that query, read the state again.

They tell it in datagrams over sockets that were made before they parted, so nobody else can speak
there. A worker that is away does not hold anything up for long.
"""

import asyncio
import contextlib
import itertools
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec

from server.access.limits import Rate
from server.access.shared_calls import AnyRate, SharedCalls
from server.last_words import LastWords

_log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 1.0
_LONGEST = 65_536


class Order(StrEnum):
    """What one worker wants of another."""

    CANCEL = "cancel"
    REFRESH = "refresh"
    FIGURES = "figures"
    ANSWER = "answer"


class Message(msgspec.Struct, frozen=True):
    """``done`` is the answer to ``ticket``; the rest says whose query may be cancelled."""

    sender: int
    ticket: int
    order: Order
    done: bool = False
    query_id: str = ""
    by: str = ""
    anybodys: bool = False


class Shared:
    """What the workers of one backend have in common; made before they part."""

    def __init__(self, workers: int, failures: Rate) -> None:
        self.calls = AnyRate()
        self.addresses = AnyRate()
        self.failures = SharedCalls(failures.calls)
        self.mailboxes = Mailboxes(workers)
        self.figures = LastWords(workers)
        self.started = time.monotonic()


class Place(msgspec.Struct, frozen=True):
    """Which of the workers this is."""

    shared: Shared
    number: int


class Mailboxes:
    """One for each worker; made by their parent."""

    def __init__(self, count: int) -> None:
        self.pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(count)]
        for pair in self.pairs:
            for end in pair:
                end.setblocking(False)


class Siblings:
    """A worker's view of the others. Lives on the event loop. Without mailboxes there are no others."""

    def __init__(self, mailboxes: Mailboxes | None = None, mine: int = 0) -> None:
        pairs = [] if mailboxes is None else mailboxes.pairs
        self._mine = mine
        self._inbox = pairs[mine][0] if pairs else None
        self._outboxes = {number: pair[1] for number, pair in enumerate(pairs) if number != mine}
        self._tickets = itertools.count(1)
        self._waiting: dict[int, tuple[set[int], asyncio.Future[bool]]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._answer: Callable[[Message], Awaitable[bool]] | None = None
        self._decoder = msgspec.msgpack.Decoder(Message)

    @property
    def number(self) -> int:
        """Which of them this is, from 0."""
        return self._mine

    @property
    def count(self) -> int:
        """All workers, this one among them."""
        return len(self._outboxes) + 1

    def listen(self, answer: Callable[[Message], Awaitable[bool]]) -> None:
        """``answer`` does what a message asks for and says whether that was anything."""
        if self._inbox is not None:
            self._answer = answer
            asyncio.get_running_loop().add_reader(self._inbox.fileno(), self._read)

    def close(self) -> None:
        if self._inbox is not None:
            asyncio.get_running_loop().remove_reader(self._inbox.fileno())

    async def cancel(self, query_id: str, *, by: str, anybodys: bool) -> bool:
        """True when one of the others ran the query and has stopped it."""
        message = Message(
            self._mine, next(self._tickets), Order.CANCEL, query_id=query_id, by=by, anybodys=anybodys
        )
        return await self._ask(message)

    async def refresh(self) -> None:
        """When this returns, the others know what was just changed in the state."""
        await self._ask(Message(self._mine, next(self._tickets), Order.REFRESH))

    async def tell_figures(self) -> None:
        """When this returns, the others have told theirs, but for those that do not answer."""
        await self._ask(Message(self._mine, next(self._tickets), Order.FIGURES))

    async def _ask(self, message: Message) -> bool:
        if not self._outboxes:
            return False
        reached = {number for number in self._outboxes if self._send(number, message)}
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[message.ticket] = (reached, done)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await done if reached else False
        except TimeoutError:
            return False
        finally:
            del self._waiting[message.ticket]

    def _send(self, number: int, message: Message) -> bool:
        try:
            self._outboxes[number].send(msgspec.msgpack.encode(message))
        except OSError as error:  # its mailbox is full: it has not looked there for a while
            _log.warning("Worker %d does not take messages: %s", number + 1, error.strerror)
            return False
        return True

    def _read(self) -> None:
        assert self._inbox is not None  # noqa: S101 - only registered when there is one
        with contextlib.suppress(BlockingIOError):
            while True:
                message = self._decoder.decode(self._inbox.recv(_LONGEST))
                if message.order is Order.ANSWER:
                    self._answered(message)
                else:
                    task = asyncio.get_running_loop().create_task(self._do(message))
                    self._answering.add(task)
                    task.add_done_callback(self._answering.discard)

    def _answered(self, message: Message) -> None:
        reached, done = self._waiting.get(message.ticket, (set(), None))
        reached.discard(message.sender)
        if done is not None and not done.done() and (message.done or not reached):
            done.set_result(message.done)

    async def _do(self, message: Message) -> None:
        done = False
        try:
            done = self._answer is not None and await self._answer(message)
        except Exception:  # noqa: BLE001 - a state that is away; the watch tries again in a second
            _log.exception("A message of another worker could not be followed")
        self._send(message.sender, Message(self._mine, message.ticket, Order.ANSWER, done))

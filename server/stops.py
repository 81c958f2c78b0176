"""What ends a query for a reason: because its caller says so, its time is up, or its rights are gone.

Who is stopped when stays in queries.
"""

import asyncio
from collections.abc import Coroutine
from typing import Protocol

from server.connectors.base import Progress, Progressing
from server.leases import Lease
from server.soon import Part
from shared.errors import AppError


class Stop(Protocol):
    """Ends a query for a reason."""

    def __call__(self, reason: AppError) -> None: ...

    def progress(self) -> Progress | None: ...


class LeaseStop:
    """A stop that may come before there is anything to stop."""

    def __init__(self) -> None:
        self._reason: AppError | None = None
        self._lease: Lease | None = None
        self._waiting: Part[Lease] | None = None

    async def unless_stopped(self, leasing: Coroutine[None, None, Lease]) -> Lease:
        """Waits for the lease; a stop ends the waiting."""
        self._waiting = Part(leasing)
        try:
            return await self._waiting
        except asyncio.CancelledError:
            if self._reason is not None:
                raise self._reason from None
            raise
        finally:
            self._waiting = None

    def attach(self, lease: Lease) -> None:
        """Raises the reason when there is one already."""
        self._lease = lease
        if self._reason is not None:
            lease.stop(self._reason)
            raise self._reason

    def progress(self) -> Progress | None:
        connector: object = None if self._lease is None else self._lease.connector
        return connector.progress() if isinstance(connector, Progressing) else None

    def release(self) -> None:
        if self._lease is not None:
            self._lease.release()

    def __call__(self, reason: AppError) -> None:
        self._reason = self._reason or reason
        if self._lease is not None:
            self._lease.stop(self._reason)
        elif self._waiting is not None:
            self._waiting.cancel()

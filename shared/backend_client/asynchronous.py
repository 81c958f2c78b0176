"""The client for programs on asyncio: the same calls, each on a thread. Cancelling a task cancels its query.

Nothing is written twice: every method here is one of BackendClient's, with its arguments and its answer.
"""

import asyncio
import contextlib
import functools
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar
from uuid import uuid4

from shared.backend_client.client import BackendClient
from shared.backend_client.jobs import Job
from shared.backend_client.metrics import MetricsSnapshot
from shared.backend_client.progress import Watch
from shared.backend_client.stopping import stop
from shared.wire import JobInfo

P = ParamSpec("P")
T = TypeVar("T")
_AGAIN_SECONDS = 0.1


def _calls(
    method: Callable[Concatenate[BackendClient, P], T],
) -> "Callable[Concatenate[AsyncBackendClient, P], Coroutine[Any, Any, T]]":
    @functools.wraps(method)
    async def call(self: "AsyncBackendClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.run(functools.partial(method, self.client, *args, **kwargs))

    return call


def _asks(
    method: Callable[Concatenate[BackendClient, P], T],
) -> "Callable[Concatenate[AsyncBackendClient, P], Coroutine[Any, Any, T]]":
    """For those that run a query under a ``query_id``."""

    @functools.wraps(method)
    async def call(self: "AsyncBackendClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        query_id = kwargs["query_id"] = kwargs.get("query_id") or str(uuid4())
        work = functools.partial(method, self.client, *args, **kwargs)
        return await self.run(work, query_id=str(query_id))

    return call


def _iterates(
    method: Callable[Concatenate[BackendClient, P], Iterator[T]],
) -> "Callable[Concatenate[AsyncBackendClient, P], AsyncIterator[T]]":
    @functools.wraps(method)
    async def walk(self: "AsyncBackendClient", /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        query_id = kwargs["query_id"] = str(kwargs.get("query_id") or uuid4())
        items = method(self.client, *args, **kwargs)
        done = object()
        try:
            while (item := await self.run(lambda: next(items, done), query_id=query_id)) is not done:
                yield item  # type: ignore[misc]
        finally:
            # A generator that is at work on its thread cannot be closed; the cancelled query ends it.
            close = getattr(items, "close", None)
            if close is not None:
                await asyncio.shield(self.run(functools.partial(_closed, close)))

    return walk


class AsyncBackendClient:
    """One backend, one key, as :class:`BackendClient` has it, with its arguments. Use ``async with``, or
    ``close``. ``threads`` is how many calls may be on their way at a time."""

    def __init__(self, *args: Any, threads: int = 32, **kwargs: Any) -> None:
        self.client = BackendClient(*args, **kwargs)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="backend-client")

    execute_query = _asks(BackendClient.execute_query)
    query_batches = _iterates(BackendClient.query_batches)
    audit_entries = _iterates(BackendClient.audit_entries)
    audit_entry = _calls(BackendClient.audit_entry)
    verify_audit = _calls(BackendClient.verify_audit)
    stream_query = _asks(BackendClient.stream_query)
    stream_arrow = _asks(BackendClient.stream_arrow)
    download_query = _asks(BackendClient.download_query)
    get_from_cache = _calls(BackendClient.get_from_cache)
    cancel_query = _calls(BackendClient.cancel_query)
    get_schema = _calls(BackendClient.get_schema)
    schema = _calls(BackendClient.schema)
    list_connections = _calls(BackendClient.list_connections)
    analyze_data = _asks(BackendClient.analyze_data)
    recommend = _asks(BackendClient.recommend)
    health = _calls(BackendClient.health)
    health_check = _calls(BackendClient.health_check)
    retry_request = _calls(BackendClient.retry_request)
    create_connection = _calls(BackendClient.create_connection)
    update_connection = _calls(BackendClient.update_connection)
    delete_connection = _calls(BackendClient.delete_connection)
    test_connection = _calls(BackendClient.test_connection)
    list_users = _calls(BackendClient.list_users)
    get_user = _calls(BackendClient.get_user)
    create_user = _calls(BackendClient.create_user)
    update_user = _calls(BackendClient.update_user)
    delete_user = _calls(BackendClient.delete_user)
    user_permissions = _calls(BackendClient.user_permissions)
    list_roles = _calls(BackendClient.list_roles)
    get_role = _calls(BackendClient.get_role)
    create_role = _calls(BackendClient.create_role)
    update_role = _calls(BackendClient.update_role)
    delete_role = _calls(BackendClient.delete_role)
    generate_key = _calls(BackendClient.generate_key)
    forget_what_is_hidden_now = _calls(BackendClient.forget_what_is_hidden_now)
    create_connect_code = _calls(BackendClient.create_connect_code)
    redeem_connect_code = _calls(BackendClient.redeem_connect_code)
    list_keys = _calls(BackendClient.list_keys)
    get_key = _calls(BackendClient.get_key)
    update_key = _calls(BackendClient.update_key)
    rotate_key = _calls(BackendClient.rotate_key)
    revoke_key = _calls(BackendClient.revoke_key)
    key_permissions = _calls(BackendClient.key_permissions)
    submit_job = _calls(BackendClient.submit_job)
    get_job = _calls(BackendClient.get_job)
    list_jobs = _calls(BackendClient.list_jobs)

    async def wait_for_job(
        self,
        job: Job,
        timeout: float | None = None,  # noqa: ASYNC109 - as job.wait has it
        progress: Watch | None = None,
    ) -> JobInfo:
        """As ``job.wait``. Cancelling the task leaves the job alone."""
        gone = threading.Event()

        def watch(seen: Any) -> None:
            if gone.is_set():
                raise _Left
            if progress is not None:
                progress(seen)

        try:
            return await self.run(lambda: job.wait(timeout, watch))
        except asyncio.CancelledError:
            gone.set()
            raise

    async def download_job(self, job: Job, path: Path | str, progress: Watch | None = None) -> Path:
        """As ``job.download``."""
        await self.wait_for_job(job)
        return await self.run(lambda: job.download(path, progress))

    async def delete_job(self, job: Job) -> None:
        await self.run(job.delete)

    @property
    def metrics(self) -> MetricsSnapshot:
        return self.client.metrics

    @property
    def offline(self) -> bool:
        """As of the client: while it is set, only its health is asked for."""
        return self.client.offline

    @offline.setter
    def offline(self, offline: bool) -> None:
        self.client.offline = offline

    async def run(self, work: Callable[[], T], *, query_id: str = "") -> T:
        """``work`` on a thread; when the task is cancelled, so is the query of that id."""
        future = self._threads.submit(work)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if query_id:
                threading.Thread(target=self._stop, args=(future, query_id), daemon=True).start()
            raise

    def _stop(self, future: "Future[Any]", query_id: str) -> None:
        ended = threading.Event()
        future.add_done_callback(lambda _: ended.set())
        with contextlib.suppress(Exception):  # nobody waits for this any more
            stop(self.client, query_id, ended)

    async def close(self) -> None:
        self.client.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _Left(Exception):
    """Nobody waits any more."""


def _closed(close: Callable[[], None]) -> None:
    while True:
        try:
            return close()
        except ValueError:  # it is at work
            threading.Event().wait(_AGAIN_SECONDS)

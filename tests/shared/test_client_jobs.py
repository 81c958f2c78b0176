"""Jobs through the client, and the client on asyncio, with the real backend."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from shared.backend_client import (
    ArrowStream,
    AsyncBackendClient,
    BackendClient,
    BackendTimeoutError,
    NotFound,
    Progress,
    QueryCancelled,
    QueryFailed,
)
from shared.errors import InvalidRequest
from tests.peers.fault_proxy import Fault, FaultProxy
from tests.peers.typed import typed_kind
from tests.server.running import RunningBackend, start, wait_until


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    running = start(tmp_path_factory.mktemp("client_jobs"), [typed_kind()])
    running.ask("POST", "/api/connections", {"name": "typed", "type": "typed", "params": {}})
    yield running
    running.stop()


@pytest.fixture
def client(backend: RunningBackend) -> Iterator[BackendClient]:
    with BackendClient(backend.url, backend.admin, timeout=20, retry_attempts=0) as client:
        yield client


def idle(backend: RunningBackend) -> None:
    wait_until(lambda: len(backend.serving.backend.queries) == 0)


def test_a_job_is_submitted_waited_for_and_read(client: BackendClient) -> None:
    job = client.submit_job("typed", "SELECT * FROM long", max_rows=20_000)
    seen: list[Progress] = []
    info = job.wait(timeout=30, progress=seen.append)
    assert (info.state, info.rows, seen[-1].percent) == ("done", 20_000, 100.0)
    with job.result() as result:
        assert not isinstance(result, ArrowStream)
        assert sum(map(len, result.rows())) == 20_000
    assert job.id in [known.id for known in client.list_jobs()]
    assert client.get_job(job.id).info == info
    job.delete()
    with pytest.raises(NotFound):
        job.refresh()


def test_a_job_in_arrow_becomes_a_table(client: BackendClient) -> None:
    job = client.submit_job("typed", "SELECT * FROM lines", format="arrow")
    job.wait(timeout=30)
    assert job.result().to_arrow().num_rows == 3


def test_a_job_is_saved_as_a_file_once_it_is_whole(client: BackendClient, tmp_path: Path) -> None:
    job = client.submit_job("typed", "SELECT * FROM long", format="csv", max_rows=20_000)
    seen: list[Progress] = []
    path = job.download(tmp_path / "sales.csv", seen.append)
    assert path.read_bytes().count(b"\n") == 20_001
    assert seen[-1].bytes == job.info.bytes
    with pytest.raises(InvalidRequest, match="download"):
        job.result()


def test_a_download_goes_on_where_the_line_broke(backend: RunningBackend, tmp_path: Path) -> None:
    with (
        FaultProxy(backend.port, Fault(cut_after_bytes=300_000)) as proxy,
        BackendClient(proxy.url, backend.admin, timeout=20, retry_attempts=0) as client,
    ):
        job = client.submit_job("typed", "SELECT * FROM long", format="csv", max_rows=50_000)
        path = job.download(tmp_path / "sales.csv")
    assert path.stat().st_size == job.info.bytes > 600_000
    assert path.read_bytes().splitlines()[-1] == b'49999,"row, 49999"'
    assert proxy.connections >= 3


def test_a_job_that_fails_raises_what_the_query_failed_with(client: BackendClient) -> None:
    job = client.submit_job("typed", "SELECT * FROM failing")
    with pytest.raises(QueryFailed, match="Division by zero"):
        job.wait(timeout=30)
    with pytest.raises(QueryFailed, match="Division by zero"):
        job.result()


def test_a_job_is_cancelled_while_somebody_waits(client: BackendClient, backend: RunningBackend) -> None:
    job = client.submit_job("typed", "SELECT * FROM endless")
    with pytest.raises(BackendTimeoutError, match="still"):
        job.wait(timeout=0.3)
    threading.Timer(0.2, client.get_job(job.id).cancel).start()
    with pytest.raises(QueryCancelled):
        job.wait(timeout=30)
    idle(backend)


def test_everything_can_be_awaited(backend: RunningBackend, tmp_path: Path) -> None:
    async def story() -> None:
        async with AsyncBackendClient(backend.url, backend.admin, timeout=20, retry_attempts=0) as client:
            sql = "SELECT * FROM long"
            answers = await asyncio.gather(
                *(client.execute_query("typed", sql, max_rows=count) for count in range(1, 9))
            )
            assert [answer.row_count for answer in answers] == list(range(1, 9))
            assert await client.health_check()
            count = 0
            async for rows in client.query_batches("typed", sql, max_rows=30_000):
                count += len(rows)
            assert count == 30_000
            table: pa.Table = (await client.stream_arrow("typed", sql, max_rows=10)).to_arrow()
            assert table.num_rows == 10
            job = await client.submit_job("typed", sql, format="parquet", max_rows=10)
            assert (await client.download_job(job, tmp_path / "a.parquet")).stat().st_size > 100
            await client.delete_job(job)
            with pytest.raises(QueryFailed):
                await client.execute_query("typed", "SELECT * FROM failing", max_rows=1_000_000)

    asyncio.run(story())


def test_cancelling_a_task_cancels_its_query(backend: RunningBackend) -> None:
    async def story() -> None:
        async with AsyncBackendClient(backend.url, backend.admin, timeout=20, retry_attempts=0) as client:
            sql = "SELECT * FROM endless"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await client.execute_query("typed", sql, max_rows=10_000_000)
            await asyncio.to_thread(idle, backend)

            async def read() -> None:
                async for _ in client.query_batches("typed", sql, max_rows=10_000_000):
                    pass

            task = asyncio.create_task(read())
            await asyncio.to_thread(wait_until, lambda: len(backend.serving.backend.queries) > 0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(idle, backend)

    asyncio.run(story())


def test_leaving_an_async_loop_stops_the_query(backend: RunningBackend) -> None:
    async def story() -> None:
        async with AsyncBackendClient(backend.url, backend.admin, timeout=20, retry_attempts=0) as client:
            batches = client.query_batches("typed", "SELECT * FROM endless", max_rows=10_000_000)
            async for rows in batches:
                assert rows
                break
            await batches.aclose()  # type: ignore[attr-defined]
            await asyncio.to_thread(idle, backend)

    asyncio.run(story())


def test_the_client_for_asyncio_has_every_method() -> None:
    def public(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(BackendClient) <= public(AsyncBackendClient)

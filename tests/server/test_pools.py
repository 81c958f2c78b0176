"""Connections lent fairly and taken back safely, whatever their source does."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.connectors.base import Connector, Limits
from server.guard import check
from server.leases import Lease
from server.pools import Pool, PoolSettings
from shared.errors import QueryCancelled, SourceBusy, SourceUnavailable
from tests.peers.source import Counts, NumberConnector

SETTINGS = PoolSettings(max_connections=2, connection_timeout=0.3, grace=0.2)


def _pool(counts: Counts, settings: PoolSettings = SETTINGS) -> Pool:
    return Pool("numbers", lambda: NumberConnector(counts, {}), settings)


def _asks(connector: Connector, table: str) -> Callable[[], object]:
    assert isinstance(connector, NumberConnector)
    sql = check(f"SELECT n FROM {table}", "duckdb")
    return lambda: list(connector.query(sql, {}, Limits(10, 60)).batches())


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


def _run(story: Coroutine[None, None, None]) -> None:
    # in a thread of its own: a test of the page may have left its browser's loop running in this one
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, story).result()


def test_a_connection_is_used_again_by_the_next() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts)
        for _ in range(5):
            lease = await pool.lease()
            await lease.run(lease.connector.ping)
            lease.release()
            await _until(lambda: pool.idle == 1)
        assert counts.opened == 1

    _run(story())


def test_when_all_are_taken_the_next_waits_its_turn_and_then_is_told() -> None:
    async def story() -> None:
        pool = _pool(Counts())
        taken = [await pool.lease(), await pool.lease()]
        with pytest.raises(SourceBusy) as busy:
            await pool.lease()
        assert busy.value.retry_after
        order: list[int] = []

        async def wait(number: int) -> Lease:
            lease = await pool.lease()
            order.append(number)
            return lease

        waiting = [asyncio.create_task(wait(number)) for number in range(2)]
        await asyncio.sleep(0.01)
        for lease in taken:
            lease.release()
        await asyncio.gather(*waiting)
        assert order == [0, 1]

    _run(story())


def test_one_who_gives_up_waiting_leaves_no_gap() -> None:
    async def story() -> None:
        pool = _pool(Counts(), PoolSettings(max_connections=1, connection_timeout=5, grace=0.2))
        first = await pool.lease()
        leaving = asyncio.create_task(pool.lease())
        staying = asyncio.create_task(pool.lease())
        await asyncio.sleep(0.01)
        leaving.cancel()
        await asyncio.sleep(0.01)
        first.release()
        (await staying).release()

    _run(story())


def test_a_cancelled_caller_stops_the_source_and_frees_the_place() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts)
        lease = await pool.lease()
        asking = asyncio.create_task(lease.run(_asks(lease.connector, "sleeping")))
        await _until(lambda: counts.running == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        lease.release()
        await _until(lambda: counts.reset == 1)
        assert (counts.cancelled, counts.running) == (1, 0)

    _run(story())


def test_a_source_that_does_not_even_stop_costs_its_connection_and_nobody_waits() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts, PoolSettings(max_connections=1, connection_timeout=2, grace=0.1))
        lease = await pool.lease()
        asking = asyncio.create_task(lease.run(_asks(lease.connector, "deaf")))
        await _until(lambda: counts.running == 1)
        lease.stop(QueryCancelled("Enough."))
        with pytest.raises(QueryCancelled):
            await asking
        lease.release()
        other = await pool.lease()
        assert counts.opened == 2
        other.release()
        await _until(lambda: counts.closed == 1)

    _run(story())


def test_what_has_a_deadline_of_its_own_is_given_up_then() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts)
        lease = await pool.lease()
        with pytest.raises(SourceUnavailable, match="did not answer"):
            await lease.run_within(0.05, _asks(lease.connector, "sleeping"))
        lease.release()
        await _until(lambda: counts.reset == 1)

    _run(story())


def test_a_dead_connection_is_not_lent_again() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts)
        lease = await pool.lease()
        with pytest.raises(SourceUnavailable):
            await lease.run(_asks(lease.connector, "dead"))
        lease.release()
        await _until(lambda: counts.closed == 1)
        (await pool.lease()).release()
        assert counts.opened == 2

    _run(story())


def test_a_connection_that_was_idle_for_long_is_tried_first() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts, PoolSettings(max_connections=1, connection_timeout=2, check_after_idle=0))
        lease = await pool.lease()
        connector = lease.connector
        assert isinstance(connector, NumberConnector)
        lease.release()
        await _until(lambda: counts.reset == 1)
        connector.die()
        (await pool.lease()).release()
        assert counts.opened == 2

    _run(story())


def test_one_who_leaves_while_connecting_leaves_no_connection_open() -> None:
    async def story() -> None:
        counts = Counts()
        gate = asyncio.Event()
        loop = asyncio.get_running_loop()

        def slowly() -> NumberConnector:
            asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(5)
            return NumberConnector(counts, {})

        pool = Pool("numbers", slowly, SETTINGS)
        coming = asyncio.create_task(pool.lease())
        await asyncio.sleep(0.02)
        coming.cancel()
        with pytest.raises(asyncio.CancelledError):
            await coming
        gate.set()
        await _until(lambda: counts.opened == 1 and counts.closed == 1)

    _run(story())


def test_a_closed_pool_lends_nothing_and_closes_what_comes_back() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts)
        lease = await pool.lease()
        pool.close()
        with pytest.raises(SourceUnavailable):
            await pool.lease()
        lease.release()
        await _until(lambda: counts.closed == 1)

    _run(story())

"""Connections lent fairly and taken back safely, whatever their source does."""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable

import pytest

from server.connectors.base import Connector, Limits
from server.leases import Lease
from server.pool_settings import PoolSettings
from server.pools import Pool
from server.stops import LeaseStop
from shared.errors import AppError, QueryCancelled, SourceBusy, SourceUnavailable
from shared.guard import check
from tests.peers.source import Counts, NumberConnector
from tests.server.stories import run, until

SETTINGS = PoolSettings(max_connections=2, connection_timeout=0.3, grace=0.2)


def _pool(counts: Counts, settings: PoolSettings = SETTINGS) -> Pool:
    return Pool("numbers", lambda: NumberConnector(counts, {}), settings)


def _asks(connector: Connector, table: str) -> Callable[[], object]:
    assert isinstance(connector, NumberConnector)
    sql = check(f"SELECT n FROM {table}", "duckdb")
    return lambda: list(connector.query(sql, {}, Limits(10, 60)).batches())


def test_a_connection_is_used_again_by_the_next() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts)
        for _ in range(5):
            lease = await pool.lease()
            await lease.run(lease.connector.ping)
            lease.release()
            await until(lambda: pool.idle == 1)
        assert counts.opened == 1

    run(story)


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

    run(story)


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

    run(story)


def test_a_cancelled_caller_stops_the_source_and_frees_the_place() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts)
        lease = await pool.lease()
        asking = asyncio.create_task(lease.run(_asks(lease.connector, "sleeping")))
        await until(lambda: counts.running == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        lease.release()
        await until(lambda: counts.reset == 1)
        assert (counts.cancelled, counts.running) == (1, 0)

    run(story)


def test_a_source_that_does_not_even_stop_costs_its_connection_and_nobody_waits() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts, PoolSettings(max_connections=1, connection_timeout=2, grace=0.1))
        lease = await pool.lease()
        asking = asyncio.create_task(lease.run(_asks(lease.connector, "deaf")))
        await until(lambda: counts.running == 1)
        lease.stop(QueryCancelled("Enough."))
        with pytest.raises(QueryCancelled):
            await asking
        lease.release()
        other = await pool.lease()
        assert counts.opened == 2
        other.release()
        await until(lambda: counts.closed == 1)

    run(story)


def test_what_has_a_deadline_of_its_own_is_given_up_then() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts)
        lease = await pool.lease()
        with pytest.raises(SourceUnavailable, match="did not answer"):
            await lease.run_within(0.05, _asks(lease.connector, "sleeping"))
        lease.release()
        await until(lambda: counts.reset == 1)

    run(story)


def test_a_dead_connection_is_not_lent_again() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts)
        lease = await pool.lease()
        with pytest.raises(SourceUnavailable):
            await lease.run(_asks(lease.connector, "dead"))
        lease.release()
        await until(lambda: counts.closed == 1)
        (await pool.lease()).release()
        assert counts.opened == 2

    run(story)


def test_a_connection_that_was_idle_for_long_is_tried_first() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts, PoolSettings(max_connections=1, connection_timeout=2, check_after_idle=0))
        lease = await pool.lease()
        connector = lease.connector
        assert isinstance(connector, NumberConnector)
        lease.release()
        await until(lambda: counts.reset == 1)
        connector.die()
        (await pool.lease()).release()
        assert counts.opened == 2

    run(story)


def test_one_who_leaves_while_connecting_leaves_the_connection_to_the_next() -> None:
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
        await until(lambda: pool.idle == 1)
        (await pool.lease()).release()
        assert (counts.opened, counts.closed) == (1, 0)

    run(story)


@pytest.mark.parametrize("stopped", [True, False])
def test_one_who_leaves_in_the_moment_when_the_connection_comes_gives_it_back(*, stopped: bool) -> None:
    async def story() -> None:
        pool = _pool(Counts(), PoolSettings(max_connections=1, connection_timeout=5))
        lease, stop = await pool.lease(), LeaseStop()
        waiting = asyncio.create_task(stop.unless_stopped(pool.lease()))
        await until(lambda: pool.figures().waiting == 1)
        lease.is_clean = True
        lease.release()  # it is its turn now, and it does not know yet
        assert pool.figures().waiting == 0
        if stopped:
            stop(QueryCancelled("Enough."))
            with pytest.raises(QueryCancelled):
                stop.attach(await waiting)
        else:
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        await until(lambda: pool.idle == 1)
        (await pool.lease()).release()

    run(story)


def test_what_was_stopped_before_it_has_a_connection_asks_nothing_on_it() -> None:
    async def story() -> None:
        pool = _pool(Counts())
        stop = LeaseStop()
        stop(QueryCancelled("Enough."))
        with pytest.raises(QueryCancelled):
            stop.attach(await pool.lease())
        await until(lambda: pool.idle == 1)

    run(story)


def test_a_closed_pool_lends_nothing_and_closes_what_comes_back() -> None:
    async def story() -> None:
        counts = Counts()
        pool = _pool(counts)
        lease = await pool.lease()
        pool.close()
        with pytest.raises(SourceUnavailable):
            await pool.lease()
        lease.release()
        await until(lambda: counts.closed == 1)

    run(story)


class _Away:
    """A source that can be away, and counts who asks for it."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self.away = True
        self.asked = 0

    def open(self) -> NumberConnector:
        self.asked += 1
        if self.away:
            raise SourceUnavailable("There is no route.")
        return NumberConnector(self.counts, {})


def test_a_source_that_is_away_is_left_alone_and_used_again_when_it_is_back() -> None:
    async def story() -> None:
        source = _Away(Counts())
        pool = Pool("numbers", source.open, SETTINGS)
        for _ in range(10):
            with pytest.raises(SourceUnavailable) as away:
                await pool.lease()
        assert (source.asked, pool.figures().breaker) == (3, "open")
        assert away.value.retry_after in (1, 2)
        assert away.value.details == "There is no route."
        source.away = False
        await until(lambda: pool.figures().breaker == "half_open")
        (await pool.lease()).release()
        assert (source.asked, pool.figures().breaker) == (4, "closed")

    run(story)


def test_a_person_who_tests_a_source_that_is_away_need_not_wait() -> None:
    async def story() -> None:
        source = _Away(Counts())
        pool = Pool("numbers", source.open, SETTINGS)
        for _ in range(4):
            with pytest.raises(SourceUnavailable):
                await pool.lease()
        source.away = False
        (await pool.lease(early=True)).release()
        assert pool.figures().breaker == "closed"

    run(story)


def test_one_callers_many_questions_leave_room_for_anothers() -> None:
    async def story() -> None:
        pool = _pool(Counts(), PoolSettings(max_connections=4, connection_timeout=5))
        taken = [await pool.lease("busy") for _ in range(3)]
        waiting = [asyncio.create_task(pool.lease("busy")) for _ in range(50)]
        await until(lambda: pool.figures().waiting == 50)
        (await asyncio.wait_for(pool.lease("other"), 5)).release()
        for task in waiting:
            task.cancel()
        for lease in taken:
            lease.release()
        await until(lambda: pool.figures().in_use == 0)
        assert pool.figures().waiting == 0

    run(story)


def test_a_line_that_is_full_is_told_when_to_come_back() -> None:
    async def story() -> None:
        pool = _pool(Counts(), PoolSettings(max_connections=1, connection_timeout=5, max_waiting=2))
        lease = await pool.lease()
        waiting = [asyncio.create_task(pool.lease()) for _ in range(2)]
        await until(lambda: pool.figures().waiting == 2)
        with pytest.raises(SourceBusy) as busy:
            await pool.lease()
        assert busy.value.retry_after
        lease.release()
        for task in waiting:
            (await task).release()

    run(story)


def test_idle_and_aged_connections_are_closed() -> None:
    async def story() -> None:
        counts = Counts()
        settings = PoolSettings(max_connections=3, connection_timeout=5, idle_timeout=0.05, max_age=0.3)
        pool = _pool(counts, settings)
        leases = [await pool.lease() for _ in range(3)]
        for lease in leases[:2]:
            lease.release()
        await until(lambda: pool.idle == 2)
        await asyncio.sleep(0.06)
        pool.reap()
        await until(lambda: counts.closed == 2)
        await asyncio.sleep(0.3)
        leases[2].release()
        await until(lambda: counts.closed == 3)
        assert (pool.idle, pool.figures().ending) == (0, 0)

    run(story)


def test_callers_in_line_are_told_when_the_backend_stops_and_running_work_may_end() -> None:
    async def story() -> None:
        pool = _pool(Counts(), PoolSettings(max_connections=1, connection_timeout=5))
        lease = await pool.lease()
        waiting = asyncio.create_task(pool.lease())
        await until(lambda: pool.figures().waiting == 1)
        pool.close("The backend is being stopped.")
        with pytest.raises(SourceUnavailable, match="being stopped"):
            await waiting
        with pytest.raises(SourceUnavailable, match="being stopped"):
            await pool.lease()
        await lease.run(lease.connector.ping)
        lease.release()
        await until(lambda: pool.figures().open == 0)

    run(story)


@pytest.mark.parametrize("seed", range(6))
def test_at_random_no_place_no_thread_and_no_connection_is_lost(seed: int) -> None:
    """Real threads, callers that leave at any moment, a source that fails, dies, and is deaf."""

    async def story() -> None:
        dice = random.Random(seed)
        counts = Counts()
        threads = threading.active_count()

        def open_sometimes() -> NumberConnector:
            time.sleep(dice.random() * 0.01)
            if dice.random() < 0.1:
                raise SourceUnavailable("Not now.")
            return NumberConnector(counts, {})

        settings = PoolSettings(
            max_connections=4,
            connection_timeout=0.2,
            max_waiting=12,
            idle_timeout=0.02,
            max_age=0.2,
            check_after_idle=0.005,
            grace=0.05,
        )
        pool = Pool("numbers", open_sometimes, settings)

        async def ask(caller: str) -> None:
            lease = pool.find_idle(caller) or await pool.lease(caller, early=dice.random() < 0.2)
            try:
                table = dice.choice(["numbers"] * 6 + ["sleeping", "dead", "bug", "deaf"])
                await lease.run_within(0.03, _asks(lease.connector, table))
            finally:
                lease.release()

        async def leave_at_some_time(caller: str) -> None:
            with contextlib.suppress(TimeoutError, AppError, ZeroDivisionError):
                await asyncio.wait_for(ask(caller), dice.random() * 0.1)

        for _ in range(12):
            await asyncio.gather(*(leave_at_some_time(dice.choice("abc")) for _ in range(25)))
            figures = pool.figures()
            assert figures.open + figures.opening <= 4
            pool.reap()
        await until(lambda: pool.figures().in_use + pool.figures().opening == 0)
        pool.close()
        await until(lambda: pool.figures().ending == 0)
        assert (pool.figures().open, pool.figures().waiting) == (0, 0)
        assert counts.opened == counts.closed
        await until(lambda: threading.active_count() <= threads + 1)

    run(story)

"""How often is too often: exact, alone and over several processes."""

import os
import statistics
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.allowlist import counted_as
from server.access.limits import CallsHere, Limiter, Rate
from shared.errors import RateLimited

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="one process serves there")

if sys.platform != "win32":
    from server.access.shared_calls import AnyRate, SharedCalls


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(
    calls=st.integers(1, 6),
    steps=st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 0.7)), max_size=60),
)
def test_shared_and_own_counts_are_the_same_to_the_call(calls: int, steps: list[tuple[str, float]]) -> None:
    clock = Clock()
    rate = Rate(calls, 1)
    own, shared = CallsHere(clock), SharedCalls(calls, callers=64, clock=clock)
    for caller, pause in steps:
        clock.now += pause
        assert shared.count(caller, rate) == own.count(caller, rate)


def test_processes_that_count_at_once_let_through_exactly_as_many_as_the_rate() -> None:
    limiter = Limiter(Rate(500, 3600), SharedCalls(500))
    reader, writer = os.pipe()
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            let_through = 0
            for _ in range(300):
                try:
                    limiter.count("key", {})
                    let_through += 1
                except RateLimited:
                    pass
            os.write(writer, let_through.to_bytes(2, "big"))
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    found = os.read(reader, 100)
    os.close(reader)
    os.close(writer)
    assert sum(int.from_bytes(found[at : at + 2], "big") for at in range(0, 8, 2)) == 500


def test_a_process_that_dies_while_it_counts_does_not_hold_up_the_others() -> None:
    class Deadly:
        """A clock that is read while the bucket is locked."""

        armed = False

        def __call__(self) -> float:
            if self.armed:
                os._exit(1)
            return time.monotonic()

    clock = Deadly()
    calls = SharedCalls(10, clock=clock)
    child = os.fork()
    if child == 0:
        clock.armed = True
        calls.count("key", Rate(10, 60))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert calls.count("key", Rate(10, 60)).calls == 1


def test_when_there_is_no_place_left_the_longest_silent_caller_is_forgotten() -> None:
    clock = Clock()
    calls = SharedCalls(1, callers=32, clock=clock)  # one bucket
    rate = Rate(1, 3600)
    for number in range(33):
        clock.now += 1
        assert calls.count(f"caller {number}", rate).let_through
    assert not calls.count("caller 32", rate).let_through
    assert not calls.count("caller 1", rate).let_through
    assert calls.count("caller 0", rate).let_through


def test_a_higher_rate_than_there_is_room_for_counts_as_the_room() -> None:
    calls = SharedCalls(3)
    found = [calls.count("key", Rate(1000, 60)).let_through for _ in range(5)]
    assert found == [True, True, True, False, False]


def test_a_rate_of_any_size_is_counted_and_may_change_while_it_is() -> None:
    limiter = Limiter(Rate(2, 3600), AnyRate())

    def let_through(tries: int, own: Rate | None = None) -> int:
        done = 0
        for _ in range(tries):
            headers: dict[str, str] = {}
            try:
                limiter.count("key", headers, own)
                done += 1
            except RateLimited:
                assert headers["ratelimit"].startswith('"key";r=0;t=')
        return done

    assert let_through(5) == 2
    limiter.rate = Rate(5, 3600)
    assert let_through(5) == 3
    limiter.rate = Rate(3, 3600)
    assert let_through(5) == 0
    assert let_through(900, Rate(900, 3600)) == 895  # a rate of its own goes before the one of all
    assert let_through(20_100, Rate(20_000, 3600)) == 20_000


def test_two_limits_are_told_beside_each_other_and_the_older_names_tell_the_last() -> None:
    headers: dict[str, str] = {}
    Limiter(Rate(100, 60), name="address").count("10.0.0.1", headers)
    Limiter(Rate(7, 3600)).count("key", headers)
    assert headers == {
        "ratelimit-policy": '"address";q=100;w=60, "key";q=7;w=3600',
        "ratelimit": '"address";r=99;t=60, "key";r=6;t=3600',
        "ratelimit-limit": "7",
        "ratelimit-remaining": "6",
        "ratelimit-reset": "3600",
    }


def test_whoever_has_an_address_of_ipv6_cannot_count_anew_with_the_one_beside_it() -> None:
    assert counted_as("2001:db8:1:2:3:4:5:6") == counted_as("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert counted_as("2001:db8:1:3::9") != counted_as("2001:db8:1:2::9")
    assert counted_as("::ffff:10.0.0.1") == counted_as("10.0.0.1") == "10.0.0.1"
    assert counted_as("nonsense") == "nonsense"


def test_a_count_costs_microseconds() -> None:
    limiter = Limiter(Rate(100_000, 3600), SharedCalls(100_000))
    rounds = []
    for _ in range(20):
        started = time.process_time()
        for _ in range(500):
            limiter.count("key", {})
        rounds.append((time.process_time() - started) / 500)
    assert statistics.median(rounds) < 100e-6

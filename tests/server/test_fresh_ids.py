"""Ids that every call gets: they differ, also from one worker to the next, and those of requests stand in the
order of their time."""

import os
import sys
from uuid import UUID

import pytest

from server import fresh_ids
from server.api import recording

MANY = 5_000


def test_ids_of_queries_are_uuids_of_version_4_and_differ() -> None:
    ids = [fresh_ids.query_id() for _ in range(MANY)]
    assert len(set(ids)) == MANY
    assert {(UUID(one).version, str(UUID(one)) == one) for one in ids} == {(4, True)}


def test_ids_of_requests_differ_and_stand_in_the_order_of_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = [fresh_ids.request_id() for _ in range(MANY)]
    assert len(set(ids)) == MANY
    moment = 1_700_000_000_000_000_000
    later: list[str] = []
    for milliseconds in (0, 1, 999, 60_000, 10**11):
        monkeypatch.setattr("time.time_ns", lambda at=moment + milliseconds * 1_000_000: at)
        later.append(fresh_ids.request_id())
    assert later == sorted(later)
    assert {len(one) for one in [*ids, *later]} == {24}


def test_our_own_id_of_a_request_is_one_that_a_caller_may_send_on() -> None:
    own = recording.request_id(None)
    assert recording.request_id(own) == own


@pytest.mark.skipif(sys.platform == "win32", reason="workers are forked, which this system cannot")
def test_a_forked_worker_draws_ids_of_its_own() -> None:
    fresh_ids.query_id()  # from here on some lie ready
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.write(writes, fresh_ids.query_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reads, 100).decode()
    os.close(reads)
    os.close(writes)
    assert str(UUID(theirs)) not in {fresh_ids.query_id() for _ in range(300)}

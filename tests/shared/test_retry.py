"""When a request is tried again, and how long the pause is."""

from datetime import UTC, datetime

import pytest

from shared.backend_client.retry import (
    FIRST_WAIT_SECONDS,
    LONGEST_WAIT_SECONDS,
    Failure,
    RetryPolicy,
    parse_retry_after,
)

NOW = datetime(2026, 3, 31, 12, 0, 0, tzinfo=UTC)
POLICY = RetryPolicy(retries=8, within_seconds=60)


def failure(*, sent: bool = True, transient: bool = True, wait: float | None = None) -> Failure:
    return Failure(ValueError("x"), sent=sent, transient=transient, wait_seconds=wait)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("Tue, 31 Mar 2026 12:00:30 GMT", 30),
        ("Tue, 31 Mar 2026 17:30:30 +0530", 30),
        ("Tue, 31 Mar 2026 11:00:00 GMT", 0),
        ("999999999999999999999", 999999999),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("Tue, 99 Foo 2026", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: int | None) -> None:
    assert parse_retry_after(text, now=NOW) == seconds


def test_pauses_grow_vary_and_have_a_ceiling() -> None:
    for retry in range(1, 9):
        ceiling = min(FIRST_WAIT_SECONDS * 2 ** (retry - 1), LONGEST_WAIT_SECONDS)
        waits = {POLICY.wait_before(retry, failure(), repeatable=True, elapsed_seconds=0) for _ in range(20)}
        assert len(waits) > 1
        assert all(wait is not None and ceiling / 2 <= wait <= ceiling for wait in waits)


@pytest.mark.parametrize(
    ("failed", "repeatable", "retry", "elapsed"),
    [
        (failure(transient=False), True, 1, 0),
        (failure(sent=True), False, 1, 0),
        (failure(), True, 9, 0),
        (failure(), True, 1, 60),
        (failure(wait=11), True, 1, 0),
        (failure(wait=5), True, 1, 56),
    ],
)
def test_there_is_no_further_try(failed: Failure, repeatable: bool, retry: int, elapsed: float) -> None:
    assert POLICY.wait_before(retry, failed, repeatable=repeatable, elapsed_seconds=elapsed) is None


def test_what_has_not_left_may_go_again_and_a_wait_that_is_asked_for_is_kept() -> None:
    unsent = failure(sent=False)
    assert POLICY.wait_before(1, unsent, repeatable=False, elapsed_seconds=0) is not None
    assert POLICY.wait_before(1, failure(wait=3), repeatable=True, elapsed_seconds=0) == 3

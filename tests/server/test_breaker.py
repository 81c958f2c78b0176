"""After some failures in a row nobody tries for a while, then one, and its luck is everybody's."""

from server.breaker import Breaker


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def _open() -> tuple[Breaker, _Clock]:
    clock = _Clock()
    breaker = Breaker(clock)
    opened = [breaker.failed(breaker.enter() or 0, "No route.") for _ in range(3)]
    assert opened == [False, False, True]
    return breaker, clock


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(_Clock())
    for _ in range(5):
        for _ in range(2):
            breaker.failed(breaker.enter() or 0, "No route.")
        breaker.succeeded()
    assert (breaker.state, breaker.enter()) == ("closed", 0)


def test_while_it_is_open_nobody_tries_and_everybody_is_told_for_how_long() -> None:
    breaker, _ = _open()
    assert (breaker.state, breaker.enter(), breaker.trouble) == ("open", None, "No route.")
    assert 0.9 <= breaker.wait_seconds <= 1.1


def test_then_one_tries_and_nobody_else_until_it_is_known() -> None:
    breaker, clock = _open()
    clock.now += 2
    ticket = breaker.enter()
    assert ticket
    assert (breaker.state, breaker.enter(), breaker.enter(early=True)) == ("half_open", None, None)
    assert breaker.wait_seconds > 0
    breaker.succeeded()
    assert (breaker.state, breaker.wait_seconds) == ("closed", 0)


def test_each_failed_trial_doubles_the_pause_up_to_half_a_minute() -> None:
    breaker, clock = _open()
    pauses = []
    for _ in range(8):
        clock.now += 40
        ticket = breaker.enter()
        assert ticket
        assert not breaker.failed(ticket, "Still none.")
        pauses.append(round(breaker.wait_seconds))
    assert pauses[0] == 2
    assert 26 <= pauses[-1] <= 33


def test_one_that_was_let_in_before_does_not_end_the_trial_of_another() -> None:
    breaker, clock = _open()
    clock.now += 2
    assert breaker.enter()
    breaker.failed(0, "An old attempt.")
    assert (breaker.state, breaker.enter()) == ("half_open", None)


def test_a_person_may_try_before_the_pause_is_over() -> None:
    breaker, _ = _open()
    assert breaker.enter(early=True)
    assert breaker.enter(early=True) is None

"""A session ends when nobody does anything, however the time passed, and is open for one person at a time."""

import threading
import time
from dataclasses import dataclass, field

import pytest

from desktop.clock import Clock, Moment
from desktop.people import LOCAL, Person
from desktop.session import Session
from shared.errors import SessionOver, StateTooNew

ANITA = Person(id="google-1", kind="google", name="Anita", email="anita@vmart.example")


class SetClock(Clock):
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = Moment(1_700_000_000.0, 5_000.0)

    def now(self) -> Moment:
        return self.moment

    def move(self, *, wall: float = 0, steady: float = 0) -> None:
        self.moment = Moment(self.moment.wall + wall, self.moment.steady + steady)


@dataclass
class Seat:
    person: Person
    log: list[str] = field(default_factory=list)

    def cut(self) -> None:
        self.log.append("cut")

    def close(self) -> None:
        self.log.append("close")


class World:
    """A session with the seats that it has opened."""

    def __init__(self, timeout_seconds: float = 3600, clock: Clock | None = None) -> None:
        self.clock = SetClock()
        self.seats: list[Seat] = []
        self.session: Session[Seat] = Session(self._open, timeout_seconds, clock or self.clock)

    def _open(self, person: Person) -> Seat:
        if person.id == "broken":
            raise StateTooNew("It was written by a newer version.")
        assert all("close" in seat.log for seat in self.seats), "two seats at once"
        self.seats.append(Seat(person))
        return self.seats[-1]

    @property
    def state(self) -> str:
        return self.session.news.state


def test_an_idle_session_is_locked_and_what_runs_goes_on() -> None:
    world = World()
    world.session.enter(LOCAL)
    seat, session_id = world.session.admit(None)
    world.clock.move(wall=3599, steady=3599)
    assert world.session.admit(session_id)[0] is seat
    world.clock.move(wall=1, steady=1)
    with pytest.raises(SessionOver, match="Nobody has used"):
        world.session.admit(session_id)
    assert (world.state, world.session.seat, seat.log) == ("locked", seat, ["cut"])
    assert not world.session.goes_on(session_id)


def test_only_what_the_person_does_keeps_it_open() -> None:
    world = World()
    world.session.enter(LOCAL)
    for _ in range(5):
        world.clock.move(wall=3000, steady=3000)
        world.session.act()
        assert world.state == "open"
    for _ in range(3):
        world.clock.move(wall=1300, steady=1300)
        _ = world.session.news
    assert world.state == "locked"
    world.session.act()  # too late
    assert world.state == "locked"


@pytest.mark.parametrize(
    ("passed", "state"),
    [
        ({"wall": 4000, "steady": 10}, "locked"),  # the machine slept
        ({"wall": -90_000, "steady": 4000}, "locked"),  # somebody set its clock back
        ({"wall": -90_000, "steady": 10}, "open"),
        ({"wall": 90_000, "steady": 10}, "locked"),  # set forward: asked once too often
    ],
    ids=["sleep", "back and idle", "back", "forward"],
)
def test_sleep_counts_and_a_clock_that_is_set_back_gives_nobody_more_time(
    passed: dict[str, float], state: str
) -> None:
    world = World()
    world.session.enter(LOCAL)
    world.clock.move(**passed)
    assert world.state == state


def test_the_same_person_finds_everything_as_it_was_under_another_session() -> None:
    world = World()
    world.session.enter(LOCAL)
    _, first = world.session.admit(None)
    world.session.lock("Locked.")
    world.session.enter(LOCAL)
    seat, second = world.session.admit(None)
    assert (len(world.seats), seat, first == second) == (1, world.seats[0], False)
    with pytest.raises(SessionOver, match="earlier session"):
        world.session.admit(first)


def test_somebody_else_gets_a_seat_of_their_own_after_the_other_has_ended() -> None:
    world = World()
    world.session.enter(LOCAL)
    _, first = world.session.admit(None)
    world.session.enter(ANITA)
    assert world.seats[0].log == ["cut", "close"]
    seat, second = world.session.admit(None)
    assert (seat.person, world.session.news.person) == (ANITA, ANITA)
    assert not world.session.goes_on(first)
    assert world.session.goes_on(second)
    world.session.leave("Signed out.")
    assert (world.state, world.session.seat, seat.log) == ("signed_out", None, ["cut", "close"])
    with pytest.raises(SessionOver, match="Signed out"):
        world.session.admit(second)


def test_a_person_whose_state_cannot_be_opened_leaves_nobody_signed_in() -> None:
    world = World()
    world.session.enter(LOCAL)
    with pytest.raises(StateTooNew):
        world.session.enter(Person(id="broken", kind="google"))
    assert (world.state, world.session.seat) == ("signed_out", None)
    world.session.enter(LOCAL)
    assert world.state == "open"


def test_without_a_timeout_it_stays_open() -> None:
    world = World(timeout_seconds=0)
    world.session.enter(LOCAL)
    world.clock.move(wall=10**8, steady=10**8)
    assert world.state == "open"


def test_many_who_come_at_once_come_one_after_the_other() -> None:
    world = World()
    people = [Person(id=f"google-{number}", kind="google") for number in range(8)]
    threads = [threading.Thread(target=world.session.enter, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("close" not in seat.log for seat in world.seats) == 1
    assert world.session.admit(None)[0].person == world.session.news.person


def test_by_the_real_clock_it_is_locked_though_nobody_asks() -> None:
    world = World(timeout_seconds=0.2, clock=Clock())
    world.session.watch()
    world.session.enter(LOCAL)
    deadline = time.monotonic() + 20
    while not world.seats[0].log:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert world.seats[0].log == ["cut"]
    world.session.close()
    assert world.seats[0].log == ["cut", "cut", "close"]

"""When timetables fall due, across months, zones and the days on which clocks are changed."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.store.tasks import Timetable
from desktop.tasks.timetable import check, describe, instant, latest_in, upcoming
from shared.errors import InvalidRequest

INDIA, BERLIN, NEW_YORK = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
START = datetime(2026, 11, 28, 6, 0, tzinfo=UTC)  # a Saturday, 11:30 in India


def names(timetable: Timetable, count: int, *, after: datetime = START, zone: ZoneInfo = INDIA) -> list[str]:
    return [found.name for found in islice(upcoming(timetable, after, zone, START), count)]


def test_a_daily_task_runs_at_its_time_by_the_wall() -> None:
    daily = Timetable(kind="daily", at="09:00")
    assert names(daily, 2) == ["2026-11-29T09:00", "2026-11-30T09:00"]
    assert next(upcoming(daily, START, INDIA, START)).at == datetime(2026, 11, 29, 3, 30, tzinfo=UTC)


def test_weekdays_leave_out_the_weekend() -> None:
    weekdays = Timetable(kind="weekly", at="09:00", days=[0, 1, 2, 3, 4])
    assert names(weekdays, 6)[:1] == ["2026-11-30T09:00"]
    assert [datetime.fromisoformat(name).weekday() for name in names(weekdays, 6)] == [0, 1, 2, 3, 4, 0]


def test_the_31st_is_the_last_day_of_shorter_months() -> None:
    last = Timetable(kind="monthly", at="18:00", day=31)
    assert [name[:10] for name in names(last, 5)] == [
        "2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31",
    ]  # fmt: skip


def test_the_29th_falls_on_the_28th_only_in_a_february_without_it() -> None:
    nine = Timetable(kind="monthly", at="18:00", day=29)
    january = datetime(2028, 1, 30, tzinfo=UTC)
    assert [name[:10] for name in names(nine, 2, after=january)] == ["2028-02-29", "2028-03-29"]


def test_an_interval_counts_from_its_start_whatever_the_clocks_do() -> None:
    every = Timetable(kind="interval", every_minutes=90)
    found = list(islice(upcoming(every, START + timedelta(minutes=1), BERLIN, START), 3))
    assert [each.at - START for each in found] == [timedelta(minutes=90 * n) for n in (1, 2, 3)]


def test_a_time_that_clocks_leave_out_means_the_first_moment_after_the_gap() -> None:
    gap = datetime.fromisoformat("2026-03-29T02:30")
    assert instant(gap, BERLIN) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    nightly = Timetable(kind="daily", at="02:30")
    found = list(islice(upcoming(nightly, datetime(2026, 3, 28, 12, tzinfo=UTC), BERLIN, START), 2))
    assert [each.at.astimezone(BERLIN).strftime("%d %H:%M") for each in found] == ["29 03:00", "30 02:30"]


def test_a_time_that_comes_twice_means_the_first_and_runs_once() -> None:
    nightly = Timetable(kind="daily", at="02:30")
    found = list(islice(upcoming(nightly, datetime(2026, 10, 24, 12, tzinfo=UTC), BERLIN, START), 2))
    assert [each.at for each in found] == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 26, 1, 30, tzinfo=UTC),
    ]


def test_a_day_that_an_island_skips_means_the_first_moment_of_the_next() -> None:
    samoa = ZoneInfo("Pacific/Apia")
    assert instant(datetime.fromisoformat("2011-12-30T09:00"), samoa) == datetime(
        2011, 12, 30, 10, tzinfo=UTC
    )


def test_the_last_of_several_missed_ones_is_found() -> None:
    daily = Timetable(kind="daily", at="21:00")
    missed = latest_in(daily, START - timedelta(days=5), START, INDIA, START - timedelta(days=30))
    assert missed is not None
    assert missed.name == "2026-11-27T21:00"
    assert latest_in(daily, missed.at, START, INDIA, START) is None


def test_a_fixed_zone_does_not_follow_the_person() -> None:
    fixed = Timetable(kind="daily", at="09:00", zone="America/New_York")
    assert next(upcoming(fixed, START, INDIA, START)).at == datetime(2026, 11, 28, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("timetable", "says"),
    [
        (Timetable(kind="daily", at="24:00"), "like 09:30"),
        (Timetable(kind="daily", at="9"), "like 09:30"),
        (Timetable(kind="weekly", days=[]), "at least one day"),
        (Timetable(kind="weekly", days=[7]), "at least one day"),
        (Timetable(kind="monthly", day=0), "1 to 31"),
        (Timetable(kind="interval", every_minutes=1), "every 5 minutes at most"),
        (Timetable(kind="daily", zone="Mars/Olympus"), "no time zone called"),
        (Timetable(kind="daily", zone="../../etc/passwd"), "no time zone called"),
    ],
)
def test_a_timetable_that_means_nothing_is_refused_in_a_sentence(timetable: Timetable, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        check(timetable)


@pytest.mark.parametrize(
    ("timetable", "words"),
    [
        (Timetable(kind="daily", at="07:30"), "Daily, 07:30"),
        (Timetable(kind="weekly", at="08:00", days=[0]), "Mondays, 08:00"),
        (Timetable(kind="weekly", at="08:00", days=[4, 0, 1, 2, 3]), "Weekdays, 08:00"),
        (Timetable(kind="weekly", at="08:00", days=[0, 2]), "Mon, Wed, 08:00"),
        (Timetable(kind="monthly", at="09:00", day=1), "1st of the month, 09:00"),
        (Timetable(kind="monthly", at="09:00", day=31), "Last day of the month, 09:00"),
        (Timetable(kind="interval", every_minutes=120), "Every 2 hours"),
    ],
)
def test_a_timetable_reads_as_a_person_says_it(timetable: Timetable, words: str) -> None:
    assert describe(timetable) == words


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from([INDIA, BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]),
    minute=st.integers(0, 24 * 60 - 1),
    day=st.integers(0, 800),
    kind=st.sampled_from(["daily", "weekly", "monthly"]),
)
def test_what_comes_next_is_later_in_order_and_found_again_as_missed(
    zone: ZoneInfo, minute: int, day: int, kind: str
) -> None:
    timetable = Timetable(kind=kind, at=f"{minute // 60:02}:{minute % 60:02}", days=[1, 5], day=30)  # type: ignore[arg-type]  # of the sampled ones
    after = START + timedelta(days=day, minutes=minute * 7 % 1440)
    found = list(islice(upcoming(timetable, after, zone, START), 3))
    assert after < found[0].at < found[1].at < found[2].at
    assert latest_in(timetable, after, found[1].at, zone, START) == found[1]
    assert latest_in(timetable, found[0].at, found[1].at - timedelta(seconds=1), zone, START) is None

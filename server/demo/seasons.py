"""How busy a store is on a day, in thousandths: weekdays, months, festivals with the regions they matter in.

Festival days follow the Government of India's calendar and, for Eid, the sighting in India.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from server.demo.dice import Ints
from server.demo.stores import Store

FIRST_DAY = date(2024, 4, 1)
LAST_DAY = date(2026, 3, 31)
DAYS = (LAST_DAY - FIRST_DAY).days + 1


class Festival(NamedTuple):
    """People buy for ``lead`` days up to the last of ``days``, most on the eve: ``peak`` thousandths on
    top of an ordinary day, times what ``where`` says of the zone, the state or the city (the narrowest
    counts; ``other`` elsewhere). On the day itself a store has ``open_part`` thousandths of its trade."""

    name: str
    days: tuple[str, ...]
    lead: int
    peak: int
    open_part: int
    where: dict[str, int]
    other: int = 1000


FESTIVALS = (
    Festival("Diwali", ("2024-11-01", "2025-10-20"), 20, 1500, 550, {"South": 700, "West Bengal": 500}),
    Festival(
        "Chhath",
        ("2024-11-07", "2025-10-27"),
        5,
        1300,
        500,
        {"Bihar": 1000, "Jharkhand": 900, "Ballia": 900, "Gorakhpur": 700, "Varanasi": 600, "Prayagraj": 350},
        0,
    ),
    Festival(
        "Durga Puja",
        ("2024-10-12", "2025-10-02"),
        16,
        1000,
        700,
        {"West Bengal": 1500, "Assam": 1100, "Odisha": 1000, "Jharkhand": 800, "Bihar": 700},
        150,
    ),
    Festival(
        "Eid al-Fitr",
        ("2024-04-11", "2025-03-31", "2026-03-21"),
        14,
        700,
        800,
        {"Uttar Pradesh": 1000, "Bihar": 1000, "West Bengal": 1100, "Assam": 900, "Telangana": 1100},
        450,
    ),
    Festival(
        "Eid al-Adha",
        ("2024-06-17", "2025-06-07"),
        8,
        350,
        850,
        {"Uttar Pradesh": 1000, "Bihar": 900, "West Bengal": 1000, "Telangana": 1000},
        400,
    ),
    Festival("Holi", ("2025-03-14", "2026-03-04"), 10, 650, 300, {"South": 150, "West": 500, "Assam": 500}),
    Festival("Raksha Bandhan", ("2024-08-19", "2025-08-09"), 7, 450, 900, {"South": 200, "East": 600}),
    Festival("Ganesh Chaturthi", ("2024-09-07", "2025-08-27"), 6, 500, 900, {"Maharashtra": 1000}, 0),
    Festival("Navratri", ("2024-10-11", "2025-10-01"), 12, 550, 1000, {"Gujarat": 1000}, 100),
    Festival("Bihu", ("2024-04-14", "2025-04-14"), 8, 700, 700, {"Assam": 1000}, 0),
    Festival(
        "Pongal", ("2025-01-14", "2026-01-14"), 8, 600, 800, {"Tamil Nadu": 1000, "Andhra Pradesh": 800}, 0
    ),
)

_WEEKDAY = (860, 820, 840, 870, 980, 1230, 1400)  # Monday first
_MONTH = (960, 1010, 980, 960, 900, 880, 1060, 1060, 1090, 1010, 930, 950)  # April first; festivals apart
_SALE_LIFT = 220
"""What an end-of-season sale adds to the lines of a day."""
_SALES = (("2024-07-05", "2024-08-11"), ("2025-01-04", "2025-02-09"), ("2025-07-04", "2025-08-10"))
_SALES_LATE = (("2026-01-03", "2026-02-08"),)


def day_of(day: date) -> int:
    """The number of a day, the first being 0."""
    return (day - FIRST_DAY).days


def days_between(first: date, last: date) -> slice:
    """Both ends included."""
    return slice(day_of(first), day_of(last) + 1)


def calendar() -> list[date]:
    return [FIRST_DAY + timedelta(days=n) for n in range(DAYS)]


def sale_days() -> Ints:
    """1 on the days of an end-of-season sale."""
    found = np.zeros(DAYS, dtype=np.int64)
    for first, last in (*_SALES, *_SALES_LATE):
        found[days_between(date.fromisoformat(first), date.fromisoformat(last))] = 1
    return found


def month_index() -> Ints:
    """0 to 23: which month of the two years a day lies in."""
    return np.array([(d.year - 2024) * 12 + d.month - 4 for d in calendar()], dtype=np.int64)


def ordinary_days() -> Ints:
    """Weekday, month, sale and slow growth of nine percent a year, for each day."""
    days = calendar()
    weekday = np.array([_WEEKDAY[d.weekday()] for d in days], dtype=np.int64)
    month = np.array([_MONTH[(d.month - 4) % 12] for d in days], dtype=np.int64)
    growth = 1000 + 90 * np.arange(DAYS, dtype=np.int64) // 365
    return weekday * month * (1000 + _SALE_LIFT * sale_days()) * growth // 10**9


def festival_lift(stores: Sequence[Store]) -> tuple[Ints, Ints]:
    """For store and day: thousandths that festivals add, and the part of its trade that remains on
    the festival itself and in the quiet days after it."""
    lift = np.zeros((len(stores), DAYS), dtype=np.int64)
    remains = np.full((len(stores), DAYS), 1000, dtype=np.int64)
    for festival in FESTIVALS:
        weight = np.array([_weight(festival, store) for store in stores], dtype=np.int64)
        for text in festival.days:
            on = day_of(date.fromisoformat(text))
            for before in range(1, festival.lead + 1):
                if 0 <= on - before < DAYS:
                    part = festival.peak * (festival.lead + 1 - before) // festival.lead
                    lift[:, on - before] += part * weight // 1000
            closed = np.minimum(weight, 1000)
            remains[:, on] = np.minimum(remains[:, on], 1000 - (1000 - festival.open_part) * closed // 1000)
            quiet = slice(on + 1, min(on + 4, DAYS))
            remains[:, quiet] = np.minimum(remains[:, quiet], (1000 - 170 * closed // 1000)[:, None])
    return lift, remains


def _weight(festival: Festival, store: Store) -> int:
    for place in (store.true_city, store.state, store.zone):
        if place in festival.where:
            return festival.where[place]
    return festival.other

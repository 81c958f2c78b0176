"""The stores of the demo: real cities, invented branches."""

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from server.demo import planted
from server.demo.dice import roll

ZONES = ("North", "East", "Central", "West", "South")


class Store(NamedTuple):
    """One row of ``stores``. ``true_city`` is the city even where the row has it wrong."""

    store_id: int
    name: str
    city: str
    state: str
    zone: str
    opened_on: date
    area_sqft: int | None
    true_city: str
    size: int


class _City(NamedTuple):
    zone: str
    state: str
    city: str
    stores: int
    new: tuple[str, ...] = ()
    """When the last stores of the city opened, if within the two years."""


_CITIES = (
    _City("North", "Delhi", "New Delhi", 4, ("2024-09-20",)),
    _City("North", "Haryana", "Gurugram", 1),
    _City("North", "Haryana", "Faridabad", 1),
    _City("North", "Haryana", "Rohtak", 1),
    _City("North", "Uttar Pradesh", "Lucknow", 4, ("2025-05-16",)),
    _City("North", "Uttar Pradesh", "Kanpur", 3),
    _City("North", "Uttar Pradesh", "Varanasi", 3, ("2024-06-14",)),
    _City("North", "Uttar Pradesh", "Prayagraj", 3),
    _City("North", "Uttar Pradesh", "Gorakhpur", 2),
    _City("North", "Uttar Pradesh", "Agra", 2),
    _City("North", "Uttar Pradesh", "Bareilly", 2, ("2025-09-05",)),
    _City("North", "Uttar Pradesh", "Aligarh", 1),
    _City("North", "Uttar Pradesh", "Moradabad", 1),
    _City("North", "Uttar Pradesh", "Jhansi", 1),
    _City("North", "Uttar Pradesh", "Ayodhya", 1, ("2024-10-03",)),
    _City("North", "Uttar Pradesh", "Meerut", 2),
    _City("North", "Uttar Pradesh", "Ghaziabad", 2),
    _City("North", "Uttar Pradesh", "Ballia", 1),
    _City("North", "Rajasthan", "Jaipur", 3),
    _City("North", "Rajasthan", "Jodhpur", 1),
    _City("North", "Rajasthan", "Kota", 1),
    _City("North", "Rajasthan", "Udaipur", 1, ("2025-02-07",)),
    _City("North", "Uttarakhand", "Dehradun", 2),
    _City("North", "Uttarakhand", "Haridwar", 1),
    _City("East", "Bihar", "Patna", 5, ("2024-08-09", "2025-08-14")),
    _City("East", "Bihar", "Gaya", 2),
    _City("East", "Bihar", "Muzaffarpur", 2),
    _City("East", "Bihar", "Bhagalpur", 2, ("2025-04-04",)),
    _City("East", "Bihar", "Darbhanga", 1),
    _City("East", "Bihar", "Purnia", 1),
    _City("East", "Bihar", "Begusarai", 1),
    _City("East", "Bihar", "Chapra", 1, ("2024-11-22",)),
    _City("East", "Jharkhand", "Ranchi", 3),
    _City("East", "Jharkhand", "Jamshedpur", 2),
    _City("East", "Jharkhand", "Dhanbad", 2),
    _City("East", "Jharkhand", "Bokaro", 1),
    _City("East", "Jharkhand", "Deoghar", 1, ("2025-10-03",)),
    _City("East", "West Bengal", "Kolkata", 3),
    _City("East", "West Bengal", "Siliguri", 1),
    _City("East", "West Bengal", "Asansol", 1),
    _City("East", "West Bengal", "Malda", 1),
    _City("East", "Odisha", "Bhubaneswar", 2),
    _City("East", "Odisha", "Cuttack", 1),
    _City("East", "Odisha", "Rourkela", 1),
    _City("East", "Assam", "Guwahati", 2, ("2025-01-10",)),
    _City("East", "Assam", "Silchar", 1),
    _City("East", "Assam", "Dibrugarh", 1),
    _City("Central", "Madhya Pradesh", "Indore", 3),
    _City("Central", "Madhya Pradesh", "Bhopal", 2),
    _City("Central", "Madhya Pradesh", "Jabalpur", 1),
    _City("Central", "Madhya Pradesh", "Gwalior", 1),
    _City("Central", "Madhya Pradesh", "Rewa", 1, ("2025-06-06",)),
    _City("Central", "Madhya Pradesh", "Sagar", 1),
    _City("Central", "Chhattisgarh", "Raipur", 2),
    _City("Central", "Chhattisgarh", "Bilaspur", 1),
    _City("Central", "Chhattisgarh", "Durg", 1),
    _City("West", "Gujarat", "Ahmedabad", 3),
    _City("West", "Gujarat", "Surat", 2),
    _City("West", "Gujarat", "Vadodara", 1),
    _City("West", "Gujarat", "Rajkot", 1),
    _City("West", "Maharashtra", "Pune", 2),
    _City("West", "Maharashtra", "Nagpur", 2),
    _City("West", "Maharashtra", "Nashik", 1),
    _City("South", "Karnataka", "Bengaluru", 3, ("2025-07-18",)),
    _City("South", "Karnataka", "Mysuru", 1),
    _City("South", "Karnataka", "Hubballi", 1),
    _City("South", "Telangana", "Hyderabad", 3, ("2024-12-13",)),
    _City("South", "Telangana", "Warangal", 1),
    _City("South", "Andhra Pradesh", "Vijayawada", 1),
    _City("South", "Andhra Pradesh", "Visakhapatnam", 1),
    _City("South", "Tamil Nadu", "Chennai", 1),
    _City("South", "Tamil Nadu", "Coimbatore", 1, ("2025-11-28",)),
)

_BRANCHES = ("Station Road", "Main Road", "Civil Lines", "Mall Road", "Sadar Bazaar")
_FIRST_BRANCH = {"Darbhanga": "Tower Chowk", "Silchar": "Main Road"}


def all_stores() -> list[Store]:
    """The 120 stores in the order of their ids."""
    found: list[Store] = []
    for place in _CITIES:
        for nth in range(place.stores):
            found.append(_store(len(found) + 1, place, nth))
    return found


def _store(store_id: int, place: _City, nth: int) -> Store:
    key = np.array([store_id])
    shift = 2 * (len(place.city) % 3) if place.stores > 1 else 0
    branch = _FIRST_BRANCH.get(place.city) or _BRANCHES[(nth + shift) % len(_BRANCHES)]
    name = f"V-Mart {place.city} {branch}"
    area = 6500 + 500 * int(roll(18, 10, key)[0])
    newest = nth - (place.stores - len(place.new))
    opened = (
        date.fromisoformat(place.new[newest])
        if newest >= 0
        else date(2009, 1, 1) + timedelta(days=int(roll(5400, 11, key)[0]))
    )
    return Store(
        store_id=store_id,
        name=name + (" " if name == planted.TRAILING_SPACE_STORE else ""),
        city=planted.OLD_CITY_NAME if name == planted.OLD_CITY_STORE else place.city,
        state=place.state,
        zone=place.zone,
        opened_on=opened,
        area_sqft=None if name in planted.AREA_MISSING_STORES else area,
        true_city=place.city,
        size=area // 12 + int(roll(450, 12, key)[0]),
    )

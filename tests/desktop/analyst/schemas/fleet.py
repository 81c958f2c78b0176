"""A haulier: reserved words and blanks in names, facts that share vehicles, bridges to drivers and orders."""

from datetime import date, datetime, timedelta

from tests.desktop.analyst.schemas.tables import Field, Table, choice, pick

NEWEST = date(2026, 6, 30)
_FIRST = date(2025, 1, 1)
_DAYS = (NEWEST - _FIRST).days + 1

_DEPOTS = (
    ("Ludhiana Yard", "Ludhiana", "North"),
    ("Nagpur Hub", "Nagpur", "Central"),
    ("Bhiwandi Hub", "Bhiwandi", "West"),
    ("Hosur Yard", "Hosur", "South"),
)
_CITIES = ("Delhi", "Nagpur", "Mumbai", "Chennai", "Kolkata", "Hyderabad", "Jaipur")
_MAKES = ("Tata", "Ashok Leyland", "Eicher", "BharatBenz")


def fleet() -> list[Table]:
    """The tables, parents first. A trip carries several orders, and may have two drivers."""
    plates = [f"MH{10 + n % 30:02d} AB {1000 + 37 * n}" for n in range(40)]
    orders = [_order(n) for n in range(1, 1501)]
    trips = [_trip(n, plates) for n in range(1, 801)]
    return [
        Table(
            "depots",
            ("depot_id",),
            (
                Field("depot_id", "INTEGER"),
                Field("depot", "VARCHAR(40)"),
                Field("city", "VARCHAR(40)"),
                Field("region", "VARCHAR(20)"),
            ),
            [(n + 1, *depot) for n, depot in enumerate(_DEPOTS)],
        ),
        Table(
            "vehicles",
            ("Reg No",),
            (
                Field("Reg No", "VARCHAR(16)"),
                Field("make", "VARCHAR(40)"),
                Field("type", "VARCHAR(20)"),
                Field("cap_t", "INTEGER"),
                Field("bought_on", "DATE"),
                Field("depot_id", "INTEGER", "depots.depot_id"),
            ),
            [
                (
                    plate,
                    choice(_MAKES, "make", n),
                    choice(("Truck", "Trailer", "Van"), "type", n),
                    (4, 9, 16, 25)[pick(4, "capacity", n)],
                    date(2017, 1, 1) + timedelta(days=pick(2900, "bought", n)),
                    1 + pick(4, "depot", n),
                )
                for n, plate in enumerate(plates)
            ],
        ),
        Table(
            "drivers",
            ("drv_id",),
            (
                Field("drv_id", "INTEGER"),
                Field("driver name", "VARCHAR(60)"),
                Field("lic_exp", "DATE"),
                Field("home_depot_id", "INTEGER", "depots.depot_id"),
            ),
            [
                (
                    n,
                    f"{choice(('Balwinder', 'Shankar', 'Murugan', 'Yusuf', 'Prakash'), 'first', n)} {n:02d}",
                    date(2026, 1, 1) + timedelta(days=pick(900, "licence", n)),
                    1 + pick(4, "home", n),
                )
                for n in range(1, 61)
            ],
        ),
        Table(
            "customers",
            ("cust_id",),
            (
                Field("cust_id", "INTEGER"),
                Field("cust_name", "VARCHAR(60)"),
                Field("segment", "VARCHAR(20)"),
                Field("city", "VARCHAR(40)"),
            ),
            [
                (
                    n,
                    f"{choice(('Sunrise', 'Himalaya', 'Coastal', 'Deccan'), 'firm', n)} Traders {n}",
                    choice(("Retail", "Pharma", "Auto", "FMCG"), "segment", n),
                    choice(_CITIES, "customer city", n),
                )
                for n in range(1, 51)
            ],
        ),
        Table(
            "order",
            ("order_id",),
            (
                Field("order_id", "INTEGER"),
                Field("cust_id", "INTEGER", "customers.cust_id"),
                Field("from", "VARCHAR(40)"),
                Field("to", "VARCHAR(40)"),
                Field("booked_on", "DATE"),
                Field("delivered_on", "DATE"),
                Field("wt_kg", "INTEGER"),
                Field("freight_amt", "DECIMAL(12,2)"),
                Field("status", "VARCHAR(12)"),
            ),
            list(orders),
        ),
        Table(
            "trips",
            ("trip_id",),
            (
                Field("trip_id", "INTEGER"),
                Field("Reg No", "VARCHAR(16)", "vehicles.Reg No"),
                Field("depart_ts", "TIMESTAMP"),
                Field("arrive_ts", "TIMESTAMP"),
                Field("km", "INTEGER"),
                Field("toll_amt", "DECIMAL(10,2)"),
            ),
            list(trips),
        ),
        Table(
            "trip_drivers",
            ("trip_id", "drv_id"),
            (
                Field("trip_id", "INTEGER", "trips.trip_id"),
                Field("drv_id", "INTEGER", "drivers.drv_id"),
                Field("role", "VARCHAR(10)"),
            ),
            [
                (trip, 1 + (pick(60, "driver", trip) + seat * 17) % 60, ("Main", "Relief")[seat])
                for trip in range(1, 801)
                for seat in range(1 + (pick(100, "two", trip) < 35))
            ],
        ),
        Table(
            "trip_orders",
            ("trip_id", "order_id"),
            (
                Field("trip_id", "INTEGER", "trips.trip_id"),
                Field("order_id", "INTEGER", "order.order_id"),
            ),
            [(1 + (order - 1) * 800 // 1500, order) for order in range(1, 1501)],
        ),
        Table(
            "fuel",
            ("fuel_id",),
            (
                Field("fuel_id", "INTEGER"),
                Field("Reg No", "VARCHAR(16)", "vehicles.Reg No"),
                Field("dt", "DATE"),
                Field("litres", "DECIMAL(8,1)"),
                Field("amount", "DECIMAL(12,2)"),
            ),
            [
                (
                    n,
                    plates[pick(40, "tank", n)],
                    _FIRST + timedelta(days=(n - 1) * (_DAYS - 1) // 1199),
                    f"{60 + pick(140, 'litres', n)}.0",
                    f"{(60 + pick(140, 'litres', n)) * (89 + pick(5, 'price', n))}.00",
                )
                for n in range(1, 1201)
            ],
        ),
        Table(
            "repairs",
            ("job_id",),
            (
                Field("job_id", "INTEGER"),
                Field("Reg No", "VARCHAR(16)", "vehicles.Reg No"),
                Field("opened", "DATE"),
                Field("closed", "DATE"),
                Field("kind", "VARCHAR(20)"),
                Field("amount", "DECIMAL(12,2)"),
            ),
            [_repair(n, plates) for n in range(1, 301)],
        ),
    ]


def _order(n: int) -> tuple[int, int, str, str, date, date | None, int, str, str]:
    day = _FIRST + timedelta(days=(n - 1) * (_DAYS - 1) // 1499)
    start = choice(_CITIES, "from", n)
    end = choice([city for city in _CITIES if city != start], "to", n)
    arrived = day + timedelta(days=1 + pick(9, "days", n))
    cancelled = pick(100, "cancelled", n) < 6
    late = arrived > NEWEST
    return (
        n,
        1 + pick(50, "customer", n),
        start,
        end,
        day,
        None if cancelled or late else arrived,
        200 + 50 * pick(150, "weight", n),
        f"{3000 + 25 * pick(1500, 'freight', n)}.50",
        "Cancelled" if cancelled else "In transit" if late else "Delivered",
    )


def _trip(n: int, plates: list[str]) -> tuple[int, str, datetime, datetime, int, str]:
    away = _FIRST + timedelta(days=(n - 1) * (_DAYS - 4) // 799)
    depart = datetime(away.year, away.month, away.day, 5 + pick(15, "hour", n), 30)  # noqa: DTZ001
    kilometres = 150 + pick(1400, "km", n)
    arrive = depart + timedelta(hours=4 + kilometres // 45)
    return n, plates[pick(40, "plate", n)], depart, arrive, kilometres, f"{90 + 5 * pick(300, 'toll', n)}.00"


def _repair(n: int, plates: list[str]) -> tuple[int, str, date, date | None, str, str]:
    opened = _FIRST + timedelta(days=(n - 1) * (_DAYS - 1) // 299)
    closed = opened + timedelta(days=pick(12, "workshop", n))
    return (
        n,
        plates[pick(40, "broken", n)],
        opened,
        closed if closed <= NEWEST else None,
        choice(("Service", "Tyres", "Engine", "Accident"), "kind", n),
        f"{1500 + 125 * pick(400, 'cost', n)}.00",
    )

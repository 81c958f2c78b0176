"""Festivals that India shops for, and their days. A fact of the calendar; what they do to trade is in
seasons.

Days follow the Government of India's calendar and, for Eid, the sighting in India; later years may move by
one."""

from server.insights.calendar import day_of

LEAD_DAYS, AFTER_DAYS = 21, 4
"""People shop before a festival, and stay at home after it."""

_DAYS = {
    "Diwali": "2021-11-04 2022-10-24 2023-11-12 2024-11-01 2025-10-20 2026-11-08 2027-10-29 2028-10-17",
    "Chhath": "2021-11-10 2022-10-30 2023-11-19 2024-11-07 2025-10-27 2026-11-15 2027-11-04 2028-10-23",
    "Durga Puja": "2021-10-15 2022-10-05 2023-10-24 2024-10-12 2025-10-02 2026-10-20 2027-10-09 2028-09-27",
    "Eid al-Fitr": "2021-05-14 2022-05-03 2023-04-22 2024-04-11 2025-03-31 2026-03-21 2027-03-10 2028-02-27",
    "Eid al-Adha": "2021-07-21 2022-07-10 2023-06-29 2024-06-17 2025-06-07 2026-05-27 2027-05-17 2028-05-05",
    "Holi": "2021-03-29 2022-03-18 2023-03-08 2024-03-25 2025-03-14 2026-03-04 2027-03-22 2028-03-11",
    "Raksha Bandhan": (
        "2021-08-22 2022-08-11 2023-08-30 2024-08-19 2025-08-09 2026-08-28 2027-08-17 2028-08-05"
    ),
    "Ganesh Chaturthi": (
        "2021-09-10 2022-08-31 2023-09-19 2024-09-07 2025-08-27 2026-09-14 2027-09-04 2028-08-23"
    ),
    "Pongal": "2021-01-14 2022-01-14 2023-01-15 2024-01-15 2025-01-14 2026-01-14 2027-01-15 2028-01-15",
    "Bihu": "2021-04-14 2022-04-14 2023-04-14 2024-04-14 2025-04-14 2026-04-14 2027-04-14 2028-04-14",
    "Christmas": "2021-12-25 2022-12-25 2023-12-25 2024-12-25 2025-12-25 2026-12-25 2027-12-25 2028-12-25",
}
FESTIVALS: dict[str, tuple[int, ...]] = {
    name: tuple(day_of(text) for text in days.split()) for name, days in _DAYS.items()
}
"""Days since 1970, by name."""

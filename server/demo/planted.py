"""What is planted in the demo data for an insight to find, and the few values that are dirty.

docs/demo-data.md tells it to people, with a query that shows each.
"""

from datetime import date
from typing import NamedTuple


class Span(NamedTuple):
    """Days, both ends included."""

    first: date
    last: date


FLOOD_STORE = "V-Mart Darbhanga Tower Chowk"
FLOOD = Span(date(2024, 9, 28), date(2024, 10, 6))
"""The store was shut: no sale at all."""

REPEATED_STORE = "V-Mart Kanpur Main Road"
REPEATED_DAY = date(2025, 6, 18)
REPEATED_TIMES = 3
"""A till error posted each line of the day three times."""

UPI_OUTAGE = Span(date(2025, 4, 12), date(2025, 4, 13))
"""No UPI payment in any store; some customers left."""
UPI_OUTAGE_LOST = 80  # thousandths of the lines

LEAK_CITY, LEAK_DEPARTMENT = "Indore", "Men"
LEAK = Span(date(2025, 9, 1), date(2025, 9, 30))
LEAK_PERCENT = 25
"""An offer that had ended went on being given at the tills of one city."""

RETURNS_CATEGORY = "Women's footwear"
RETURNS = Span(date(2026, 1, 5), date(2026, 2, 28))
RETURNS_RATE = 150  # thousandths of the lines; the others have about 28
"""A bad batch: the soles came off."""

DECLINE_ZONE = "West"
DECLINE = Span(date(2025, 10, 1), date(2026, 3, 31))
DECLINE_AT_END = 260  # thousandths of the lines, reached in even steps

STOCK_OUT_ZONE, STOCK_OUT_CATEGORY = "East", "Kids' winterwear"
STOCK_OUT = Span(date(2025, 12, 8), date(2025, 12, 28))
"""Nothing on the shelf in three of the best weeks: no sale, stock zero, orders open."""

BULK_STORE, BULK_CATEGORY = "V-Mart Ranchi Station Road", "School uniforms"
BULK_DAY = date(2025, 6, 27)
BULK_QUANTITY = 480
"""A school bought its uniforms in one line."""

PAYMENT_MISSING = 2  # thousandths of the lines have no payment mode
OLD_CITY_STORE, OLD_CITY_NAME = "V-Mart Prayagraj Civil Lines", "Allahabad"
"""Entered under the city's former name."""
TRAILING_SPACE_STORE = "V-Mart Agra Civil Lines"
"""Its name ends in a blank."""
AREA_MISSING_STORES = ("V-Mart Ballia Station Road", "V-Mart Silchar Main Road")
UNBRANDED_EVERY = 150
"""Each so-many-th product has no brand."""
NEVER_SOLD_EVERY = 100
"""Each so-many-th product was listed and never sold."""
